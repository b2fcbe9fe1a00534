// One order: its status, money, goods and events, and the actions of a person.
import { get } from "./api.js";
import { kindWord, outsideLink } from "./attention.js";
import { announce, emptyState, errorState, fill, h, icon, renew, external, section, skeleton } from "./dom.js";
import { handle } from "./faults.js";
import { relative, time } from "./format.js";
import { actionBar, reviseDialog } from "./order_actions.js";
import { metadataFacts, noteForm, tagBar } from "./order_annotations.js";
import { addressFacts, adjustmentTable, cancellationNote, goodsFacts, itemTable, moneyFacts, refundTable, steps } from "./order_facts.js";
import { timelineList, workflowList } from "./order_timeline.js";
import { badge, eventName, paymentWord, statusBadge } from "./status.js";

const TOGETHER = 150; // milliseconds: what happens at once is read once
const WORKFLOWS = 3000; // a workflow ends without an event
const ATTENTION = 15_000; // a step fails without an event, and without a change of its workflow
const QUIET = 30_000; // by then what an event starts has started

export function showOrder(main, scope, { argument: orderId }) {
  const path = `/v1/orders/${encodeURIComponent(orderId)}`;
  const tags = tagBar(path, () => refresh());
  const places = layout(main, orderId, tags.element, noteForm(path, () => refresh()));
  let seen = 0;
  let streaming = false;
  let ended = false;
  let looking = false;
  let looked = { at: 0, found: null };
  let lastChange = Date.now();

  async function read() {
    try {
      const [order, timeline] = await Promise.all([get(path, {}, scope.signal), get(`${path}/timeline`, {}, scope.signal)]);
      show(places, order, timeline, refresh);
      tags.show(order);
      reviseDialog(order);
      seen = Math.max(seen, timeline.events.at(-1)?.version ?? 0);
      ended = Date.now() - lastChange > QUIET && isEnded(order, timeline.workflows);
      if (!streaming) follow();
      const found = JSON.stringify([order.version, timeline.workflows]);
      if (looking || (found === looked.found && Date.now() - looked.at < ATTENTION)) return;
      looked = { at: Date.now(), found };
      showStuck(order, timeline.workflows);
    } catch (error) {
      handle(error, scope, failed);
    }
  }

  /** Beside the reading, which does not wait for Temporal. */
  async function showStuck(order, workflows) {
    looking = true;
    try {
      const stuck = isOver(order, workflows) ? [] : await failing(orderId, scope.signal);
      renew(places.stuck, stuck, () => stuck.map(stuckNote));
    } catch (error) {
      handle(error, scope, () => {}); // the next look follows
    } finally {
      looking = false;
    }
  }

  const refresh = scope.throttled(TOGETHER, read);

  function failed(problem) {
    if (problem.status === 404) fill(places.body, emptyState("No such order", "Nothing was ever placed under this id."));
    else if (!seen) fill(places.body, errorState(problem, refresh));
  }

  function follow() {
    streaming = true;
    const event = ({ data }) => {
      if (data.version <= seen) return;
      seen = data.version;
      lastChange = Date.now();
      ended = false;
      announce(`Order ${eventName(data.type)[1].toLowerCase()}`);
      refresh();
    };
    scope.stream(`${path}/events`, { opened: refresh, event }, seen);
    scope.every(WORKFLOWS, async () => ended || refresh());
  }

  refresh();
}

/** True where all work of the order has been done. */
function isOver({ status }, workflows) {
  return ["shipped", "cancelled"].includes(status) && (workflows ?? []).every((each) => each.status === "completed");
}

/** Failing steps, and lost and stalled workflows. Holds have a note of their own. */
async function failing(orderId, signal) {
  const { stuck } = await get("/v1/attention", { orderId }, signal);
  return stuck.filter(({ kind }) => kind !== "onHold");
}

