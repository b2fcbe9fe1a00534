// An order's events with actor and cause, and its workflows.
import { outsideLink } from "./attention.js";
import { emptyState, h, icon, external } from "./dom.js";
import { preciseTime, time } from "./format.js";
import { STATUSES, eventName, workflowBadge } from "./status.js";
import { table } from "./table.js";

/** Events in their order, and each restock behind the last event before it. */
export function timelineList(events, restocks) {
  const lines = [...events.map((event) => [event.recordedAt, eventLine(event)]), ...restocks.map((each) => [each.at, restockLine(each)])];
  const sorted = restocks.length ? lines.sort(([one], [other]) => new Date(one) - new Date(other)) : lines;
  return h("ol", { class: "timeline" }, sorted.map(([, line]) => line));
}

function restockLine({ sku, units, refundId, reason, actor, at }) {
  return h(
    "li",
    { "data-tone": "held" },
    h("span", { class: "dot" }, icon("todo")),
    h(
      "div",
      { class: "event" },
      h("p", { class: "event-head" }, h("strong", {}, "Restocked"), h("span", { class: "when" }, preciseTime(at))),
      h("p", { class: "long" }, `${units} of `, external(sku), " for refund ", external(refundId), reason && [": ", external(reason)]),
      h("p", { class: "dim long" }, "by ", external(actor)),
    ),
  );
}

function eventLine({ type, version, recordedAt, actor, cause, summary }) {
  const [shape, name] = eventName(type);
  return h(
    "li",
    { "data-tone": STATUSES.includes(shape) ? shape : "held", id: `event-${version}` },
    h("span", { class: "dot" }, icon(shape)),
    h(
      "div",
      { class: "event" },
      h("p", { class: "event-head" }, h("strong", {}, name), h("span", { class: "dim" }, ` #${version}`), h("span", { class: "when" }, preciseTime(recordedAt))),
      h("p", { class: type === "order.noted" ? "long note-text" : "long" }, external(summary)),
      h("p", { class: "dim long" }, "by ", external(actor ?? "unknown"), cause && [", because of ", external(cause)]),
    ),
  );
}

const WORKFLOWS = [
  { label: "Workflow", cell: ({ type, workflowId, url }) => h("span", { class: "long" }, url ? outsideLink(url, type) : type, h("span", { class: "id dim block" }, external(workflowId))) },
  { label: "Status", cell: ({ status, needsAttention }) => workflowBadge(status, needsAttention) },
  { label: "Started", cell: ({ started }) => time(started) },
  { label: "Ended", cell: ({ ended }) => time(ended) },
];

/** workflows: null where Temporal did not respond. */
export function workflowList(workflows) {
  if (workflows === null) return emptyState("Temporal does not respond", "The state of the workflows is unknown.");
  const rows = table("Workflows", WORKFLOWS, ({ workflowId }) => workflowId, () => ["No workflows"]);
  rows.update(workflows);
  return rows.element;
}
