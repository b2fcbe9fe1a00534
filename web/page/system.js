// The readers of the log and how far behind they are, rebuilds of the read models, and webhooks.
import { get } from "./api.js";
import { ask } from "./dialog.js";
import { errorState, fill, h, external, section, skeleton, toast } from "./dom.js";
import { handle } from "./faults.js";
import { count, duration } from "./format.js";
import { may } from "./session.js";
import { badge } from "./status.js";
import { table } from "./table.js";
import { webhookSections } from "./webhooks.js";

const CALM = 3000; // milliseconds
const REBUILDING = 500;
const NOT_REBUILT = ["dispatcher", "webhooks"]; // readers that have no read model

export function showSystem(main, scope) {
  const place = h("div", {}, skeleton(4));
  const head = h("p", { class: "dim" });
  const rows = table("Readers of the log", columns(() => wake()), ({ name }) => name, () => ["No readers"]);
  let wake = () => {};
  let busy = false;

  async function refresh() {
    try {
      const found = await get("/v1/projections", {}, scope.signal);
      const readers = found.readers.filter(({ name }) => !name.includes(":"));
      busy = readers.some(({ rebuild }) => rebuild?.state === "running");
      head.textContent = `The log ends at position ${count(found.head)}.`;
      rows.update(readers);
      if (place.firstElementChild !== rows.element) fill(place, rows.element);
    } catch (error) {
      handle(error, scope, (problem) => place.firstElementChild === rows.element || fill(place, errorState(problem, refresh)));
    }
  }

  async function follow() {
    while (!scope.signal.aborted) {
      if (!document.hidden) await refresh();
      await Promise.race([scope.sleep(busy ? REBUILDING : CALM), new Promise((resolve) => (wake = resolve))]);
    }
  }

  const webhooks = h("div", { class: "stack" }, webhookSections(scope));
  fill(main, h("h1", {}, "System"), section("Readers of the log", { extra: head }, place), webhooks);
  follow();
}

function columns(started) {
  return [
    { label: "Reader", cell: ({ name }) => h("strong", {}, name) },
    { label: "State", cell: (row) => stateBadge(row) },
    { label: "Position", number: true, cell: ({ position }) => (position === null ? h("span", { class: "dim" }, "never ran") : count(position)) },
    { label: "Events behind", number: true, cell: ({ events }) => count(events) },
    { label: "Seconds behind", number: true, cell: ({ seconds }) => (seconds ? duration(seconds) : "0") },
    { label: "Parked", number: true, cell: ({ parked }) => (parked ? badge("parked", count(parked), "bad") : "0") },
    { label: "Rebuild", cell: (row) => rebuildCell(row, started) },
  ];
}

function stateBadge({ position, events, seconds }) {
  if (position === null) return badge("placed", "never ran", "none");
  if (!events) return badge("check", "up to date", "good");
  return seconds > 10 ? badge("failing", "behind", "bad") : badge("running", "catching up", "busy");
}

function rebuildCell({ name, rebuild }, started) {
  if (NOT_REBUILT.includes(name)) return h("span", { class: "dim" }, "–");
  if (rebuild?.state === "running") return progress(name, rebuild);
  const button = h("button", { type: "button", class: "small", disabled: !may("operate"), title: may("operate") ? null : "Needs the role operate", "aria-label": `Rebuild ${name}`, onclick: () => askRebuild(name, started) }, "Rebuild");
  return h("span", { class: "rebuild" }, button, lastRebuild(rebuild));
}

function lastRebuild(rebuild) {
  if (rebuild?.state === "done") return badge("check", "rebuilt", "good");
  if (rebuild?.state !== "failed") return null;
  return [badge("failing", "failed", "bad"), h("span", { class: "long" }, external(rebuild.error))];
}

function progress(name, { position, head }) {
  const part = head ? Math.min(position / head, 1) : 1;
  return h(
    "span",
    { class: "progress" },
    h("progress", { max: "1", value: String(part), "aria-label": `Rebuild of ${name}` }),
    h("span", { class: "dim" }, `${Math.floor(part * 100)} %`),
  );
}

function askRebuild(name, started) {
  ask({
    title: `Rebuild ${name}`,
    path: `/v1/projections/${encodeURIComponent(name)}/rebuild`,
    explain: () => h("p", {}, `${name} is built anew from the whole log beside the live one, which is read meanwhile, and then takes its place.`),
    confirm: "Rebuild",
    done: () => {
      toast(`${name} is being rebuilt.`);
      started();
    },
  });
}
