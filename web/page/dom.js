// Elements from data. Text only ever enters as text nodes: there is no way here to turn data into markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element. props: attributes; `on*` are listeners, `class` and `data-*` as in HTML, null and false leave out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(4).filter((each) => each !== null && each !== undefined && each !== false);
}

/** Puts these children in the place of what the element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

const REACHABLE = "a, button, input, select, textarea, summary";
const prints = new WeakMap();

/**
 * Shows data that is asked for again and again: does nothing while it is the same, so that neither focus nor a
 * selection is lost, and gives the focus back to its place where it is another. build(): the children.
 */
export function renew(element, data, build) {
  const print = printOf(data);
  if (prints.get(element) === print) return;
  prints.set(element, print);
  keepingFocus(element, () => {
    fill(element, build());
    return element;
  });
}

export function printOf(data) {
  return JSON.stringify(data, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}

/** change(): returns what stands in the old element's place. */
export function keepingFocus(old, change) {
  const place = [...old.querySelectorAll(REACHABLE)].indexOf(document.activeElement);
  const now = change();
  if (place >= 0) now.querySelectorAll(REACHABLE)[place]?.focus({ preventScroll: true });
}

/** A picture that says nothing which the text beside it does not. */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * Text that people outside wrote: on its own in direction, and with control characters as their pictures, so that it
 * can neither reorder its neighbours nor hide.
 */
export function said(text) {
  return h("bdi", {}, visible(String(text ?? "")));
}

export function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (found) =>
    found === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + found.charCodeAt(0)),
  );
}

export function orderLink(orderId) {
  return h("a", { href: `#/orders/${encodeURIComponent(orderId)}`, class: "id" }, said(orderId));
}

export function customerLink(customerId) {
  return h("a", { href: `#/customers/${encodeURIComponent(customerId)}`, class: "id" }, said(customerId));
}

/** Puts the focus where a new page would have begun to be read. */
export function focusHeading() {
  const heading = document.querySelector("main h1") ?? document.querySelector("main");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Says something to people who cannot see the page change. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Says that something was done, for a few seconds. */
export function toast(text) {
  const note = h("p", { class: "toast" }, icon("check"), h("span", {}, visible(text)));
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

/** A section with its heading. */
export function section(title, props, ...children) {
  const id = `heading-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  const { extra = null, class: kind = "", ...rest } = props;
  const head = h("div", { class: "section-head" }, h("h2", { id }, title), extra);
  return h("section", { "aria-labelledby": id, class: `panel ${kind}`.trim(), ...rest }, head, ...children);
}

export function skeleton(lines) {
  const bars = Array.from({ length: lines }, () => h("div", { class: "skeleton" }));
  return h("div", { class: "skeletons", "aria-busy": "true" }, h("span", { class: "hidden" }, "Loading"), bars);
}

export function emptyState(title, detail) {
  return h("div", { class: "state" }, icon("empty", "big"), h("p", { class: "strong" }, title), detail && h("p", {}, detail));
}

/** What went wrong, in the server's words, with a way to try again. */
export function errorState(error, again) {
  return h(
    "div",
    { class: "state bad", role: "alert" },
    icon("failing", "big"),
    h("p", { class: "strong" }, visible(error.title ?? "Something went wrong")),
    h("p", {}, visible(error.message)),
    again && h("button", { type: "button", onclick: again }, "Try again"),
  );
}
