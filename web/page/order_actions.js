// What a person may do to an order, and the question that is asked before.
import { ask } from "./dialog.js";
import { h, external, toast } from "./dom.js";
import { inputFault } from "./faults.js";
import { money, toMajor, toMinor } from "./money.js";
import { refundable } from "./order_facts.js";
import { refundsOf, restockQuestion } from "./order_restock.js";
import { reasonField } from "./question.js";
import { may } from "./session.js";

const LOST = ["failed", "terminated", "canceled", "timed out"];

// The sentences of the API's answer.
const HELD_EFFECT = "it is on hold: it continues when it is released";
const RETRY_EFFECTS = {
  placed: "it continues with the check of the stock",
  confirmed: "it continues with the charge, unless that was made",
  paid: "it continues with its goods and its label; it is not charged again",
  shipped: "messages about its shipment that are missing are published, and refunds that are owed are made",
  cancelled: "it stays cancelled: what is left of its charge, its label and its reserved goods is undone",
};

const isOpen = ({ status }) => ["placed", "confirmed", "paid"].includes(status);

const ACTIONS = [
  { name: "Release", role: "operate", fits: (order) => isOpen(order) && order.hold, question: releaseQuestion },
  { name: "Hold", role: "operate", fits: (order) => isOpen(order) && !order.hold, question: holdQuestion },
  { name: "Retry", role: "operate", fits: mayNeedRetry, question: retryQuestion },
  { name: "Refund", role: "operate", fits: (order) => order.status === "shipped" && refundable(order) > 0n, question: refundQuestion },
  { name: "Restock", role: "operate", fits: (order) => order.status === "shipped" && refundsOf(order).length > 0, question: restockQuestion },
  { name: "Close a refund", role: "operate", fits: (order) => closable(order).length > 0, question: closeQuestion },
  { name: "Cancel order", role: "write", fits: isOpen, question: cancelQuestion, danger: true },
];

/** Refunds that a person may close: those requested, and that of a cancelled order. */
function closable(order) {
  if (order.status === "cancelled") {
    return order.paymentState === "paid" && !order.closedRefunds.length ? [{ refundId: "cancellation", amount: order.payment.amount }] : [];
  }
  return order.refunds.filter(({ made, outcome }) => !made && !outcome);
}

/** Work may be pending without a workflow. An extra retry is harmless, a missing one leaves the order stalled. */
function mayNeedRetry(order, workflows) {
  const owed = order.status === "cancelled" ? order.paymentState === "paid" && !order.closedRefunds.length : order.refunds.some(({ made, outcome }) => !made && !outcome);
  return isOpen(order) || owed || (workflows ?? []).some(({ status }) => LOST.includes(status));
}

let open = null; // the order of the open dialog, and how to revise the dialog

/** Asks for confirmation of an action, on the version of the order that is shown. */
function askFor(action, order, workflows, done) {
  const about = (present) => ({ version: present.version, isOrder: true, ...action.question(present, done) });
  const again = (present) => (action.fits(present, workflows) ? about(present) : null);
  open = { orderId: order.orderId, revise: ask({ ...about(order), again }) };
}

/** Rebuilds the open dialog where it was built from another version of the order. */
export function reviseDialog(order) {
  if (open?.orderId === order.orderId) open.revise(order);
}

/** Buttons of the possible actions; disabled where the role does not allow one. */
export function actionBar(order, workflows, done) {
  const possible = ACTIONS.filter(({ fits }) => fits(order, workflows));
  const refused = possible.filter(({ role }) => !may(role));
  const buttons = possible.map((action) => {
    const { name, role, danger } = action;
    const onclick = () => askFor(action, order, workflows, done);
    return h("button", { type: "button", class: danger ? "danger-quiet" : null, disabled: !may(role), title: may(role) ? null : `Needs the role ${role}`, onclick }, name);
  });
  const note = refused.length > 0 && h("p", { class: "hint" }, `${refused.map(({ name }) => name).join(", ")}: not with your role.`);
  return [h("div", { class: "actions", role: "group", "aria-label": "Actions" }, buttons), note];
}

const pathOf = (order, action) => `/v1/orders/${encodeURIComponent(order.orderId)}/${action}`;

const orderReason = () => reasonField("Kept in the order's timeline with your name.");

const paragraph = (...text) => h("p", {}, text);

function after(order, words, done) {
  return ({ changed }) => {
    toast(changed ? words : "Nothing changed: the order was in that state already.");
    done();
  };
}

function holdQuestion(order, done) {
  const reason = orderReason();
  return {
    title: "Hold this order",
    path: pathOf(order, "hold"),
    fields: [reason],
    body: () => ({ reason: reason.read() }),
    explain: () => paragraph("Order ", external(order.orderId), " takes no further step until it is released or cancelled. A gateway call in progress is completed and recorded."),
    confirm: "Hold",
    done: after(order, "The order is on hold.", done),
  };
}

