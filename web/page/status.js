// A status is shown by a word and an icon; colour is only an addition.
import { h, icon } from "./dom.js";

export const STATUSES = ["placed", "confirmed", "paid", "shipped", "cancelled"];

export function badge(kind, text, tone = kind) {
  return h("span", { class: "badge", "data-tone": tone }, icon(kind), text);
}

export const statusBadge = (status) => badge(STATUSES.includes(status) ? status : "lost", status, status);

/** The payment state in the words of API and command line. refunded: money that has gone back, in minor units. */
export const paymentWord = (state, refunded) => (state === "paid" && refunded ? "partly refunded" : state);

const SHAPES = { refund_requested: "refunded", payment_adjusted: "refunded", untagged: "tagged" };

/** Icon and name of an event, from its type; a neutral icon where it has none. */
export function eventName(type) {
  const word = type.replace(/^order\./, "");
  const shape = SHAPES[word] ?? word;
  const name = word.charAt(0).toUpperCase() + word.slice(1).replaceAll("_", " ");
  return [document.getElementById(`icon-${shape}`) ? shape : "todo", name];
}

/** Icon and tone of a workflow's status. */
export function workflowBadge(status, needsAttention) {
  if (needsAttention) return badge("failing", "needs attention", "bad");
  if (status === "running") return badge("running", status, "busy");
  if (status === "completed") return badge("check", status, "good");
  if (status === "not started") return badge("placed", status, "none");
  return badge("failing", status, "bad");
}
