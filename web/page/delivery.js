// One delivery of a webhook: its message, and the attempts with their answers.
import { get } from "./api.js";
import { openDialog } from "./dialog.js";
import { errorState, external, fill, h, orderLink, skeleton } from "./dom.js";
import { handle } from "./faults.js";
import { plural, time } from "./format.js";

export function showDelivery(id, scope) {
  const place = h("div", { class: "stack" }, skeleton(4));
  openDialog("Delivery", (close) => [place, h("div", { class: "buttons" }, h("button", { type: "button", onclick: close }, "Close"))], { kind: "wide-dialog" });
  const read = async () => {
    try {
      fill(place, parts(await get(`/v1/webhooks/deliveries/${encodeURIComponent(id)}`, {}, scope.signal)));
    } catch (error) {
      handle(error, scope, (problem) => fill(place, errorState(problem, read)));
    }
  };
  read();
}

function parts({ orderId, type, messageId, status, payload, made }) {
  const facts = [["Order", orderLink(orderId)], ["Event", external(type)], ["Message", external(messageId)], ["State", status]];
  return [
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    h("h3", {}, plural(made.length, "attempt")),
    made.length ? h("ol", { class: "attempts" }, made.map(attempt)) : h("p", { class: "dim" }, "None is recorded."),
    h("h3", {}, "Payload"),
    payload ? h("pre", { class: "message", tabindex: "0", "aria-label": "Payload" }, external(JSON.stringify(payload, spelled, 2))) : h("p", { class: "dim" }, "The event cannot be read."),
  ];
}

const spelled = (_, value) => (typeof value === "bigint" ? String(value) : value);

function attempt({ at, status, error, response }) {
  return h(
    "li",
    {},
    h("p", {}, time(at), " ", h("strong", {}, external(error ?? `answered ${status}`))),
    response && h("pre", { class: "message", tabindex: "0", "aria-label": "Answer" }, external(response)),
  );
}
