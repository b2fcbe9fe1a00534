// An order's events with actor and cause, and its workflows.
import { outsideLink } from "./attention.js";
import { emptyState, h, icon, external } from "./dom.js";
import { preciseTime, time } from "./format.js";
import { STATUSES, eventName, workflowBadge } from "./status.js";
import { table } from "./table.js";

export function timelineList(events) {
  return h("ol", { class: "timeline" }, events.map(eventLine));
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
      h("p", { class: "long" }, external(summary)),
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
