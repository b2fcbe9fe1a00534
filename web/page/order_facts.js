// The facts of an order: items, money, reservation, shipment.
import { customerLink, h, icon, external } from "./dom.js";
import { count, plural, time } from "./format.js";
import { money, sum } from "./money.js";
import { badge } from "./status.js";
import { foldedTable } from "./table.js";

const SHORTAGES = 8;
const PATH = ["placed", "confirmed", "paid", "shipped"];

/** The order's steps with their times; of a cancelled order up to its last one. */
export function steps({ status }, events) {
  const reached = new Map(events.map((event) => [event.type.replace("order.", ""), event.recordedAt]));
  const way = status === "cancelled" ? [...PATH.filter((step) => reached.has(step)), "cancelled"] : PATH;
  const next = status === "cancelled" ? null : PATH[PATH.indexOf(status) + 1];
  const step = (name) =>
    h(
      "li",
      { "data-tone": reached.has(name) ? name : "none", "data-state": reached.has(name) ? "done" : name === next ? "next" : "later", "aria-current": name === status && "step" },
      icon(reached.has(name) ? name : "todo"),
      h("span", { class: "step-name" }, name),
      h("span", { class: "step-time" }, reached.has(name) ? time(reached.get(name)) : name === next ? "next" : ""),
    );
  return h("ol", { class: "steps", "aria-label": "Steps of the order" }, way.map(step));
}

export function cancellationNote({ cancellation }) {
  if (!cancellation) return null;
  const { reason, cancelledBy, shortages } = cancellation;
  const short = shortages.map(({ sku, requested, available }) =>
    h("li", {}, external(sku), `: ${count(available)} of ${count(requested)} available`),
  );
  return h(
    "div",
    { class: "banner", "data-tone": "cancelled" },
    icon("cancelled"),
    h("div", { class: "long" }, h("strong", {}, "Cancelled: "), external(reason), `, by ${cancelledBy}`, shortageList(short)),
  );
}

/** The first few; the others unfold. */
function shortageList(short) {
  const rest = short.splice(SHORTAGES);
  return [
    short.length > 0 && h("ul", {}, short),
    rest.length > 0 && h("details", {}, h("summary", {}, `${count(rest.length)} more ${rest.length === 1 ? "SKU" : "SKUs"}`), h("ul", {}, rest)),
  ];
}

export function itemTable({ items, currency, adjustments, total }) {
  const columns = [
    { label: "SKU", cell: ({ sku }) => h("span", { class: "id" }, external(sku)) },
    { label: "Name", cell: ({ name }) => h("span", { class: "long" }, external(name)) },
    { label: "Quantity", number: true, cell: ({ quantity }) => count(quantity) },
    { label: "Unit price", number: true, cell: ({ unitPrice }) => money(unitPrice, currency) },
    { label: "Amount", number: true, cell: ({ quantity, unitPrice }) => money(BigInt(quantity) * BigInt(unitPrice), currency) },
  ];
  const rows = items.map((item, line) => ({ ...item, line }));
  return [foldedTable("Items", columns, ({ line }) => line, rows, "lines"), totals({ items, currency, adjustments, total })];
}

function totals({ items, currency, adjustments, total }) {
  const goods = sum(items.map(({ quantity, unitPrice }) => BigInt(quantity) * BigInt(unitPrice)));
  const { shipping = 0, tax = 0, discount = 0 } = adjustments ?? {};
  const lines = [
    ["Goods", goods],
    ["Shipping", shipping],
    ["Tax", tax],
    ["Discount", -BigInt(discount)],
  ].filter(([name, amount]) => name === "Goods" || BigInt(amount) !== 0n);
  return h(
    "dl",
    { class: "sums" },
    lines.length > 1 && lines.map(([name, amount]) => h("div", {}, h("dt", {}, name), h("dd", {}, money(amount, currency)))),
    h("div", { class: "total" }, h("dt", {}, "Total"), h("dd", {}, money(total, currency))),
  );
}

/** The amount of a shipped order that is neither returned nor requested nor settled in another way, in minor units. */
export function refundable({ payment, refunds, paymentAdjustments }) {
  if (!payment) return 0n;
  const used = refunds.filter(({ made, outcome }) => made || !["refused", "withdrawn"].includes(outcome));
  const left = BigInt(payment.amount) - sum(used.map(({ amount }) => amount)) - returnedAtProvider(paymentAdjustments);
  return left > 0n ? left : 0n;
}

const returnedAtProvider = (adjustments) => sum(adjustments.map(({ returned }) => returned));

