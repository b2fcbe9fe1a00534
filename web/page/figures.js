// Figures by day in the person's time zone, and the tiles of today.
import { get } from "./api.js";
import { h, icon } from "./dom.js";
import { count } from "./format.js";
import { largestFirst, money } from "./money.js";

let zone = new Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";

export const FIGURES = "/v1/figures";
export const SHIPPING_TIMES = "/v1/figures/shipping-times";

/** Figures of the last `days` days; their `zone` is the browser's, or UTC where the server does not know it. */
export async function figuresOf(path, { days = 1, ...query }, signal) {
  try {
    return await get(path, { ...query, from: days > 1 ? daysAgo(days - 1) : null, zone }, signal);
  } catch (error) {
    if (zone === "UTC" || !error.errors?.some(({ parameter }) => parameter === "zone")) throw error;
    zone = "UTC";
    return figuresOf(path, { days, ...query }, signal);
  }
}

/** The date of a day before today in the zone. */
function daysAgo(number) {
  const part = Object.fromEntries(new Intl.DateTimeFormat("en", { timeZone: zone }).formatToParts().map(({ type, value }) => [type, Number(value)]));
  return new Date(Date.UTC(part.year, part.month - 1, part.day - number)).toISOString().slice(0, 10);
}

/** A day of the figures for display. */
export function dayName(day) {
  return new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(`${day}T00:00Z`));
}

const TILES = [
  ["placed", "placed", "placed"],
  ["charged", "paid", "paid"],
  ["shipped", "shipped", "shipped"],
  ["cancelled", "cancelled", "cancelled"],
  ["refunded", "refunded", "held"],
];

/** The tiles of a day's figures: occurrences, each with its amounts, the largest first. */
export function figureTiles({ currencies }) {
  return TILES.map(([name, shape, tone]) => {
    const number = currencies.reduce((total, each) => total + each[name], 0);
    const amounts = currencies.map((each) => ({ currency: each.currency, amount: each[`${name}Amount`] ?? 0 })).filter(({ amount }) => amount);
    return h(
      "div",
      { class: "tile", "data-tone": tone, "data-figure": name },
      h("span", { class: "tile-name" }, icon(shape), h("span", { class: "capital" }, name)),
      h("span", { class: "tile-number" }, count(number)),
      amountLines(name, amounts, 1),
    );
  });
}

/** Revenue since the first order, which the tiles of a day do not add up to. */
export function revenueLine(revenue) {
  return h("p", { class: "revenue" }, "Revenue, less refunds ", revenue.length ? amountLines("revenue", revenue, 3) : h("span", { class: "dim" }, "none yet"));
}

const opened = new Set();

/** Amounts, the largest first; two or more beyond `most` unfold, and stay unfolded. name: of the figure. */
function amountLines(name, amounts, most) {
  const lines = largestFirst(amounts).map(({ amount, currency }) => h("span", {}, money(amount, currency)));
  const rest = lines.length > most + 1 ? lines.splice(most) : [];
  if (!rest.length) return h("span", { class: "amounts" }, lines);
  const more = h("details", { open: opened.has(name) }, h("summary", {}, `${count(rest.length)} more currencies`), rest);
  more.addEventListener("toggle", () => (more.open ? opened.add(name) : opened.delete(name)));
  return h("span", { class: "amounts" }, lines, more);
}
