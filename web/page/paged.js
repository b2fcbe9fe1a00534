// A list loaded by pages, each by the cursor of the one before.
import { errorState, fill, h, skeleton } from "./dom.js";
import { handle } from "./faults.js";
import { table } from "./table.js";

const PAGE = 50;
const MOST_AT_ONCE = 200;

/**
 * read(query): a page by `limit` and `after`; rowsOf(page): its rows. refresh() reloads the first visible rows, at most 200;
 * those after them stay.
 * first: rows before the button is pressed. quiet: after a failed read the rows stay, and another part of the view shows the error.
 */
export function pagedTable({ caption, columns, key, empty, read, rowsOf, scope, first = PAGE, quiet = false }) {
  const rows = table(caption, columns, key, empty);
  const place = h("div", {}, skeleton(6));
  const more = h("button", { type: "button", hidden: true, onclick: () => next() }, "More");
  const element = h("div", {}, place, h("div", { class: "more" }, more));
  let shown = [];
  let after = null;

  function show(page, before) {
    const read = rowsOf(page);
    const rest = before || page.after === null ? [] : shownAfter(read);
    const known = new Set((before ?? []).map(key));
    shown = [...(before ?? []), ...read.filter((row) => !known.has(key(row))), ...rest];
    after = rest.length ? after : page.after;
    more.hidden = after === null;
    rows.update(shown);
    if (place.firstElementChild !== rows.element) fill(place, rows.element);
  }

  /** The visible rows after those that were read again; none where their end is not among the visible rows. */
  function shownAfter(read) {
    const keys = new Set(read.map(key));
    const last = shown.findLastIndex((row) => key(row) === key(read.at(-1)));
    return last < 0 ? [] : shown.slice(last + 1).filter((row) => !keys.has(key(row)));
  }

  async function attempt(query, before, again) {
    try {
      show(await read(query), before);
    } catch (error) {
      handle(error, scope, (problem) => quiet || fill(place, errorState(problem, again)));
    }
  }

  const refresh = scope.throttled(500, () => attempt({ limit: Math.min(Math.max(shown.length, first), MOST_AT_ONCE) }, null, refresh));

  async function next() {
    more.disabled = true;
    await attempt({ limit: PAGE, after }, shown, next);
    more.disabled = false;
  }

  return { element, refresh };
}
