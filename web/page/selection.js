// Orders of a list that are chosen for a bulk action, and the bar with the actions.
import { actButtons } from "./bulk.js";
import { MOST, idsOf } from "./bulk_request.js";
import { h, toast, visible } from "./dom.js";
import { handle } from "./faults.js";
import { count } from "./format.js";
import { may } from "./session.js";

/** values(): the filter of the list; changed(): called after an action. Without a role for any action there is nothing to choose. */
export function selection(values, scope, changed) {
  const chosen = new Set();
  let shown = [];
  let last = null; // the box that was clicked last, from which shift selects on
  const all = h("input", { type: "checkbox", id: "select-shown", onclick: () => chooseShown(all.checked) });
  const number = h("span", { role: "status" });
  const found = h("button", { type: "button", class: "quiet small", onclick: () => chooseFound() }, "Select all that the filter finds");
  const clearing = h("button", { type: "button", class: "quiet small", onclick: () => clear() }, "Clear");
  const acts = h("div", { class: "actions", role: "group", "aria-label": "Act on the selected orders" }, actButtons(() => [...chosen], ended));
  const element = h("div", { class: "selection", hidden: true }, h("label", { for: "select-shown" }, all, "Select all shown"), number, found, clearing, acts);

  const boxes = () => [...document.querySelectorAll("input.pick")];

  function show() {
    element.hidden = !may("write") || (!shown.length && !chosen.size);
    for (const box of boxes()) box.checked = chosen.has(box.value);
    const some = shown.some((id) => chosen.has(id));
    all.checked = some && shown.every((id) => chosen.has(id));
    all.indeterminate = some && !all.checked;
    number.textContent = chosen.size ? `${count(chosen.size)} selected` : "";
    clearing.hidden = acts.hidden = !chosen.size;
  }

  function choose(ids, wanted) {
    for (const id of ids) wanted ? chosen.add(id) : chosen.delete(id);
    show();
  }

  const chooseShown = (wanted) => choose(shown, wanted);

  async function chooseFound() {
    found.disabled = true;
    try {
      const ids = await idsOf(values(), scope.signal);
      if (ids.length > MOST) toast(`The filter finds more than ${count(MOST)} orders, the most of one action: narrow it.`);
      else choose(ids, true);
    } catch (error) {
      handle(error, scope, ({ message }) => toast(`Not selected: ${visible(message)}`));
    } finally {
      found.disabled = false;
    }
  }

  function clear() {
    chosen.clear();
    show();
  }

  function ended(settled) {
    choose(settled, false);
    changed();
  }

  function click(id, { target, shiftKey }) {
    const [from, to] = [shown.indexOf(last), shown.indexOf(id)].sort((one, other) => one - other);
    choose(shiftKey && from >= 0 ? shown.slice(from, to + 1) : [id], target.checked);
    last = id;
  }

  /** The columns of the list, with a box in the first. */
  function columns([first, ...rest]) {
    if (!may("write")) return [first, ...rest];
    const box = (id) => h("input", { type: "checkbox", class: "pick", value: id, checked: chosen.has(id), "aria-label": `Select order ${visible(id)}`, onclick: (event) => click(id, event) });
    return [{ ...first, cell: (row) => h("span", { class: "picked" }, box(row.orderId), first.cell(row)) }, ...rest];
  }

  /** Called with the ids that the list shows; those chosen stay so when they leave the list. */
  function update(ids) {
    shown = ids;
    show();
  }

  return { element, columns, update, clear };
}