function releaseQuestion(order, done) {
  return {
    title: "Release this order",
    path: pathOf(order, "release"),
    explain: () => paragraph("Order ", external(order.orderId), ` goes on from “${order.status}”.`),
    confirm: "Release",
    done: after(order, "The order goes on.", done),
  };
}

const choiceField = (label, hint) => ({ label, hint, element: h("input", { autocomplete: "off", spellcheck: "false", maxlength: "512" }) });

const chosen = (name, { element }) => (element.value.trim() ? { [name]: element.value.trim() } : {});

function retryQuestion(order, done) {
  const reason = orderReason();
  const carrier = choiceField("Carrier of the label", "Optional: where the label was refused, the refusal names the carriers and services that are offered.");
  const service = choiceField("Service of the carrier");
  return {
    title: "Retry this order",
    path: pathOf(order, "retry"),
    fields: isOpen(order) ? [reason, carrier, service] : [reason],
    body: () => ({ reason: reason.read(), ...chosen("carrier", carrier), ...chosen("service", service) }),
    explain: () => paragraph("Order ", external(order.orderId), ` is ${order.status}: ${order.hold ? HELD_EFFECT : RETRY_EFFECTS[order.status]}. Completed steps are not repeated.`),
    confirm: "Retry",
    done: ({ effect }) => (toast(`The order is retried: ${effect}.`), done()),
  };
}

function cancelQuestion(order, done) {
  const reason = orderReason();
  const by = h("select", {}, h("option", { value: "operator" }, "the shop"), h("option", { value: "customer" }, "the customer"));
  const back = order.payment ? `The ${money(order.payment.amount, order.currency)} that was charged goes back to the customer` : "A charge in progress goes back to the customer";
  return {
    title: "Cancel this order",
    path: pathOf(order, "cancel"),
    fields: [reason, { label: "Who wants it", element: by }],
    body: () => ({ reason: reason.read(), by: by.value }),
    explain: () => paragraph("Order ", external(order.orderId), ` ends for good. ${back}, reserved goods go back into stock, and a label is voided. This cannot be undone.`),
    confirm: "Cancel the order",
    danger: true,
    done: after(order, "The order is cancelled; its completed steps are being undone.", done),
  };
}

function refundQuestion(order, done) {
  const { currency } = order;
  const most = refundable(order);
  const amount = h("input", { inputmode: "decimal", autocomplete: "off", spellcheck: "false", required: true, value: toMajor(most, currency) });
  const reason = orderReason();
  const read = () => {
    const minor = toMinor(amount.value, currency);
    if (minor < 1n) throw new RangeError("The amount must be greater than zero.");
    if (minor > most) throw new RangeError(`At most ${money(most, currency)} may be refunded.`);
    return minor;
  };
  return {
    title: "Refund",
    path: pathOf(order, "refunds"),
    fields: [{ label: `Amount in ${currency}`, element: amount, hint: `At most ${money(most, currency)}. Written with a point, as in ${toMajor(most, currency)}.` }, reason],
    body: () => ({ amount: read(), reason: reason.read() }),
    explain: () => paragraph(refundWords(order, read, most)),
    confirm: "Refund",
    danger: true,
    done: after(order, "The refund is in progress.", done),
  };
}

function closeQuestion(order, done) {
  const refunds = closable(order);
  const refund = h("select", {}, refunds.map(({ refundId, amount }) => h("option", { value: refundId }, `${money(amount, order.currency)} (${refundId})`)));
  const how = h("select", {}, h("option", { value: "settle" }, "the money was returned in another way"), order.status === "shipped" && h("option", { value: "withdraw" }, "it is not to be made"));
  const reason = orderReason();
  return {
    title: "Close a refund",
    path: () => pathOf(order, `refunds/${encodeURIComponent(refund.value)}/${how.value}`),
    fields: [{ label: "Refund", element: refund }, { label: "Why it is closed", element: how }, reason],
    body: () => ({ reason: reason.read() }),
    explain: () => paragraph("The payment provider does not make this refund: nothing is returned by order ", external(order.orderId), " for it any more. A refund that the provider has made, or may still make, stays as it is."),
    confirm: "Close the refund",
    danger: true,
    done: after(order, "The refund is closed.", done),
  };
}

function refundWords({ orderId, customerId, currency }, read, most) {
  try {
    const minor = read();
    return [`${money(minor, currency)} of order `, external(orderId), " goes back to customer ", external(customerId), `, ${money(most - minor, currency)} stays. This cannot be undone.`];
  } catch (error) {
    return inputFault(error);
  }
}
