// Webhook endpoints and deliveries. Shown only where the server has webhooks.
import { get } from "./api.js";
import { ask } from "./dialog.js";
import { fill, h, orderLink, external, section, toast } from "./dom.js";
import { handle } from "./faults.js";
import { count, relative, time } from "./format.js";
import { pagedTable } from "./paged.js";
import { may } from "./session.js";
import { badge } from "./status.js";

const STATES = { pending: ["running", "busy"], delivered: ["check", "good"], parked: ["parked", "bad"] };
const REFRESH = 2000; // milliseconds

const ENDPOINTS = [
  { label: "Endpoint", cell: ({ url, description }) => h("span", { class: "long" }, external(url), description && h("span", { class: "dim block" }, external(description))) },
  { label: "Events", cell: (row) => h("span", { class: "long" }, external(row.topics.join(", "))) },
  { label: "State", cell: (row) => endpointState(row) },
];

function endpointState({ enabled, disabledReason, replay }) {
  const state = enabled ? badge("check", "enabled", "good") : badge("held", "disabled", "held");
  const why = !enabled && disabledReason && h("span", { class: "dim block long" }, external(disabledReason));
  const again = replay && h("span", { class: "dim block" }, `sent again up to ${count(replay.position)} of ${count(replay.until)}`);
  return [state, why, again];
}

/** The sections; none where the server has no /v1/webhooks. */
export async function webhookSections(scope) {
  try {
    await get("/v1/webhooks/endpoints", { limit: 1 }, scope.signal);
  } catch (error) {
    handle(error, scope, () => {});
    return [];
  }
  return [section("Webhook endpoints", {}, endpoints(scope)), deliveries(scope)];
}

function endpoints(scope) {
  const list = pagedTable({
    caption: "Webhook endpoints",
    columns: ENDPOINTS,
    key: ({ id }) => id,
    empty: () => ["No endpoints", "Add one with orders webhooks add."],
    read: (query) => get("/v1/webhooks/endpoints", query, scope.signal),
    rowsOf: (page) => page.endpoints,
    scope,
  });
  scope.every(REFRESH, list.refresh);
  return list.element;
}

function deliveries(scope) {
  const status = h("select", { id: "delivery-status" }, h("option", { value: "" }, "any state"), Object.keys(STATES).map((each) => h("option", { value: each }, each)));
  const place = h("div", {});
  const show = () => fill(place, deliveryList(scope, status.value));
  status.addEventListener("change", show);
  show();
  return section("Webhook deliveries", { extra: h("label", { for: "delivery-status", class: "filters" }, h("span", {}, "State"), status) }, place);
}

function deliveryList(scope, status) {
  const list = pagedTable({
    caption: "Webhook deliveries",
    columns: columns(() => list.refresh()),
    key: ({ id }) => id,
    empty: () => ["No deliveries", "Deliveries to endpoints are shown here."],
    read: (query) => get("/v1/webhooks/deliveries", { status, ...query }, scope.signal),
    rowsOf: (page) => page.deliveries,
    scope,
  });
  scope.every(REFRESH, async () => list.element.isConnected && list.refresh());
  list.refresh();
  return list.element;
}

function columns(refresh) {
  return [
    { label: "State", cell: ({ status }) => badge(STATES[status]?.[0] ?? "lost", status, STATES[status]?.[1] ?? "none") },
    { label: "Order", cell: ({ orderId }) => orderLink(orderId) },
    { label: "Event", cell: ({ type }) => external(type) },
    { label: "Endpoint", cell: ({ endpointId }) => h("span", { class: "id" }, external(endpointId)) },
    { label: "Attempts", number: true, cell: ({ attempts }) => count(attempts) },
    { label: "Last response", cell: ({ lastStatus, lastError }) => h("span", { class: "long" }, external([lastStatus, lastError].filter(Boolean).join(" ") || "–")) },
    { label: "Next attempt", cell: ({ nextAttemptAt }) => relative(nextAttemptAt) },
    { label: "Created", cell: ({ createdAt }) => time(createdAt) },
    { label: "Retry", cell: (row) => row.status === "parked" && retryButton(row, refresh) },
  ];
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
  return h("button", { type: "button", class: "small", disabled: !may("operate"), onclick: open }, "Retry");
}
