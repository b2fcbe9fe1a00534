// What a person may do to an order, and the question that is asked before.
import { ask } from "./dialog.js";
import { h, external, toast } from "./dom.js";
import { money, toMajor, toMinor } from "./money.js";
import { refundable } from "./order_facts.js";
import { may } from "./session.js";

const LONGEST_REASON = 512;
const LOST = ["failed", "terminated", "canceled", "timed out"];

const isOpen = ({ status }) => ["placed", "confirmed", "paid"].includes(status);

const ACTIONS = [
  { name: "Release", role: "operate", fits: (order) => isOpen(order) && order.hold, ask: askRelease },
  { name: "Hold", role: "operate", fits: (order) => isOpen(order) && !order.hold, ask: askHold },
  { name: "Retry", role: "operate", fits: mayNeedRetry, ask: askRetry },
  { name: "Refund", role: "operate", fits: (order) => order.status === "shipped" && refundable(order) > 0n, ask: askRefund },
  { name: "Close a refund", role: "operate", fits: (order) => closable(order).length > 0, ask: askClose },
  { name: "Cancel order", role: "write", fits: isOpen, ask: askCancel, danger: true },
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

/** Buttons of the possible actions; disabled where the role does not allow one. */
export function actionBar(order, workflows, done) {
  const possible = ACTIONS.filter(({ fits }) => fits(order, workflows));
  const refused = possible.filter(({ role }) => !may(role));
  const buttons = possible.map(({ name, role, ask: open, danger }) =>
    h("button", { type: "button", class: danger ? "danger-quiet" : null, disabled: !may(role), title: may(role) ? null : `Needs the role ${role}`, onclick: () => open(order, done) }, name),
  );
  const note = refused.length > 0 && h("p", { class: "hint" }, `${refused.map(({ name }) => name).join(", ")}: not with your role.`);
  return [h("div", { class: "actions", role: "group", "aria-label": "Actions" }, buttons), note];
}

const pathOf = (order, action) => `/v1/orders/${encodeURIComponent(order.orderId)}/${action}`;

function reasonField(label = "Reason") {
  const element = h("textarea", { rows: "2", maxlength: String(LONGEST_REASON), required: true });
  const read = () => {
    const reason = element.value.trim();
    if (!reason) throw new RangeError("Enter a reason: it is kept with the order.");
    return reason;
  };
  return { label, element, hint: "Kept in the order's timeline with your name.", read };
}

const paragraph = (...text) => h("p", {}, text);

function after(order, words, done) {
  return ({ changed }) => {
    toast(changed ? words : "Nothing changed: the order was in that state already.");
    done();
  };
}

function askHold(order, done) {
  const reason = reasonField();
  ask({
    title: "Hold this order",
    path: pathOf(order, "hold"),
    fields: [reason],
    body: () => ({ reason: reason.read() }),
    explain: () => paragraph("Order ", external(order.orderId), " takes no further step until it is released or cancelled. A gateway call in progress is completed and recorded."),
    confirm: "Hold",
    done: after(order, "The order is on hold.", done),
  });
}

function askRelease(order, done) {
  ask({
    title: "Release this order",
    path: pathOf(order, "release"),
    explain: () => paragraph("Order ", external(order.orderId), ` goes on from “${order.status}”.`),
    confirm: "Release",
    done: after(order, "The order goes on.", done),
  });
}

function askRetry(order, done) {
  const reason = reasonField();
  ask({
    title: "Retry this order",
    path: pathOf(order, "retry"),
    fields: [reason],
    body: () => ({ reason: reason.read() }),
    explain: () => paragraph("The workflow that order ", external(order.orderId), " needs is started where none runs. Completed steps are not repeated: nothing is charged or shipped twice."),
    confirm: "Retry",
    done: after(order, "The order is retried.", done),
  });
}

function askCancel(order, done) {
  const reason = reasonField();
  const by = h("select", {}, h("option", { value: "operator" }, "the shop"), h("option", { value: "customer" }, "the customer"));
  const back = order.payment ? `The ${money(order.payment.amount, order.currency)} that was charged goes back to the customer` : "A charge in progress goes back to the customer";
  ask({
    title: "Cancel this order",
    path: pathOf(order, "cancel"),
    fields: [reason, { label: "Who wants it", element: by }],
    body: () => ({ reason: reason.read(), by: by.value }),
    explain: () => paragraph("Order ", external(order.orderId), ` ends for good. ${back}, reserved goods go back into stock, and a label is voided. This cannot be undone.`),
    confirm: "Cancel the order",
    danger: true,
    done: after(order, "The order is cancelled; its completed steps are being undone.", done),
  });
}

function askRefund(order, done) {
  const { currency } = order;
  const most = refundable(order);
  const amount = h("input", { inputmode: "decimal", autocomplete: "off", spellcheck: "false", required: true, value: toMajor(most, currency) });
  const reason = reasonField();
  const read = () => {
    const minor = toMinor(amount.value, currency);
    if (minor < 1n) throw new RangeError("The amount must be greater than zero.");
    if (minor > most) throw new RangeError(`At most ${money(most, currency)} may be refunded.`);
    return minor;
  };
  ask({
    title: "Refund",
    path: pathOf(order, "refunds"),
    fields: [{ label: `Amount in ${currency}`, element: amount, hint: `At most ${money(most, currency)}. Written with a point, as in ${toMajor(most, currency)}.` }, reason],
    body: () => ({ amount: read(), reason: reason.read() }),
    explain: () => paragraph(refundWords(order, read, most)),
    confirm: "Refund",
    danger: true,
    done: after(order, "The refund is in progress.", done),
  });
}

function askClose(order, done) {
  const refunds = closable(order);
  const refund = h("select", {}, refunds.map(({ refundId, amount }) => h("option", { value: refundId }, `${money(amount, order.currency)} (${refundId})`)));
  const how = h("select", {}, h("option", { value: "settle" }, "the money was returned in another way"), order.status === "shipped" && h("option", { value: "withdraw" }, "it is not to be made"));
  const reason = reasonField();
  ask({
    title: "Close a refund",
    path: () => pathOf(order, `refunds/${encodeURIComponent(refund.value)}/${how.value}`),
    fields: [{ label: "Refund", element: refund }, { label: "Why it is closed", element: how }, reason],
    body: () => ({ reason: reason.read() }),
    explain: () => paragraph("The payment provider does not make this refund: nothing is returned by order ", external(order.orderId), " for it any more. A refund that the provider has made, or may still make, stays as it is."),
    confirm: "Close the refund",
    danger: true,
    done: after(order, "The refund is closed.", done),
  });
}

function refundWords({ orderId, customerId, currency }, read, most) {
  try {
    const minor = read();
    return [`${money(minor, currency)} of order `, external(orderId), " goes back to customer ", external(customerId), `, ${money(most - minor, currency)} stays. This cannot be undone.`];
  } catch (error) {
    return error.message;
  }
}
