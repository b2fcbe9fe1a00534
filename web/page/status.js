// A status is shown by a word and an icon; colour is only an addition.
import { h, icon } from "./dom.js";

export const STATUSES = ["placed", "confirmed", "paid", "shipped", "cancelled"];

const PAYMENTS = { none: "not charged", paid: "charged", refunded: "refunded" };
const EVENTS = {
  "order.placed": ["placed", "Placed"],
  "order.confirmed": ["confirmed", "Confirmed"],
  "order.paid": ["paid", "Paid"],
  "order.shipped": ["shipped", "Shipped"],
  "order.cancelled": ["cancelled", "Cancelled"],
  "order.refunded": ["refunded", "Refunded"],
  "order.refund_requested": ["refunded", "Refund requested"],
  "order.held": ["held", "Held"],
  "order.released": ["released", "Released"],
  "order.retried": ["retried", "Retried"],
};

export function badge(kind, text, tone = kind) {
  return h("span", { class: "badge", "data-tone": tone }, icon(kind), text);
}

export const statusBadge = (status) => badge(STATUSES.includes(status) ? status : "lost", status, status);

export const paymentWord = (state) => PAYMENTS[state] ?? state;

/** Icon and name of an event; an unknown one keeps its type. */
export const eventName = (type) => EVENTS[type] ?? ["lost", type];

/** Icon and tone of a workflow's status. */
export function workflowBadge(status, needsAttention) {
  if (needsAttention) return badge("failing", "needs attention", "bad");
  if (status === "running") return badge("running", status, "busy");
  if (status === "completed") return badge("check", status, "good");
  if (status === "not started") return badge("placed", status, "none");
  return badge("failing", status, "bad");
}
