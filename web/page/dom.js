// Elements from data. Text is inserted as text nodes alone, so data never becomes markup.

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

/** Replaces the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

const REACHABLE = "a, button, input, select, textarea, summary";
const prints = new WeakMap();

/**
 * Shows polled data: does nothing while it is unchanged, so that focus and selection are kept, and restores the focus
 * after a change. build(): the children.
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

/** change(): returns the replacement of the old element. */
export function keepingFocus(old, change) {
  const place = [...old.querySelectorAll(REACHABLE)].indexOf(document.activeElement);
  const now = change();
  if (place >= 0) now.querySelectorAll(REACHABLE)[place]?.focus({ preventScroll: true });
}

/** A decorative icon: the text beside it has the same meaning. */
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
 * External text: isolated in direction, and with control characters as symbols, so that it can neither reorder the text
 * around it nor hide.
 */
export function external(text) {
  return h("bdi", {}, visible(String(text ?? "")));
}

export function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (found) =>
    found === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + found.charCodeAt(0)),
  );
}

export function orderLink(orderId) {
  return h("a", { href: `#/orders/${encodeURIComponent(orderId)}`, class: "id" }, external(orderId));
}

export function customerLink(customerId) {
  return h("a", { href: `#/customers/${encodeURIComponent(customerId)}`, class: "id" }, external(customerId));
}

/** Focuses the heading, where reading of a new page begins. */
export function focusHeading() {
  const heading = document.querySelector("main h1") ?? document.querySelector("main");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Announces a change to screen readers. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Shows a confirmation for a few seconds. */
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

/** The server's error, with a button to try again. */
export function errorState(error, again) {
  return h(
    "div",
    { class: "state bad", role: "alert" },
    icon("failing", "big"),
    h("p", { class: "strong" }, visible(error.title ?? "Something went wrong")),
    h("p", {}, visible(error.message)),
    error.errors?.length > 0 && h("ul", {}, error.errors.map(({ parameter, pointer, detail }) => h("li", {}, visible(`${parameter ?? pointer} ${detail}`)))),
    again && h("button", { type: "button", onclick: again }, "Try again"),
  );
}
