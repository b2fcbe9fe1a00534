// A list loaded by pages, each by the cursor of the one before.
import { errorState, fill, h, skeleton } from "./dom.js";
import { handle } from "./faults.js";
import { table } from "./table.js";

const PAGE = 50;
const MOST_AT_ONCE = 200;

/**
 * read(query): a page by `limit` and `after`; rowsOf(page): its rows. refresh() reloads the visible rows, at most 200.
 * quiet: after a failed read the rows stay, and another part of the view shows the error.
 */
export function pagedTable({ caption, columns, key, empty, read, rowsOf, scope, quiet = false }) {
  const rows = table(caption, columns, key, empty);
  const place = h("div", {}, skeleton(6));
  const more = h("button", { type: "button", hidden: true, onclick: () => next() }, "More");
  const element = h("div", {}, place, h("div", { class: "more" }, more));
  let shown = [];
  let after = null;

  function show(page, before) {
    shown = [...before, ...rowsOf(page)];
    after = page.after;
    more.hidden = after === null;
    rows.update(shown);
    if (place.firstElementChild !== rows.element) fill(place, rows.element);
  }

  async function attempt(query, before, again) {
    try {
      show(await read(query), before);
    } catch (error) {
      handle(error, scope, (problem) => quiet || fill(place, errorState(problem, again)));
    }
  }

  const refresh = scope.throttled(500, () => attempt({ limit: Math.min(Math.max(shown.length, PAGE), MOST_AT_ONCE) }, [], refresh));

  async function next() {
    more.disabled = true;
    await attempt({ limit: PAGE, after }, shown, next);
    more.disabled = false;
  }

  return { element, refresh };
}
