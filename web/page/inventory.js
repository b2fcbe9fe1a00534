// Stock by SKU, and the changes of it by persons.
import { get } from "./api.js";
import { external, fill, h, orderLink, section, visible } from "./dom.js";
import { count, time } from "./format.js";
import { askForChange, askForLevel } from "./inventory_actions.js";
import { pagedTable } from "./paged.js";
import { may } from "./session.js";
import { badge } from "./status.js";

const skuColumn = { label: "SKU", cell: ({ sku }) => h("span", { class: "id" }, external(sku)) };
const number = (value) => (value === null ? "–" : count(value));
const signed = (change) => (change > 0 ? `+${count(change)}` : count(change));

const COLUMNS = [
  skuColumn,
  { label: "Name", cell: ({ name }) => external(name || "–") },
  { label: "Reserved", number: true, cell: ({ reserved }) => count(reserved) },
  { label: "Available", number: true, cell: ({ available }) => count(available) },
  { label: "State", cell: ({ available }) => (available > 0 ? badge("check", "in stock", "good") : badge("cancelled", "out of stock", "bad")) },
];

const ADJUSTMENTS = [
  { label: "Recorded", cell: ({ at }) => time(at) },
  skuColumn,
  { label: "Kind", cell: ({ kind, orderId }) => [kind, orderId && [" of ", orderLink(orderId)]] },
  { label: "Change", number: true, cell: ({ change }) => signed(change) },
  { label: "Before", number: true, cell: ({ before }) => number(before) },
  { label: "After", number: true, cell: ({ after }) => number(after) },
  { label: "By", cell: ({ actor }) => external(actor) },
  { label: "Reason", cell: ({ reason }) => h("span", { class: "long" }, external(reason || "–")) },
];

export function showInventory(main, scope) {
  const changed = () => (list.refresh(), adjustments.refresh());
  const list = pagedTable({
    caption: "Stock levels",
    columns: [...COLUMNS, { label: "Change", cell: (level) => buttons(level, changed) }],
    key: ({ sku }) => sku,
    empty: () => ["No stock levels", "They come in by orders inventory import."],
    read: (query) => get("/v1/inventory", query, scope.signal),
    rowsOf: ({ levels }) => levels,
    scope,
  });
  const adjustments = pagedTable({
    caption: "Adjustments",
    columns: ADJUSTMENTS,
    key: ({ id }) => id,
    empty: () => ["No adjustments"],
    read: (query) => get("/v1/inventory/adjustments", query, scope.signal),
    rowsOf: ({ adjustments: rows }) => rows,
    scope,
  });
  fill(main, h("h1", {}, "Inventory"), h("div", { class: "panel" }, list.element), section("Adjustments", {}, adjustments.element));
  scope.every(5000, changed);
}

function buttons(level, done) {
  const button = (name, ask) =>
    h("button", { type: "button", class: "small", disabled: !may("operate"), title: may("operate") ? null : "Needs the role operate", "aria-label": `${name} ${visible(level.sku)}`, onclick: () => ask(level, done) }, name);
  return h("div", { class: "actions" }, button("Adjust", askForChange), button("Set", askForLevel));
}
