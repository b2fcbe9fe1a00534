// Notes, tags and metadata of an order: no dialog asks first, as they change nothing else about it.
import { newKey, post, send } from "./api.js";
import { external, fill, h, icon, renew, visible } from "./dom.js";
import { handle } from "./faults.js";
import { facts } from "./order_facts.js";
import { may } from "./session.js";

/** The order's tags with a form for another one. path: of the order; done(): called after a change. */
export function tagBar(path, done) {
  const list = h("ul", { class: "tags", "aria-label": "Tags" });
  const input = h("input", { maxlength: "40", size: "12", autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: "add a tag", "aria-label": "Add a tag" });
  const fault = h("p", { class: "fault", role: "alert" });
  const change = once(fault, async (method, tag) => {
    await send(method, `${path}/tags/${encodeURIComponent(tag)}`);
    if (method === "PUT") input.value = "";
    done();
  });
  const add = () => input.value.trim() && change("PUT", input.value.trim());
  const form = h("form", { class: "add-tag", onsubmit: (event) => (event.preventDefault(), add()) }, input, h("button", { type: "submit", class: "small" }, "Add tag"));

  const chip = (tag) => h("li", { class: "chip" }, h("a", { href: `#/?tag=${encodeURIComponent(tag)}` }, external(tag)), may("operate") && remover(tag));
  const remover = (tag) => h("button", { type: "button", "aria-label": `Remove the tag ${tag}`, title: "Remove", onclick: () => change("DELETE", tag) }, icon("cancelled"));
  const element = h("div", { class: "tag-bar", hidden: true }, list, may("operate") && form, fault);
  function show({ tags }) {
    element.hidden = !tags.length && !may("operate");
    renew(list, tags, () => tags.map(chip));
  }
  return { element, show };
}

/** A form for a note. One Idempotency-Key for each text: another attempt at a lost request adds no second note. */
export function noteForm(path, done) {
  if (!may("operate")) return null;
  const input = h("textarea", { id: "note", rows: "2", maxlength: "2000" });
  const fault = h("p", { class: "fault", role: "alert" });
  let sent = { text: null, key: null };
  const add = once(fault, async (text) => {
    if (sent.text !== text) sent = { text, key: newKey() };
    await post(`${path}/notes`, { text }, sent.key);
    sent = { text: null, key: null };
    input.value = "";
    done();
  });
  const submit = () => input.value.trim() && add(input.value.trim());
  return h("form", { class: "field note-form", onsubmit: (event) => (event.preventDefault(), submit()) }, h("label", { for: "note" }, "Note"), input, fault, h("div", { class: "buttons" }, h("button", { type: "submit" }, "Add note")));
}

/** The shop's own metadata; null where there is none. */
export function metadataFacts({ metadata }) {
  const pairs = Object.entries(metadata);
  if (!pairs.length) return null;
  return facts(pairs.map(([key, value]) => [external(key), external(value)]));
}

/** One request at a time, whose refusal is shown. */
function once(fault, request) {
  let busy = false;
  return async (...facts) => {
    if (busy) return;
    busy = true;
    fill(fault);
    try {
      await request(...facts);
    } catch (error) {
      handle(error, null, (problem) => fill(fault, visible(wordsOf(problem))));
    } finally {
      busy = false;
    }
  };
}

const wordsOf = ({ message, errors }) => errors.map(({ detail }) => `It ${detail}.`).join(" ") || message;