function stuckNote({ kind, step, since, error, nextRetry, url }) {
  const next = nextRetry ? ["The next attempt is ", relative(nextRetry), "."] : "It needs a person.";
  return h(
    "p",
    { class: "banner", "data-tone": "bad" },
    icon("failing"),
    h("span", { class: "long" }, h("strong", {}, kindWord(kind), ": "), external(step), since && [" since ", time(since)], ". ", external(error), ". ", next, url && [" ", outsideLink(url, "Temporal")]),
  );
}

/** True where the workflows do no further step until another event. */
function isEnded({ status }, workflows) {
  return ["shipped", "cancelled"].includes(status) && (workflows ?? []).every((each) => each.status !== "running");
}

function layout(main, orderId, tags, note) {
  const places = Object.fromEntries(
    ["badges", "actions", "steps", "stuck", "items", "money", "refunds", "adjustments", "goods", "address", "metadata", "timeline", "workflows"].map((name) => [name, h("div", { class: `order-${name}` })]),
  );
  places.items.append(skeleton(3));
  places.timeline.append(skeleton(4));
  places.body = h(
    "div",
    { class: "order" },
    places.steps,
    places.stuck,
    h("div", { class: "wide" }, section("Items", {}, places.items), section("Timeline", {}, places.timeline, note), section("Workflows", {}, places.workflows)),
    h("div", { class: "side" }, section("Money", {}, places.money, places.refunds, places.adjustments), section("Goods", {}, places.goods), section("Deliver to", {}, places.address), section("Metadata", { class: "order-metadata-panel" }, places.metadata)),
  );
  fill(
    main,
    h("a", { class: "crumb", href: "#/" }, icon("back"), "Orders"),
    h("div", { class: "order-head" }, h("div", { class: "order-title" }, h("h1", {}, "Order ", external(orderId)), places.badges), places.actions),
    tags,
    places.body,
  );
  return places;
}

function show(places, order, timeline, refresh) {
  const { events, workflows, restocks } = timeline;
  renew(places.badges, [order.status, order.hold, order.paymentState, order.refunded], () => [
    statusBadge(order.status),
    order.hold && badge("held", "on hold", "held"),
    paymentBadge(order),
  ]);
  renew(places.actions, [order, workflows], () => actionBar(order, workflows, refresh));
  renew(places.steps, [order, events], () => [steps(order, events), holdNote(order, events), waitingNote(order), cancellationNote(order)]);
  renew(places.items, [order.items, order.adjustments], () => itemTable(order));
  renew(places.money, order, () => moneyFacts(order));
  renew(places.refunds, order.refunds, () => refundTable(order));
  renew(places.adjustments, order.paymentAdjustments, () => adjustmentTable(order));
  renew(places.goods, [order, workflows], () => goodsFacts(order, workflows));
  renew(places.address, order, () => addressFacts(order));
  renew(places.metadata, order.metadata, () => metadataFacts(order));
  renew(places.timeline, [events, restocks], () => timelineList(events, restocks));
  renew(places.workflows, workflows, () => workflowList(workflows));
}

/** None where the status has the same word, or there is no payment. */
function paymentBadge({ status, paymentState, refunded }) {
  const word = paymentWord(paymentState, refunded);
  if (word === "none" || word === status) return null;
  return badge(paymentState === "refunded" ? "refunded" : "paid", word, "paid");
}

function waitingNote({ paymentFailure }) {
  if (!paymentFailure) return null;
  return h("p", { class: "banner", "data-tone": "held" }, icon("held"), h("span", { class: "long" }, h("strong", {}, "Payment failed: "), external(paymentFailure.reason), " Waits until ", time(paymentFailure.waitsUntil)));
}

function holdNote({ hold }, events) {
  if (!hold) return null;
  const held = events.findLast((event) => event.type === "order.held");
  return h("p", { class: "banner", "data-tone": "held" }, icon("held"), h("span", { class: "long" }, h("strong", {}, "On hold: "), external(hold.reason), held && [", by ", external(held.actor)]));
}
