// Webhook endpoints and deliveries.
import { get } from "./api.js";
import { showDelivery } from "./delivery.js";
import { ask } from "./dialog.js";
import { fill, h, orderLink, external, section, toast } from "./dom.js";
import { count, labelled, relative, time } from "./format.js";
import { pagedTable } from "./paged.js";
import { badge } from "./status.js";
import { askForEndpoint, endpointButtons, operateButton } from "./webhook_actions.js";

const STATES = { pending: ["running", "busy"], delivered: ["check", "good"], parked: ["parked", "bad"] };
const REFRESH = 2000; // milliseconds

const ENDPOINTS = [
  { label: "Endpoint", cell: ({ id, url, description }) => h("span", { class: "long" }, external(url), h("span", { class: "dim block id" }, external(id)), description && h("span", { class: "dim block" }, external(description))) },
  { label: "Events", cell: (row) => h("span", { class: "long" }, external(row.topics.join(", "))) },
  { label: "State", cell: (row) => endpointState(row) },
];

function endpointState({ enabled, disabledReason, replay }) {
  const state = enabled ? badge("check", "enabled", "good") : badge("held", "disabled", "held");
  const why = !enabled && disabledReason && h("span", { class: "dim block long" }, external(disabledReason));
  const again = replay && h("span", { class: "dim block" }, `sent again up to ${count(replay.position)} of ${count(replay.until)}`);
  return [state, why, again];
}

export function webhookSections(scope) {
  return [endpoints(scope), deliveries(scope)];
}

function endpoints(scope) {
  const list = pagedTable({
    caption: "Webhook endpoints",
    columns: [...ENDPOINTS, { label: "Change", cell: (row) => endpointButtons(row, () => list.refresh()) }],
    key: ({ id }) => id,
    empty: () => ["No endpoints", "Add one to have events sent to another system."],
    read: (query) => get("/v1/webhooks/endpoints", query, scope.signal),
    rowsOf: (page) => page.endpoints,
    scope,
  });
  scope.every(REFRESH, list.refresh);
  return section("Webhook endpoints", { extra: operateButton("Add an endpoint", () => askForEndpoint(() => list.refresh())) }, list.element);
}

function deliveries(scope) {
  const status = h("select", { id: "delivery-status" }, h("option", { value: "" }, "any"), Object.keys(STATES).map((each) => h("option", { value: each }, each)));
  const field = (id) => h("input", { id, maxlength: "128", spellcheck: "false", autocomplete: "off", placeholder: "any" });
  const [endpointId, orderId, type] = ["delivery-endpoint", "delivery-order", "delivery-event"].map(field);
  const place = h("div", {});
  const show = () => {
    const given = Object.entries({ status, endpointId, orderId, type }).map(([name, { value }]) => [name, value.trim()]);
    fill(place, deliveryList(scope, Object.fromEntries(given)));
  };
  const filters = h(
    "form",
    { class: "filters", "aria-label": "Filter the deliveries", onsubmit: (event) => (event.preventDefault(), show()), onchange: show },
    labelled("State", status),
    labelled("Endpoint", endpointId),
    labelled("Order", orderId),
    labelled("Event", type),
  );
  show();
  return section("Webhook deliveries", { extra: filters, class: "deliveries" }, place);
}

function deliveryList(scope, filters) {
  const list = pagedTable({
    caption: "Webhook deliveries",
    columns: columns(() => list.refresh(), scope),
    key: ({ id }) => id,
    empty: () => ["No deliveries", Object.values(filters).some(Boolean) ? "None is found by these filters." : "Deliveries to endpoints are shown here."],
    read: (query) => get("/v1/webhooks/deliveries", { ...filters, ...query }, scope.signal),
    rowsOf: (page) => page.deliveries,
    scope,
  });
  scope.every(REFRESH, async () => list.element.isConnected && list.refresh());
  list.refresh();
  return list.element;
}

function columns(refresh, scope) {
  return [
    { label: "State", cell: ({ status }) => badge(STATES[status]?.[0] ?? "lost", status, STATES[status]?.[1] ?? "none") },
    { label: "Order", cell: ({ orderId }) => orderLink(orderId) },
    { label: "Event", cell: ({ type }) => h("span", { class: "whole" }, external(type)) },
    { label: "Endpoint", cell: ({ endpointId }) => h("span", { class: "id whole" }, external(endpointId)) },
    { label: "Attempts", number: true, cell: ({ attempts }) => count(attempts) },
    { label: "Last response", cell: ({ lastStatus, lastError }) => h("span", { class: "long" }, external([lastStatus, lastError].filter(Boolean).join(" ") || "–")) },
    { label: "Next attempt", cell: ({ nextAttemptAt }) => relative(nextAttemptAt) },
    { label: "Created", cell: ({ createdAt }) => time(createdAt) },
    { label: "Look", cell: (row) => deliveryButtons(row, refresh, scope) },
  ];
}

function deliveryButtons(row, refresh, scope) {
  const { id, status } = row;
  const show = h("button", { type: "button", class: "small", "aria-label": `Show delivery ${id}`, onclick: () => showDelivery(id, scope) }, "Show");
  return h("div", { class: "actions" }, show, status === "parked" && retryButton(row, refresh));
}

function retryButton({ id }, refresh) {
  const open = () =>
    ask({
      title: "Retry this delivery",
      path: `/v1/webhooks/deliveries/${encodeURIComponent(id)}/retry`,
      explain: () => h("p", {}, "It is sent again with the same id, so that a receiver can recognise a repetition."),
      confirm: "Retry",
      done: () => (toast("The delivery is retried."), refresh()),
    });
  return operateButton("Retry", open);
}
