// Today's figures, orders that need an operator, and the orders as they change.
import { get } from "./api.js";
import { attentionPanel } from "./attention.js";
import { announce, errorState, fill, h, icon, renew, section, skeleton } from "./dom.js";
import { handle } from "./faults.js";
import { FIGURES, dayName, figureTiles, figuresOf, revenueLine } from "./figures.js";
import { count, duration, plural } from "./format.js";
import { orderList } from "./order_list.js";
import { STATUSES, badge } from "./status.js";

const REFRESH = 1000; // milliseconds between two looks at the totals, however much happens
const ATTENTION = 10_000; // looks into Temporal, so less often
const LAG = 5000;
const MINUTE = 60_000;

export function showOverview(main, scope, route) {
  const places = {
    tiles: h("div", { class: "tiles" }, skeleton(2)),
    day: h("span", { class: "dim" }),
    now: h("p", { class: "standing" }),
    revenue: h("div", {}),
  };
  const totals = h("div", { class: "totals" });
  const attention = attentionPanel(scope);
  const list = orderList(scope, route.query);
  fill(
    main,
    h("h1", { class: "hidden" }, "Overview"),
    attention.element,
    h(
      "section",
      { "aria-labelledby": "today" },
      h("div", { class: "section-head" }, h("h2", { id: "today" }, "Today ", places.day), totals),
      places.tiles,
    ),
    section("In all", { class: "in-all" }, places.now, places.revenue),
    list.element,
  );

  const refreshTotals = scope.throttled(REFRESH, () => showToday(places, scope, latest, refreshTotals));
  const refreshAttention = scope.throttled(ATTENTION / 2, attention.refresh);
  const announceSoon = scope.throttled(8000, () => announceChanges(changed));
  const changed = new Set();
  let latest = null;

  scope.every(MINUTE, refreshTotals); // the day ends without an event
  scope.every(LAG, () => showTotals(totals, scope));
  scope.every(ATTENTION, refreshAttention);
  scope.stream("/v1/events", {
    opened: () => (list.refresh(), refreshTotals()),
    event: ({ data }) => {
      latest = data.position;
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

/** position: of the last change seen, which the figures are to include. */
async function showToday(places, scope, position, again) {
  try {
    const [{ counts, revenue }, { zone, days }] = await Promise.all([get("/v1/summary", {}, scope.signal), figuresOf(FIGURES, { wait: position }, scope.signal)]);
    const [today] = days;
    renew(places.tiles, today, () => figureTiles(today));
    renew(places.revenue, revenue, () => [revenueLine(revenue)]);
    renew(places.day, [today.day, zone], () => [`${dayName(today.day)}, ${zone}`]);
    renew(places.now, counts, () => STATUSES.map((status) => standing(status, counts[status] ?? 0)));
  } catch (error) {
    handle(error, scope, (problem) => places.tiles.querySelector(".tile") || fill(places.tiles, errorState(problem, again)));
  }
}

/** The number of orders in a status now, which filters the list. */
function standing(status, number) {
  return h("a", { href: `#/?status=${status}`, "data-status": status }, badge(status, `${count(number)} ${status}`));
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
