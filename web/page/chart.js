// Charts of values by day: plain SVG, coloured by the page's own tones in light and dark; a table has the same values.
import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 218; // as in parts.css: a chart that changed its own height would be drawn again
const MARGIN = { top: 26, right: 4, bottom: 22, left: 14 };
const LABEL = 7.2; // pixels of a character at the labels' size
const LINES = 4; // at most this many lines above zero

/**
 * A chart of bars, a group of them each day, with its legend and its table, redrawn when its width changes.
 * days: their names; series: `{name, tone, values, texts}`, for each day a number, null for none, and its text; tick(value): a
 * value of the axis as text; unit: of the axis; smallest: the least distance of two such values; more: series of the table alone.
 */
export function dayChart(caption, days, series, { tick, unit, smallest = 0, more = [] }) {
  const place = h("div", { class: "chart", "aria-hidden": "true" });
  new ResizeObserver(() => draw(place, days, series, { tick, unit, smallest })).observe(place);
  return h("figure", {}, place, legend(series), asTable(caption, days, [...series, ...more]));
}

function draw(place, days, series, { tick, unit, smallest }) {
  const width = place.clientWidth;
  if (!width || place.dataset.width === String(width)) return;
  place.dataset.width = width;
  const values = series.flatMap((each) => each.values.map((value) => value ?? 0));
  const ticks = ticksOf(Math.min(0, ...values), Math.max(0, ...values), smallest);
  const left = MARGIN.left + Math.max(unit.length, ...ticks.map((value) => tick(value).length)) * LABEL;
  const box = { left, right: width - MARGIN.right, top: MARGIN.top, bottom: HEIGHT - MARGIN.bottom };
  const y = (value) => box.bottom - ((value - ticks[0]) / (ticks.at(-1) - ticks[0])) * (box.bottom - box.top);
  const svg = element("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` });
  svg.append(...ticks.flatMap((value) => tickLine(value, y(value), box, tick)));
  svg.append(...days.map((_, index) => group(index, { days, series, box, y })));
  svg.append(...dayLabels(days, box), unitLabel(unit, box));
  place.replaceChildren(svg);
}

/** Round values from at most `least` to at least `most`, evenly spaced by `smallest` or more; 0 is one of them. */
export function ticksOf(least, most, smallest = 0) {
  const span = most - least || 1;
  const size = 10 ** Math.floor(Math.log10(span / LINES));
  const step = Math.max([1, 2, 5, 10].map((each) => each * size).find((each) => span / each <= LINES), smallest);
  const first = Math.floor(least / step);
  const last = Math.max(Math.ceil(most / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

function tickLine(value, y, { left, right }, tick) {
  const text = element("text", { x: left - 6, y: y + 4, "text-anchor": "end" });
  text.textContent = tick(value);
  return [element("line", { x1: left, x2: right, y1: y, y2: y, class: value === 0 ? "zero" : null }), text];
}

function unitLabel(unit, { left }) {
  const text = element("text", { x: left - 6, y: 10, "text-anchor": "end", class: "unit" });
  text.textContent = unit;
  return text;
}

/** The bars of a day; a pointer on them shows their values. */
function group(index, { days, series, box, y }) {
  const slot = (box.right - box.left) / days.length;
  const wide = Math.max((slot * 0.75) / series.length, 1);
  const start = box.left + index * slot + (slot - wide * series.length) / 2;
  const title = element("title");
  title.textContent = [days[index], ...series.map(({ name, texts }) => `${name}: ${texts[index]}`)].join("\n");
  const bars = series.map(({ tone, values }, number) => {
    const [high, low] = [Math.max(values[index] ?? 0, 0), Math.min(values[index] ?? 0, 0)];
    const bar = { x: start + number * wide, width: Math.max(wide - 1, 1), y: y(high), height: y(low) - y(high) };
    return element("rect", { ...bar, "data-tone": tone });
  });
  const hit = element("rect", { x: box.left + index * slot, width: slot, y: box.top, height: box.bottom - box.top, class: "hit" });
  const made = element("g");
  made.append(title, hit, ...bars);
  return made;
}

function dayLabels(days, { left, right, bottom }) {
  const slot = (right - left) / days.length;
  const longest = Math.max(...days.map(({ length }) => length)) * LABEL + 10;
  const every = Math.ceil(longest / slot);
  const last = right - longest / 2 + 5; // where the label of the last day, which always has one, ends with the chart
  return days.flatMap((day, index) => {
    const back = days.length - 1 - index;
    const middle = left + (index + 0.5) * slot;
    if (back % every || (back && middle > last - longest)) return [];
    const at = Math.min(middle, last);
    const text = element("text", { x: at, y: bottom + 16, "text-anchor": "middle" });
    text.textContent = day;
    return [text];
  });
}

function legend(series) {
  return h("figcaption", { class: "legend" }, series.map(({ name, tone }) => h("span", {}, h("i", { class: "swatch", "data-tone": tone }), name)));
}

function asTable(caption, days, series) {
  const heads = ["Day", ...series.map(({ name }) => name)].map((name, index) => h("th", { scope: "col", class: index > 0 && "number" }, name));
  const rows = days.map((day, index) => h("tr", {}, h("th", { scope: "row" }, day), series.map(({ texts }) => h("td", { class: "number" }, texts[index]))));
  const table = h("table", { class: "values" }, h("caption", { class: "hidden" }, caption), h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
  return h("details", {}, h("summary", {}, `${caption} as a table`), table);
}

function element(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, typeof value === "number" ? Number(value.toFixed(2)) : value);
  return made;
}
