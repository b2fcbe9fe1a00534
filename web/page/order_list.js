// The orders, the last entered first: filtered, in pages, with live updates.
import { get } from "./api.js";
import { customerLink, errorState, external, fill, h, orderLink, section, skeleton } from "./dom.js";
import { exportButton } from "./export.js";
import { handle } from "./faults.js";
import { count, time } from "./format.js";
import { money } from "./money.js";
import { orderFilters } from "./order_filters.js";
import { selection } from "./selection.js";
import { badge, paymentWord, statusBadge } from "./status.js";
import { table } from "./table.js";

const PAGE = 50;
const MOST_AT_ONCE = 200; // the API's limit, and what is looked at again when something changes
const REFRESH = 500; // milliseconds

export const ORDER_COLUMNS = [
  { label: "Order", cell: ({ orderId }) => orderLink(orderId) },
  { label: "Status", cell: (row) => h("span", { class: "badges" }, statusBadge(row.status), row.holdReason && badge("held", "on hold", "held"), row.waitsUntil && badge("held", "payment failed", "held")) },
  { label: "Customer", cell: ({ customerId, customerName }) => [customerLink(customerId), customerName && h("span", { class: "name" }, external(customerName))] },
  { label: "Total", number: true, cell: ({ total, currency }) => money(total, currency) },
  { label: "Payment", cell: (row) => payment(row) },
  { label: "Units", number: true, cell: ({ units }) => count(units) },
  { label: "Placed", cell: ({ placedAt }) => time(placedAt) },
  { label: "Last change", cell: ({ updatedAt }) => time(updatedAt) },
];

function payment({ paymentState, amountRefunded, currency }) {
  if (paymentState === "paid" && amountRefunded) return `${paymentWord(paymentState, amountRefunded)}, ${money(amountRefunded, currency)} back`;
  return h("span", { class: paymentState === "none" && "dim" }, paymentWord(paymentState, amountRefunded));
}

/** query: the filters in the address. `changed(event)`: called for each change of an order. */
export function orderList(scope, query) {
  const picked = selection(() => filters.values(), scope, () => refresh());
  const rows = table("Orders", picked.columns(ORDER_COLUMNS), ({ orderId }) => orderId, () => emptyText(filters));
  const older = h("button", { type: "button", hidden: true, onclick: () => showOlder() }, "Older orders");
  const place = h("div", {}, skeleton(8));
  const sorting = h("p", { class: "dim" });
  const filters = orderFilters(query, () => restart());
  const element = section("Orders", { class: "orders" }, filters.element, picked.element, sorting, place, h("div", { class: "more" }, older, exportButton(filters.values, scope)));
  let shown = [];
  let after = null;
  let generation = 0;

  const read = (more) => get("/v1/orders", { ...filters.values(), ...more }, scope.signal);

  function show(orders, next) {
    shown = orders;
    after = next;
    sorting.textContent = sortingOf(filters.values());
    older.hidden = after === null;
    rows.update(shown);
    picked.update(shown.map(({ orderId }) => orderId));
    if (place.firstElementChild !== rows.element) fill(place, rows.element);
  }

  /** Reloads the visible rows, up to the largest page; older rows are kept current by the stream. */
  async function refreshNow() {
    const mine = generation;
    try {
      const found = await read({ limit: Math.min(Math.max(shown.length, PAGE), MOST_AT_ONCE) });
      if (mine !== generation) return refresh();
      const rest = found.after === null ? [] : shownAfter(found.orders);
      show([...found.orders, ...rest], rest.length ? after : found.after);
    } catch (error) {
      handle(error, scope, (problem) => shown.length || fill(place, errorState(problem, refresh)));
    }
  }

  function shownAfter(orders) {
    const read = new Set(orders.map(({ orderId }) => orderId));
    const last = shown.findIndex(({ orderId }) => orderId === orders.at(-1).orderId);
    return last < 0 ? [] : shown.slice(last + 1).filter(({ orderId }) => !read.has(orderId));
  }

  const refresh = scope.throttled(REFRESH, refreshNow);

  async function restart() {
    generation += 1;
    picked.clear();
    shown = [];
    fill(place, skeleton(8));
    refresh();
  }

  async function showOlder() {
    const mine = generation;
    older.disabled = true;
    try {
      const found = await read({ limit: PAGE, after });
      const known = new Set(shown.map(({ orderId }) => orderId));
      if (mine === generation) show([...shown, ...found.orders.filter(({ orderId }) => !known.has(orderId))], found.after);
    } catch (error) {
      handle(error, scope, (problem) => fill(place, rows.element, errorState(problem, showOlder)));
    } finally {
      older.disabled = false;
    }
  }

  function changed({ orderId, status }) {
    const wanted = filters.values().status ?? [];
    shown = shown
      .map((row) => (row.orderId === orderId ? { ...row, status } : row))
      .filter((row) => row.orderId !== orderId || !wanted.length || wanted.includes(status));
    refresh();
  }

  return { element, refresh, changed };
}

/** An import may give any earlier time as that of placing. */
const sortingOf = ({ placedFrom, placedTo }) => (placedFrom || placedTo ? "By the time of placing, the latest first." : "In the order of entry, the last first.");

function emptyText(filters) {
  const filtered = Object.values(filters.values()).some((value) => value?.length);
  return filtered ? ["No matching orders", "Change or clear the filters."] : ["No orders yet", "An order shows here as soon as it is placed."];
}
