// A status is a word and a shape; its colour only helps.
import { h, icon } from "./dom.js";

export const STATUSES = ["placed", "confirmed", "paid", "shipped", "cancelled"];

const PAYMENTS = { none: "not charged", paid: "charged", refunded: "refunded" };

export function badge(kind, text, tone = kind) {
  return h("span", { class: "badge", "data-tone": tone }, icon(kind), text);
}

export const statusBadge = (status) => badge(STATUSES.includes(status) ? status : "lost", status, status);

export const paymentWord = (state) => PAYMENTS[state] ?? state;

/** The icon and the name of an event, both from its type; an event without an icon of its own gets a neutral one. */
export function eventName(type) {
  const word = type.replace(/^order\./, "");
  const shape = word === "refund_requested" ? "refunded" : word;
  const name = word.charAt(0).toUpperCase() + word.slice(1).replaceAll("_", " ");
  return [document.getElementById(`icon-${shape}`) ? shape : "todo", name];
}

/** What shows where a workflow is: icon, tone. */
export function workflowBadge(status, needsAttention) {
  if (needsAttention) return badge("failing", "needs attention", "bad");
  if (status === "running") return badge("running", status, "busy");
  if (status === "completed") return badge("check", status, "good");
  if (status === "not started") return badge("placed", status, "none");
  return badge("failing", status, "bad");
}
