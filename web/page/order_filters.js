// The filters of the orders' list. All of them are in the address, so that a bookmark is a saved view.
import { announce, h, toast } from "./dom.js";
import { labelled } from "./format.js";
import { toMinor } from "./money.js";
import { keepInAddress } from "./router.js";
import { STATUSES } from "./status.js";

const VIEWS = [
  ["Open", "status=placed&status=confirmed&status=paid"],
  ["On hold", "hold=yes"],
  ["Waiting", "hold=waiting"],
  ["Cancelled, not refunded", "status=cancelled&payment=paid"],
  ["Refunded", "payment=refunded"],
];
const HOLDS = [["", "any"], ["yes", "on hold"], ["no", "not on hold"], ["waiting", "on hold or payment failed"]];
const PAYMENTS = [["", "any"], ["none", "none"], ["paid", "paid"], ["refunded", "refunded"]];
const TEXT = { spellcheck: "false", autocomplete: "off", placeholder: "any" };

/** query: of the address. changed(): called after each change of the filters. */
export function orderFilters(query, changed) {
  const fields = {
    q: input("q", { type: "search", maxlength: "256", placeholder: "Name, address, id, SKU, tracking number" }),
    customer: input("customer", { maxlength: "128" }),
    from: h("input", { id: "filter-from", type: "datetime-local" }),
    to: h("input", { id: "filter-to", type: "datetime-local" }),
    hold: select("hold", HOLDS),
    payment: select("payment", PAYMENTS),
    country: input("country", { maxlength: "64", placeholder: "any, or DE" }),
    tag: input("tag", { maxlength: "40" }),
    metadata: input("metadata", { maxlength: "541", placeholder: "any, or channel:web" }),
    currency: input("currency", { maxlength: "3", size: "5", placeholder: "any, or EUR" }),
    min: input("min", { inputmode: "decimal", size: "8" }),
    max: input("max", { inputmode: "decimal", size: "8" }),
  };
  const statuses = STATUSES.map((name) => h("input", { type: "checkbox", id: `filter-status-${name}`, value: name }));
  const clear = h("button", { type: "button", class: "quiet", onclick: () => reset() }, "Clear");
  const problem = h("p", { class: "note", role: "alert" });
  const more = h("details", {}, h("summary", {}, "More filters"), h("div", { class: "filters" }, moreFields(fields)));

  for (const [name, field] of Object.entries(fields)) field.value = query.get(name) ?? "";
  for (const box of statuses) box.checked = query.getAll("status").includes(box.value);
  more.open = [...more.querySelectorAll("input, select")].some(({ value }) => value);

  const typed = () => ({ status: statuses.filter(({ checked }) => checked).map(({ value }) => value), ...trimmed(fields) });
  // A filter of the address that is wrong must not widen the list.
  const given = parameters(typed(), problem) ?? { minTotal: fields.min.value, maxTotal: fields.max.value };
  let values = { ...given, ...asInAddress(query, fields) };

  function apply() {
    const found = parameters(typed(), problem);
    clear.hidden = !isFiltered(typed());
    if (found === null) return;
    values = found;
    keepInAddress("/", typed());
    changed();
  }
  function reset() {
    for (const field of Object.values(fields)) field.value = "";
    for (const box of statuses) box.checked = false;
    apply();
    fields.q.focus();
  }
  clear.hidden = !isFiltered(typed());

  const boxes = statuses.map((box) => h("label", { class: "choice", for: box.id }, box, box.value));
  const element = h(
    "form",
    { class: "filters", "aria-label": "Filter the orders", onsubmit: (event) => (event.preventDefault(), apply()), onchange: apply },
    labelled("Search", fields.q),
    h("fieldset", { class: "choices" }, h("legend", {}, "Status"), boxes),
    labelled("Customer", fields.customer),
    labelled("Placed from", fields.from),
    labelled("to", fields.to),
    clear,
    more,
    problem,
    views(),
  );
  return { element, values: () => values };
}

const input = (name, props) => h("input", { id: `filter-${name}`, ...TEXT, ...props });

function select(name, options) {
  return h("select", { id: `filter-${name}` }, options.map(([value, text]) => h("option", { value }, text)));
}

function moreFields({ hold, payment, country, tag, metadata, currency, min, max }) {
  return [
    labelled("Hold", hold),
    labelled("Payment", payment),
    labelled("Country", country),
    labelled("Tag", tag),
    labelled("Metadata", metadata),
    labelled("Currency", currency),
    labelled("Total from", min),
    labelled("Total to", max),
  ];
}

/** Links to views that many need, and the address of the present one. */
function views() {
  const links = VIEWS.map(([name, query]) => h("a", { href: `#/?${query}` }, name));
  return h("div", { class: "views" }, h("span", { class: "dim" }, "Views"), links, h("button", { type: "button", class: "quiet", onclick: copyAddress }, "Copy link"));
}

async function copyAddress() {
  let text = "The link to this view is copied.";
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {
    text = "The browser does not let this page copy: copy the address above."; // no permission, or plain http
  }
  announce(text);
  toast(text);
}

/** Filters of the address that the form cannot show, from another release or by a mistake: the API refuses them. */
function asInAddress(query, fields) {
  const unknown = [...query].filter(([name]) => name !== "status" && !(name in fields));
  return { ...Object.fromEntries(unknown), status: query.getAll("status") };
}

const trimmed = (fields) => Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value.trim()]));

const isFiltered = ({ status, ...others }) => status.length > 0 || Object.values(others).some(Boolean);

/** The parameters of the API; null, with the reason shown, for an amount that is none. */
function parameters({ status, q, customer, from, to, hold, payment, country, tag, metadata, currency, min, max }, problem) {
  problem.textContent = "";
  try {
    return {
      status,
      q,
      customerId: customer,
      placedFrom: moment(from),
      placedTo: moment(to),
      onHold: { yes: "true", no: "false" }[hold] ?? "",
      waiting: hold === "waiting" ? "true" : "",
      payment,
      country,
      tag,
      metadata,
      currency: currency.toUpperCase(),
      minTotal: minor(min, currency),
      maxTotal: minor(max, currency),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problem.textContent = error.message;
    return null;
  }
}

function minor(text, currency) {
  if (!text) return "";
  if (!/^[a-z]{3}$/i.test(currency)) throw new RangeError("A total needs its currency, such as EUR.");
  return String(toMinor(text, currency.toUpperCase()));
}

/** The field holds local time, the API takes UTC. */
function moment(local) {
  const at = new Date(local);
  return local && !Number.isNaN(at.getTime()) ? at.toISOString() : "";
}
