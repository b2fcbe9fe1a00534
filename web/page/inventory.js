// Stock by SKU.
import { get } from "./api.js";
import { fill, h, external } from "./dom.js";
import { count } from "./format.js";
import { pagedTable } from "./paged.js";
import { badge } from "./status.js";

const COLUMNS = [
  { label: "SKU", cell: ({ sku }) => h("span", { class: "id" }, external(sku)) },
  { label: "Name", cell: ({ name }) => external(name) },
  { label: "Reserved", number: true, cell: ({ reserved }) => count(reserved) },
  { label: "Available", number: true, cell: ({ available }) => count(available) },
  { label: "State", cell: ({ available }) => (available > 0 ? badge("check", "in stock", "good") : badge("cancelled", "out of stock", "bad")) },
];

export function showInventory(main, scope) {
  const list = pagedTable({
    caption: "Stock levels",
    columns: COLUMNS,
    key: ({ sku }) => sku,
    empty: () => ["No stock levels", "They come in by orders inventory import."],
    read: (query) => get("/v1/inventory", query, scope.signal),
    rowsOf: ({ levels }) => levels,
    scope,
  });
  fill(main, h("h1", {}, "Inventory"), h("div", { class: "panel" }, list.element));
  scope.every(5000, list.refresh);
}
