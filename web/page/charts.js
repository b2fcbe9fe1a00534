// Orders, money, and the time from placing to shipment by day, as charts with a table behind each.
import { dayChart } from "./chart.js";
import { emptyState, errorState, fill, h, renew, section, skeleton } from "./dom.js";
import { handle } from "./faults.js";
import { FIGURES, SHIPPING_TIMES, dayName, figuresOf } from "./figures.js";
import { count, duration, labelled, plural } from "./format.js";
import { largestFirst, money, sum, toMajor } from "./money.js";
import { keepInAddress } from "./router.js";

const REFRESH = 30_000; // milliseconds
const PERIODS = ["7", "14", "31"]; // days
const COMPACT = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const UNITS = [["days", 86_400], ["hours", 3600], ["minutes", 60], ["seconds", 1]];

export function showCharts(main, scope, { query }) {
  const period = h("select", { id: "figures-days" }, PERIODS.map((days) => h("option", { value: days }, plural(Number(days), "day"))));
  period.value = PERIODS.includes(query.get("days")) ? query.get("days") : "14";
  const currency = h("select", { id: "figures-currency" });
  const zone = h("span", { class: "dim beside" });
  const places = { orders: h("div", {}, skeleton(4)), money: h("div", {}, skeleton(4)), times: h("div", {}, skeleton(4)) };
  let wanted = query.get("currency");

  const refresh = scope.throttled(500, async () => {
    try {
      const days = Number(period.value);
      const [figures, times] = await Promise.all([figuresOf(FIGURES, { days }, scope.signal), figuresOf(SHIPPING_TIMES, { days }, scope.signal)]);
      zone.textContent = `days in ${figures.zone}`;
      const currencies = currenciesOf(figures.days);
      renew(currency, currencies, () => currencies.map((code) => h("option", { value: code }, code)));
      currency.value = currencies.includes(wanted) ? wanted : (currencies[0] ?? "");
      currency.disabled = currencies.length < 2;
      renew(places.orders, figures, () => [ordersChart(figures.days)]);
      renew(places.money, [figures, currency.value], () => [moneyChart(figures.days, currency.value)]);
      renew(places.times, times, () => [timesChart(times.days)]);
    } catch (error) {
      handle(error, scope, (problem) => places.orders.querySelector("figure") || fill(places.orders, errorState(problem, refresh)));
    }
  });

  const chosen = () => {
    wanted = currency.value;
    keepInAddress("/figures", { days: period.value, currency: wanted });
    refresh();
  };
  period.addEventListener("change", chosen);
  currency.addEventListener("change", chosen);
  fill(
    main,
    h("div", { class: "section-head" }, h("h1", {}, "Figures"), zone, h("form", { class: "filters", "aria-label": "Choose the figures" }, labelled("Period", period), labelled("Currency", currency))),
    section("Orders by day", {}, places.orders),
    section("Money by day", {}, places.money),
    section("Time from placed to shipped", {}, places.times),
  );
  scope.every(REFRESH, refresh);
}

const daysOf = (days) => days.map(({ day }) => dayName(day));

function ordersChart(days) {
  const series = [["placed", "placed"], ["shipped", "shipped"], ["cancelled", "cancelled"]].map(([name, tone]) => {
    const values = days.map(({ currencies }) => currencies.reduce((total, each) => total + each[name], 0));
    return { name, tone, values, texts: values.map(count) };
  });
  return dayChart("Orders by day", daysOf(days), series, { tick: (value) => COMPACT.format(value), unit: "orders", smallest: 1 });
}

/** Currencies of the days, that with the largest charges first. */
function currenciesOf(days) {
  const all = days.flatMap(({ currencies }) => currencies);
  const codes = [...new Set(all.map(({ currency }) => currency))];
  return largestFirst(codes.map((code) => ({ currency: code, amount: sum(all.filter(({ currency }) => currency === code).map(({ chargedAmount }) => chargedAmount)) }))).map(({ currency }) => currency);
}

function moneyChart(days, currency) {
  if (!currency) return emptyState("No money yet", "Charges and refunds of the period show here.");
  const series = [["charged", "paid"], ["refunded", "held"]].map(([name, tone]) => {
    const amounts = days.map(({ currencies }) => currencies.find((each) => each.currency === currency)?.[`${name}Amount`] ?? 0);
    return { name, tone, values: amounts.map((amount) => Number(toMajor(amount, currency))), texts: amounts.map((amount) => money(amount, currency)) };
  });
  return dayChart(`Money by day in ${currency}`, daysOf(days), series, { tick: (value) => COMPACT.format(value), unit: currency });
}

/** Times of the orders placed on each day, in the largest unit that the longest has. */
function timesChart(days) {
  if (!days.some(({ orders }) => orders)) return emptyState("No shipments yet", "Times of the orders placed in the period show here once they are shipped.");
  const longest = Math.max(...days.map(({ ninetiethSeconds }) => ninetiethSeconds ?? 0));
  const [unit, size] = UNITS.find(([, seconds]) => longest >= 2 * seconds) ?? UNITS.at(-1);
  const series = [["half of the orders within", "medianSeconds", "confirmed"], ["nine of ten within", "ninetiethSeconds", "held"]].map(([name, field, tone]) => ({
    name,
    tone,
    values: days.map((each) => (each[field] === null ? null : each[field] / size)),
    texts: days.map((each) => (each[field] === null ? "–" : duration(each[field]))),
  }));
  const orders = { name: "orders shipped", texts: days.map((each) => count(each.orders)) };
  return [h("p", { class: "dim" }, "By the day of placing."), dayChart("Time from placed to shipped", daysOf(days), series, { tick: (value) => COMPACT.format(value), unit, more: [orders] })];
}
