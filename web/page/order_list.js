// The orders, newest first: filtered, in pages, with live updates.
import { get } from "./api.js";
import { customerLink, errorState, fill, h, orderLink, section, skeleton } from "./dom.js";
import { exportButton } from "./export.js";
import { handle } from "./faults.js";
import { count, labelled, time } from "./format.js";
import { money } from "./money.js";
import { keepInAddress } from "./router.js";
import { selection } from "./selection.js";
import { STATUSES, badge, paymentWord, statusBadge } from "./status.js";
import { table } from "./table.js";

const PAGE = 50;
const MOST_AT_ONCE = 200; // the API's limit, and what is looked at again when something changes
const REFRESH = 500; // milliseconds

export const ORDER_COLUMNS = [
  { label: "Order", cell: ({ orderId }) => orderLink(orderId) },
  { label: "Status", cell: (row) => h("span", { class: "badges" }, statusBadge(row.status), row.holdReason && badge("held", "on hold", "held"), row.waitsUntil && badge("held", "payment failed", "held")) },
  { label: "Customer", cell: ({ customerId }) => customerLink(customerId) },
  { label: "Total", number: true, cell: ({ total, currency }) => money(total, currency) },
  { label: "Payment", cell: (row) => payment(row) },
  { label: "Units", number: true, cell: ({ units }) => count(units) },
  { label: "Placed", cell: ({ placedAt }) => time(placedAt) },
  { label: "Last change", cell: ({ updatedAt }) => time(updatedAt) },
];

function payment({ paymentState, amountRefunded, currency }) {
  if (paymentState === "paid" && amountRefunded) return `${paymentWord(paymentState, amountRefunded)}, ${money(amountRefunded, currency)} back`;
  return h("span", { class: paymentState === "none" && "dim" }, paymentWord(paymentState, amountRefunded));
}

/** query: the filters in the address. `changed(event)`: called for each change of an order. */
export function orderList(scope, query) {
  const picked = selection(() => filters.values(), scope, () => refresh());
  const rows = table("Orders", picked.columns(ORDER_COLUMNS), ({ orderId }) => orderId, () => emptyText(filters));
  const older = h("button", { type: "button", hidden: true, onclick: () => showOlder() }, "Older orders");
  const place = h("div", {}, skeleton(8));
  const filters = filterForm(query, () => restart());
  const element = section("Orders", { extra: filters.element, class: "orders" }, picked.element, place, h("div", { class: "more" }, older, exportButton(filters.values, scope)));
  let shown = [];
  let after = null;
  let generation = 0;

  const read = (more) => get("/v1/orders", { ...filters.values(), ...more }, scope.signal);

  function show(orders, next) {
    shown = orders;
    after = next;
    older.hidden = after === null;
    rows.update(shown);
    picked.update(shown.map(({ orderId }) => orderId));
    if (place.firstElementChild !== rows.element) fill(place, rows.element);
  }

  /** Reloads the visible rows, up to the largest page; older rows are kept current by the stream. */
  async function refreshNow() {
    const mine = generation;
    try {
      const found = await read({ limit: Math.min(Math.max(shown.length, PAGE), MOST_AT_ONCE) });
      if (mine !== generation) return refresh();
      const rest = found.after === null ? [] : shownAfter(found.orders);
      show([...found.orders, ...rest], rest.length ? after : found.after);
    } catch (error) {
      handle(error, scope, (problem) => shown.length || fill(place, errorState(problem, refresh)));
    }
  }

  function shownAfter(orders) {
    const read = new Set(orders.map(({ orderId }) => orderId));
    const last = shown.findIndex(({ orderId }) => orderId === orders.at(-1).orderId);
    return last < 0 ? [] : shown.slice(last + 1).filter(({ orderId }) => !read.has(orderId));
  }

  const refresh = scope.throttled(REFRESH, refreshNow);

  async function restart() {
    generation += 1;
    picked.clear();
    shown = [];
    fill(place, skeleton(8));
    refresh();
  }

  async function showOlder() {
    const mine = generation;
    older.disabled = true;
    try {
      const found = await read({ limit: PAGE, after });
      const known = new Set(shown.map(({ orderId }) => orderId));
      if (mine === generation) show([...shown, ...found.orders.filter(({ orderId }) => !known.has(orderId))], found.after);
    } catch (error) {
      handle(error, scope, (problem) => fill(place, rows.element, errorState(problem, showOlder)));
    } finally {
      older.disabled = false;
    }
  }

  function changed({ orderId, status }) {
    const wanted = filters.values().status;
    shown = shown
      .map((row) => (row.orderId === orderId ? { ...row, status } : row))
      .filter((row) => row.orderId !== orderId || !wanted || wanted === status);
    refresh();
  }

  return { element, refresh, changed };
}

function emptyText(filters) {
  const filtered = Object.values(filters.values()).some(Boolean);
  return filtered ? ["No matching orders", "Change or clear the filters."] : ["No orders yet", "An order shows here as soon as it is placed."];
}

function filterForm(query, changed) {
  const status = h("select", { id: "filter-status" }, h("option", { value: "" }, "any status"), STATUSES.map((each) => h("option", { value: each }, each)));
  const customer = h("input", { id: "filter-customer", maxlength: "128", spellcheck: "false", autocomplete: "off", placeholder: "any" });
  const from = h("input", { id: "filter-from", type: "datetime-local" });
  const to = h("input", { id: "filter-to", type: "datetime-local" });
  const clear = h("button", { type: "button", class: "quiet", onclick: () => reset() }, "Clear");
  const fields = { status, customer, from, to };
  for (const [name, field] of Object.entries(fields)) field.value = query.get(name) ?? "";

  const values = () => ({
    status: status.value,
    customerId: customer.value.trim(),
    placedFrom: moment(from.value),
    placedTo: moment(to.value),
  });
  const apply = () => {
    keepInAddress("/", { status: status.value, customer: customer.value.trim(), from: from.value, to: to.value });
    clear.hidden = !Object.values(values()).some(Boolean);
    changed();
  };
  const reset = () => {
    for (const field of Object.values(fields)) field.value = "";
    apply();
    status.focus();
  };
  clear.hidden = !Object.values(values()).some(Boolean);
  const element = h(
    "form",
    { class: "filters", "aria-label": "Filter the orders", onsubmit: (event) => (event.preventDefault(), apply()), onchange: apply },
    labelled("Status", status),
    labelled("Customer", customer),
    labelled("Placed from", from),
    labelled("to", to),
    clear,
  );
  return { element, values };
}

/** The field holds local time, the API takes UTC. */
function moment(local) {
  const at = new Date(local);
  return local && !Number.isNaN(at.getTime()) ? at.toISOString() : "";
}
