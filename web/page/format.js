// Numbers and times for display: local time zone, UTC in the title.
import { h } from "./dom.js";

const NUMBER = new Intl.NumberFormat();
const SAME_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const OTHER_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

/** A field with its label. */
export const labelled = (text, field) => h("label", { for: field.id }, h("span", {}, text), field);

export const count = (number) => NUMBER.format(number);

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** A time: to the second this year, to the minute in other years. null is a dash. */
export function time(text, format = null) {
  if (!text) return h("span", { class: "dim" }, "–");
  const at = new Date(text);
  const shown = format ?? (at.getFullYear() === new Date().getFullYear() ? SAME_YEAR : OTHER_YEAR);
  return h("time", { datetime: text, title: utc(text) }, shown.format(at));
}

/** A moment with its day and milliseconds, for a timeline. */
export function preciseTime(text) {
  const at = new Date(text);
  const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" }).format(at);
  return h("time", { datetime: text, title: utc(text) }, h("span", { class: "day" }, `${day} `), CLOCK.format(at));
}

function utc(text) {
  return `${text.replace("T", " ").replace(/(Z|\+00:00)$/, "")} UTC`;
}

/** A span of seconds in its two largest units. */
export function duration(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 && !Number.isInteger(seconds) ? 1 : 0)} s`;
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  const parts = [];
  let left = Math.floor(seconds);
  for (const [name, size] of units.slice(first, first + 2)) {
    parts.push(`${Math.floor(left / size)} ${name}`);
    left %= size;
  }
  return parts.join(" ");
}

/** A moment as its distance from now: "3 min 2 s ago", "in 40 s". */
export function relative(text) {
  if (!text) return h("span", { class: "dim" }, "–");
  return h("time", { datetime: text, title: utc(text), "data-relative": "" }, distance(text));
}

function distance(text) {
  const seconds = Math.round((new Date(text) - Date.now()) / 1000);
  return seconds > 0 ? `in ${duration(seconds)}` : `${duration(Math.max(-seconds, 1))} ago`;
}

/** Keeps relative times current. */
export function keepDistances() {
  setInterval(() => {
    for (const shown of document.querySelectorAll("time[data-relative]")) {
      const text = distance(shown.dateTime);
      if (shown.textContent !== text) shown.textContent = text;
    }
  }, 1000);
}
