// Tables that become cards on a phone, and take new rows without moving the reader's position.
import { emptyState, fill, h, keepingFocus, printOf } from "./dom.js";
import { count } from "./format.js";

const FOLD = 20; // rows

/**
 * columns: `{label, cell(row), number?}`; key(row): identifies a row; empty: title and detail where there are none.
 * Roles are spelled out because a table that is laid out as cards is no table to assistive software otherwise.
 */
export function table(caption, columns, key, empty) {
  const heads = columns.map(({ label, number }) => h("th", { scope: "col", role: "columnheader", class: number && "number" }, label));
  const body = h("tbody", { role: "rowgroup" });
  const element = h(
    "table",
    { role: "table" },
    h("caption", { class: "hidden" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)),
    body,
  );
  const holder = h("div", { class: "table" });
  const shown = new Map();

  function rowOf(row, isNew) {
    const cells = columns.map(({ label, cell, number }) =>
      h("td", { role: "cell", "data-label": label, class: number && "number" }, h("div", { class: "cell" }, cell(row))),
    );
    return h("tr", { role: "row", class: isNew && "changed" }, cells);
  }

  function update(rows) {
    const before = shown.size > 0;
    const wanted = new Map(rows.map((row) => [key(row), row]));
    for (const [id, { line }] of shown) {
      if (wanted.has(id)) continue;
      line.remove();
      shown.delete(id);
    }
    let last = null;
    for (const [id, row] of wanted) {
      const line = lineFor(id, row, before);
      const place = last ? last.nextElementSibling : body.firstElementChild; // after lineFor, which may replace the line there
      if (line !== place) body.insertBefore(line, place);
      last = line;
    }
    const content = rows.length ? element : emptyState(...empty());
    if (holder.firstElementChild !== content) fill(holder, content);
  }

  function lineFor(id, row, before) {
    const print = printOf(row);
    const known = shown.get(id);
    if (known?.print === print) return known.line;
    const line = rowOf(row, before);
    if (known) keepingFocus(known.line, () => (known.line.replaceWith(line), line));
    shown.set(id, { line, print });
    return line;
  }

  return { element: holder, update };
}

/** A table that does not change; of a long one the first rows, and a button for the others. rows: at least one. noun: of the rows. */
export function foldedTable(caption, columns, key, rows, noun) {
  const list = table(caption, columns, key, () => []);
  const folded = rows.length > FOLD * 1.5;
  list.update(folded ? rows.slice(0, FOLD) : rows);
  const unfold = () => {
    list.update(rows);
    more.remove();
    const next = list.element.querySelectorAll("tbody tr")[FOLD];
    next.tabIndex = -1; // the button that had the focus is gone
    next.focus();
  };
  const more = h("div", { class: "more" }, h("button", { type: "button", onclick: unfold }, `Show all ${count(rows.length)} ${noun}`));
  return [list.element, folded && more];
}
