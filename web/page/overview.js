// Today's figures, orders that need an operator, and the orders as they change.
import { get } from "./api.js";
import { attentionPanel } from "./attention.js";
import { announce, errorState, fill, h, icon, renew, skeleton } from "./dom.js";
import { handle } from "./faults.js";
import { count, duration, plural } from "./format.js";
import { moneyList } from "./money.js";
import { orderList } from "./order_list.js";
import { STATUSES } from "./status.js";

const REFRESH = 1000; // milliseconds between two looks at the totals, however much happens
const ATTENTION = 10_000; // looks into Temporal, so less often
const LAG = 5000;

export function showOverview(main, scope, route) {
  const tiles = h("div", { class: "tiles" }, skeleton(2));
  const totals = h("div", { class: "totals" });
  const attention = attentionPanel(scope);
  const list = orderList(scope, route.query);
  fill(
    main,
    h("h1", { class: "hidden" }, "Overview"),
    attention.element,
    h("section", { "aria-labelledby": "today" }, h("div", { class: "section-head" }, h("h2", { id: "today" }, "Today"), totals), tiles),
    list.element,
  );

  const refreshTotals = scope.throttled(REFRESH, () => showSummary(tiles, scope, refreshTotals));
  const refreshAttention = scope.throttled(ATTENTION / 2, attention.refresh);
  const announceSoon = scope.throttled(8000, () => announceChanges(changed));
  const changed = new Set();

  refreshTotals();
  scope.every(LAG, () => showTotals(totals, scope));
  scope.every(ATTENTION, refreshAttention);
  scope.stream("/v1/events", {
    opened: () => (list.refresh(), refreshTotals()),
    event: ({ data }) => {
      changed.add(data.orderId);
      list.changed(data);
      refreshTotals();
      refreshAttention();
      announceSoon();
    },
  });
}

async function announceChanges(changed) {
  if (changed.size) announce(`${plural(changed.size, "order")} changed`);
  changed.clear();
}

async function showSummary(tiles, scope, again) {
  try {
    const summary = await get("/v1/summary", {}, scope.signal);
    const { head, ...shown } = summary;
    renew(tiles, shown, () => [...STATUSES.map((status) => tile(status, shown)), revenueTile(shown.revenue)]);
  } catch (error) {
    handle(error, scope, (problem) => tiles.querySelector(".tile") || fill(tiles, errorState(problem, again)));
  }
}

function tile(status, { today, counts }) {
  const { orders = 0, amounts = [] } = today.statuses.find((each) => each.status === status) ?? {};
  return h(
    "a",
    { class: "tile", "data-tone": status, href: `#/?status=${status}` },
    h("span", { class: "tile-name" }, icon(status), h("span", { class: "capital" }, status)),
    h("span", { class: "tile-number" }, count(orders)),
    amountLines(amounts),
    h("span", { class: "tile-foot" }, `${count(counts[status] ?? 0)} in all`),
  );
}

function revenueTile(revenue) {
  return h(
    "div",
    { class: "tile revenue" },
    h("span", { class: "tile-name" }, "Revenue"),
    revenue.length ? amountLines(revenue) : h("span", { class: "dim" }, "none yet"),
    h("span", { class: "tile-foot" }, "in all, less what went back"),
  );
}

const MOST = 3;

function amountLines(amounts) {
  const lines = moneyList(amounts);
  const more = lines.length - MOST;
  return h(
    "span",
    { class: "amounts" },
    lines.slice(0, MOST).map((text) => h("span", {}, text)),
    more > 0 && h("span", { class: "dim", title: lines.slice(MOST).join("\n") }, `and ${plural(more, "currency", "currencies")} more`),
  );
}

async function showTotals(totals, scope) {
  try {
    const { readers } = await get("/v1/projections", {}, scope.signal);
    const shown = lagSummary(readers);
    renew(totals, shown.textContent, () => [shown]);
  } catch (error) {
    handle(error, scope, () => {}); // the tiles beside it show the problem
  }
}

/** The lag of the slowest reader of the log is the age of the figures. */
function lagSummary(readers) {
  const parked = readers.reduce((total, each) => total + each.parked, 0);
  const worst = readers.reduce((slowest, each) => (each.seconds > slowest.seconds ? each : slowest), { seconds: 0, events: 0 });
  const late = worst.seconds > 10;
  const text = worst.events ? `${worst.name} is ${plural(worst.events, "event")}, ${duration(worst.seconds)} behind` : "all readers up to date";
  return h(
    "a",
    { href: "#/system", class: "lag", "data-tone": late || parked ? "bad" : "good" },
    icon(late || parked ? "failing" : "check"),
    parked ? `${text}, ${count(parked)} parked` : text,
  );
}
