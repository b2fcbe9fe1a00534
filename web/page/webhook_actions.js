// A person's changes of webhook endpoints, and the questions that are asked before.
import { patch } from "./api.js";
import { ask, openDialog } from "./dialog.js";
import { external, h, icon, toast } from "./dom.js";
import { may } from "./session.js";

const HOURS = /^\d{1,3}(\.\d+)?$/;
const pathOf = ({ id }, act = "") => `/v1/webhooks/endpoints/${encodeURIComponent(id)}${act && `/${act}`}`;
const text = (properties) => h("input", { autocomplete: "off", spellcheck: "false", ...properties });
const paragraph = (...parts) => h("p", {}, parts);

/** A button that the role operate may press. name: for screen readers, where the row alone says which. */
export function operateButton(label, onclick, name = label) {
  const allowed = may("operate");
  return h("button", { type: "button", class: "small", disabled: !allowed, title: allowed ? null : "Needs the role operate", "aria-label": name, onclick }, label);
}

export function endpointButtons(endpoint, done) {
  const { id, enabled } = endpoint;
  const named = (name) => `${name} ${id}`;
  return h(
    "div",
    { class: "actions" },
    operateButton("Test", () => askForTest(endpoint), named("Test")),
    operateButton("Rotate", () => askForRotation(endpoint, done), named("Rotate the secret of")),
    operateButton(enabled ? "Disable" : "Enable", () => askForChange(endpoint, done), named(enabled ? "Disable" : "Enable")),
  );
}

export function askForEndpoint(done) {
  const url = text({ type: "url", required: true, maxlength: "4096", placeholder: "https://" });
  const topics = text({ required: true, value: "order.*" });
  const description = text({ maxlength: "512" });
  const read = () => {
    const wanted = topics.value.split(/[\s,]+/).filter(Boolean);
    if (!url.value.trim()) throw new RangeError("Enter the address of the receiver.");
    if (!wanted.length) throw new RangeError("Name the events that are to be sent.");
    return { url: url.value.trim(), topics: wanted, description: description.value.trim() };
  };
  ask({
    title: "Add an endpoint",
    path: "/v1/webhooks/endpoints",
    fields: [
      { label: "Address", element: url, hint: "Of the receiver: https, on a public address." },
      { label: "Events", element: topics, hint: "Event types, order.*, a topic such as analytics.revenue, or *; separated by commas." },
      { label: "Description", element: description },
    ],
    body: read,
    explain: () => paragraph("Events from now on are sent there. The secret that signs them is shown once, after adding."),
    confirm: "Add",
    done: (added) => (done(), showSecret(added.secret)),
  });
}

function askForRotation(endpoint, done) {
  const overlap = text({ inputmode: "decimal", required: true, value: "24" });
  ask({
    title: "Rotate the secret",
    path: pathOf(endpoint, "rotate"),
    fields: [{ label: "Hours in which the older secrets still sign", element: overlap, hint: "0 if one has leaked." }],
    body: () => {
      if (!HOURS.test(overlap.value.trim())) throw new RangeError("Write the hours as a number such as 24.");
      return { overlapSeconds: Math.round(Number(overlap.value) * 3600) };
    },
    explain: () => paragraph("Messages to ", external(endpoint.url), " are signed by a new secret, which is shown once."),
    confirm: "Rotate",
    done: ({ secret }) => (done(), showSecret(secret)),
  });
}

function askForChange(endpoint, done) {
  const { url, enabled } = endpoint;
  ask({
    title: enabled ? "Disable the endpoint" : "Enable the endpoint",
    path: pathOf(endpoint),
    send: patch,
    body: () => ({ enabled: !enabled }),
    explain: () =>
      enabled
        ? paragraph("Nothing is sent to ", external(url), " any more: pending deliveries wait, new events are passed over.")
        : paragraph("Pending deliveries to ", external(url), " are sent first, then new events. Events that were passed over are not sent by this."),
    confirm: enabled ? "Disable" : "Enable",
    danger: enabled,
    done: ({ missedFrom }) => {
      done();
      toast(enabled ? "The endpoint is disabled." : `The endpoint is enabled.${missedFrom ? ` Events from position ${missedFrom} on were passed over: replay them.` : ""}`);
    },
  });
}

function askForTest(endpoint) {
  ask({
    title: "Send a test message",
    path: pathOf(endpoint, "test"),
    explain: () => paragraph("One message of the type webhooks.test is sent to ", external(endpoint.url), ", once and now, also while the endpoint is disabled."),
    confirm: "Send",
    done: showTrial,
  });
}

function showTrial({ status, error, response, milliseconds }) {
  const outcome = error ? `Not accepted: ${error}` : `Accepted: answered ${status}`;
  openDialog("Test message", (close) => [
    h("p", { class: "banner", "data-tone": error ? "bad" : "good", role: "status" }, icon(error ? "failing" : "check"), h("span", {}, external(`${outcome}, after ${milliseconds} ms`))),
    response && h("pre", { class: "message", tabindex: "0", "aria-label": "Answer" }, external(response)),
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: close }, "Close")),
  ].filter(Boolean));
}

/** secret: null where the server has shown it before. */
function showSecret(secret) {
  const field = secret && h("input", { readonly: true, value: secret, "aria-label": "Secret", class: "id" });
  openDialog("The secret", (close) => [
    h("div", { class: "form" },
      field ?? h("p", {}, "It was shown before, and is shown once. Rotate it for another."),
      field && h("p", { class: "hint" }, "Copy it now: it is not shown again."),
      h("div", { class: "buttons" }, h("button", { type: "button", onclick: close }, "Close"))),
  ]);
  field?.select();
}