export function moneyFacts(order) {
  const { currency, payment, refund, refunds, status, owed, total } = order;
  const given = refund ? BigInt(refund.amount) : sum(refunds.filter(({ made }) => made).map(({ amount }) => amount));
  const settled = sum(order.closedRefunds.filter(({ outcome }) => outcome === "settled_elsewhere").map(({ amount }) => amount));
  const pending = order.pendingPayment;
  return facts([
    ["Order total", money(total, currency)],
    ["Paid", payment ? money(payment.amount, currency) : h("span", { class: "dim" }, "nothing recorded"), payment?.paymentId],
    pending && ["Pending", money(pending.amount, currency), pending.paymentId],
    order.paymentMethod && ["Payment method", h("span", { class: "id dim" }, external(order.paymentMethod))],
    settled && ["Returned in another way", money(settled, currency)],
    ["Refunded", given ? money(given, currency) : h("span", { class: "dim" }, owed > 0 ? "in progress" : "nothing"), given ? refund?.refundId : null],
    owed > 0 && ["Owed to the customer", money(owed, currency)],
    order.paymentAdjustments.length > 0 && ["Returned at the provider", money(returnedAtProvider(order.paymentAdjustments), currency)],
    status === "shipped" && ["Refundable", money(refundable(order), currency)],
  ]);
}

export function refundTable({ refunds, currency }) {
  if (!refunds.length) return null;
  const columns = [
    { label: "Refund", cell: refundBadge },
    { label: "Amount", number: true, cell: ({ amount }) => money(amount, currency) },
    { label: "Reason", cell: ({ reason }) => h("span", { class: "long" }, external(reason)) },
  ];
  return foldedTable("Refunds", columns, ({ refundId }) => refundId, refunds, "refunds");
}

function refundBadge({ made, outcome }) {
  if (outcome) return badge(outcome === "refused" ? "failing" : "check", outcome.replace("_", " "), outcome === "refused" ? "bad" : "none");
  return made ? badge("check", "made", "good") : badge("running", "requested", "busy");
}

const CHANGES = { refunded: "refunded", captured: "captured in part", released: "authorisation released", disputed: "disputed", dispute_won: "dispute won", dispute_lost: "dispute lost" };

/** Changes of the payment that were made at the provider. */
export function adjustmentTable({ paymentAdjustments, currency }) {
  if (!paymentAdjustments.length) return null;
  const columns = [
    { label: "At the provider", cell: ({ action }) => badge(action.startsWith("dispute") ? "failing" : "held", CHANGES[action] ?? action, "held") },
    { label: "Amount", number: true, cell: ({ amount }) => money(amount, currency) },
    { label: "Reference", cell: ({ reference }) => h("span", { class: "id dim" }, external(reference)) },
    { label: "Reason", cell: ({ reason }) => h("span", { class: "long" }, external(reason ?? "–")) },
  ];
  return foldedTable("Changes at the provider", columns, ({ action, reference }) => [action, reference].join("\n"), paymentAdjustments, "changes");
}

export function goodsFacts({ items, shipment, status, payment }, workflows) {
  const units = plural(items.reduce((total, { quantity }) => total + quantity, 0), "unit");
  return facts([
    ["Reserved", reservation(status, payment, units, workflows)],
    ["Shipped", shipment ? [`by `, external(shipment.carrier)] : h("span", { class: "dim" }, status === "cancelled" ? "no" : "not yet")],
    shipment && ["Tracking number", h("span", { class: "id" }, external(shipment.trackingNumber))],
    shipment && ["Shipment", h("span", { class: "id dim" }, external(shipment.shipmentId))],
  ]);
}

/** The stream does not record reservations: they follow from the state of the order and its fulfillment. */
function reservation(status, payment, units, workflows) {
  const fulfilling = workflows?.some(({ type, status: state }) => type === "fulfill-order" && state === "running");
  if (status === "shipped") return `${units}, shipped`;
  if (status === "cancelled") return fulfilling ? `${units}, being given back` : "nothing, or given back";
  return payment ? `${units}, reserved or about to be` : h("span", { class: "dim" }, "not before the charge");
}

export function addressFacts({ customerId, shippingAddress: to }) {
  const lines = [to.name, to.line1, to.line2, [to.postalCode, to.city].filter(Boolean).join(" "), to.region, to.country, to.phone];
  return [
    h("address", {}, lines.filter(Boolean).map((line) => h("div", { class: "long" }, external(line)))),
    facts([["Customer", customerLink(customerId)]]),
  ];
}

/** rows: name, value, and an id that stands on a line of its own. */
export function facts(rows) {
  const line = ([name, value, id]) => h("div", {}, h("dt", {}, name), h("dd", {}, value), id && h("dd", { class: "id dim" }, external(id)));
  return h("dl", { class: "facts" }, rows.filter(Boolean).map(line));
}
