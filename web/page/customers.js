// The list of customers, and one customer with the orders.
import { get } from "./api.js";
import { customerLink, errorState, fill, h, icon, external, section, skeleton } from "./dom.js";
import { handle } from "./faults.js";
import { count, time } from "./format.js";
import { money } from "./money.js";
import { ORDER_COLUMNS } from "./order_list.js";
import { pagedTable } from "./paged.js";
import { table } from "./table.js";

const FIGURES = [
  { label: "Currency", cell: ({ currency }) => currency },
  { label: "Orders", number: true, cell: ({ orderCount }) => count(orderCount) },
  { label: "Shipped", number: true, cell: ({ shippedCount }) => count(shippedCount) },
  { label: "Cancelled", number: true, cell: ({ cancelledCount }) => count(cancelledCount) },
  { label: "Spend", number: true, cell: ({ totalSpend, currency }) => money(totalSpend, currency) },
  { label: "First order", cell: ({ firstOrderAt }) => time(firstOrderAt) },
  { label: "Last order", cell: ({ lastOrderAt }) => time(lastOrderAt) },
];

export function showCustomers(main, scope) {
  const list = pagedTable({
    caption: "Customers",
    columns: [{ label: "Customer", cell: ({ customerId }) => customerLink(customerId) }, ...FIGURES],
    key: ({ customerId, currency }) => `${customerId}\n${currency}`,
    empty: () => ["No customers yet", "A customer shows here with the first order."],
    read: (query) => get("/v1/customers", query, scope.signal),
    rowsOf: ({ customers }) => customers,
    scope,
  });
  fill(main, h("h1", {}, "Customers"), h("div", { class: "panel" }, list.element));
  list.refresh();
}

export function showCustomer(main, scope, { argument: customerId }) {
  const figures = h("div", {}, skeleton(2));
  const list = pagedTable({
    caption: "Orders of this customer",
    columns: ORDER_COLUMNS.filter(({ label }) => label !== "Customer"),
    key: ({ orderId }) => orderId,
    empty: () => ["No orders", "No customer with this id has placed an order."],
    read: (query) => get("/v1/orders", { customerId, ...query }, scope.signal),
    rowsOf: ({ orders }) => orders,
    scope,
  });
  const refreshFigures = scope.throttled(1000, () => showFigures(figures, customerId, scope));
  fill(
    main,
    h("a", { class: "crumb", href: "#/customers" }, icon("back"), "Customers"),
    h("h1", {}, "Customer ", external(customerId)),
    section("Orders and spend", {}, figures),
    section("Orders", { class: "own-orders" }, list.element),
  );
  list.refresh();
  refreshFigures();
  scope.stream("/v1/events", {
    opened: () => {},
    event: ({ data }) => {
      if (data.customerId !== customerId) return;
      list.refresh();
      refreshFigures();
    },
  });
}

async function showFigures(place, customerId, scope) {
  try {
    const { customers } = await get(`/v1/customers/${encodeURIComponent(customerId)}`, {}, scope.signal);
    const rows = table("Orders and spend", FIGURES, ({ currency }) => currency, () => ["No orders"]);
    rows.update(customers);
    fill(place, rows.element);
  } catch (error) {
    handle(error, scope, (problem) => {
      if (problem.status === 404) fill(place, h("p", { class: "dim" }, "This customer has placed no order."));
      else fill(place, errorState(problem, () => showFigures(place, customerId, scope)));
    });
  }
}
