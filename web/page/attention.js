// Orders and events that need an operator: at the top of the overview, hidden while there are none.
import { get } from "./api.js";
import { fill, h, icon, orderLink, external } from "./dom.js";
import { count, relative } from "./format.js";
import { badge } from "./status.js";
import { table } from "./table.js";

const SHOWN = 50;
const WORDS = { failing: "failing", stalled: "stalled", lost: "lost", onHold: "on hold", parked: "parked", holdEnding: "hold ends", refundFailed: "refund failed" };
const ICONS = { failing: "failing", stalled: "lost", lost: "lost", onHold: "held", parked: "parked", holdEnding: "failing", refundFailed: "lost" };

const COLUMNS = [
  { label: "What", cell: ({ kind }) => badge(ICONS[kind] ?? "lost", WORDS[kind] ?? kind, kind === "onHold" ? "held" : "bad") },
  { label: "Order", cell: ({ orderId }) => orderLink(orderId) },
  { label: "Step", cell: ({ step }) => external(step) },
  { label: "Since", cell: ({ since }) => relative(since) },
  { label: "Last error", cell: ({ error }) => h("span", { class: "long" }, external(error)) },
  { label: "Next retry", cell: ({ nextRetry }) => (nextRetry ? relative(nextRetry) : h("span", { class: "dim" }, "needs a person")) },
  { label: "Workflow", cell: ({ url }) => (url ? outsideLink(url, "Temporal") : h("span", { class: "dim" }, "–")) },
];

/** A link out of the page; only to http addresses. */
export function outsideLink(url, text) {
  if (!/^https?:\/\//.test(url)) return external(text);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: "outside" }, text, icon("outside"), h("span", { class: "hidden" }, " (new tab)"));
}

export function attentionPanel(scope) {
  const rows = table("What needs attention", COLUMNS, ({ kind, orderId, step, position }) => [kind, orderId, step, position].join("\n"), () => ["Nothing is stuck"]);
  const number = h("span", { class: "number-badge" });
  const note = h("p", { class: "note", role: "status" });
  const element = h(
    "section",
    { class: "panel attention", "aria-labelledby": "attention", hidden: true },
    h("div", { class: "section-head" }, h("h2", { id: "attention" }, icon("failing"), "Needs attention"), number),
    note,
    rows.element,
  );

  async function refresh() {
    try {
      const { stuck, more, complete } = await get("/v1/attention", { limit: SHOWN }, scope.signal);
      element.hidden = stuck.length === 0 && complete;
      rows.element.hidden = stuck.length === 0;
      rows.update(stuck);
      fill(number, more ? `more than ${count(stuck.length)}` : count(stuck.length));
      note.textContent = complete ? "" : "Temporal does not respond: failing steps and lost orders are not all listed.";
    } catch {
      // The list stays unchanged; the live indicator shows that the server is unavailable.
    }
  }

  return { element, refresh };
}
