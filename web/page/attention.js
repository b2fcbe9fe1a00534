// Orders and events that need an operator, in the order of harm: at the top of the overview, hidden while there are none.
import { get } from "./api.js";
import { fill, h, icon, orderLink, external, renew } from "./dom.js";
import { count, plural, relative } from "./format.js";
import { pagedTable } from "./paged.js";
import { badge } from "./status.js";

const WORDS = { refundFailed: "refund failed", disputed: "disputed", holdEnding: "hold ends", lost: "lost", stalled: "stalled", failing: "failing", parked: "parked", onHold: "on hold" };
const ICONS = { refundFailed: "lost", disputed: "failing", holdEnding: "failing", lost: "lost", stalled: "lost", failing: "failing", parked: "parked", onHold: "held" };

/** A kind's name in words. */
export const kindWord = (kind) => WORDS[kind] ?? kind;

const COLUMNS = [
  { label: "What", cell: ({ kind }) => badge(ICONS[kind] ?? "lost", kindWord(kind), kind === "onHold" ? "held" : "bad") },
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
  let kind = "";
  let counts = {};
  const select = h("select", { id: "attention-kind", onchange: () => choose(select.value) });
  const number = h("span", { class: "number-badge" });
  const note = h("p", { class: "note", role: "status" });
  const holds = h("p", { class: "folded", hidden: true });
  const list = pagedTable({
    caption: "What needs attention",
    columns: COLUMNS,
    key: ({ kind, orderId, step, position }) => [kind, orderId, step, position].join("\n"),
    empty: () => ["Nothing of this kind"],
    read,
    rowsOf: ({ stuck }) => stuck,
    quiet: true,
    scope,
  });
  const element = h(
    "section",
    { class: "panel attention", "aria-labelledby": "attention", hidden: true },
    h(
      "div",
      { class: "section-head" },
      h("h2", { id: "attention" }, icon("failing"), "Needs attention"),
      number,
      h("label", { for: "attention-kind", class: "filters" }, h("span", {}, "Kind"), select),
    ),
    note,
    list.element,
    holds,
  );

  function choose(wanted) {
    kind = wanted;
    list.refresh();
  }

  async function read(query) {
    const wanted = kind;
    const found = await get("/v1/attention", { ...query, kind: wanted }, scope.signal);
    const page = wanted ? found : withoutHolds(found);
    counts = found.counts;
    show(found.complete, wanted, page);
    return page;
  }

  function show(complete, wanted, page) {
    const all = Object.values(counts).reduce((total, each) => total + each, 0);
    element.hidden = all === 0 && complete;
    list.element.hidden = !wanted && page.stuck.length === 0;
    fill(number, count(all - counts.onHold));
    number.hidden = all === counts.onHold;
    note.textContent = complete ? "" : "Temporal does not respond in time: failing steps and lost orders are not all listed.";
    renew(select, [counts, wanted], () => options(counts, wanted));
    renew(holds, [counts.onHold, wanted], () => holdsLine(counts.onHold, wanted, choose));
    holds.hidden = counts.onHold === 0;
  }

  return { element, refresh: list.refresh };
}

/** Holds come last; they are one line until they are asked for. */
function withoutHolds({ stuck, after }) {
  const shown = stuck.filter(({ kind }) => kind !== "onHold");
  return { stuck: shown, after: shown.length === stuck.length ? after : null };
}

function options(counts, wanted) {
  const present = Object.keys(counts).filter((kind) => counts[kind] || kind === wanted);
  const named = present.map((kind) => h("option", { value: kind, selected: kind === wanted }, `${WORDS[kind] ?? kind} (${count(counts[kind])})`));
  return [h("option", { value: "", selected: !wanted }, "all"), ...named];
}

function holdsLine(number, wanted, choose) {
  const shown = wanted === "onHold";
  return [
    badge("held", plural(number, "order"), "held"),
    " on hold ",
    h("button", { type: "button", onclick: () => choose(shown ? "" : "onHold") }, shown ? "Hide" : "Show"),
  ];
}
