// Sign-in with a key, where the server requires one. The key is kept for this tab alone and sent to this server alone.
import { apiKey } from "./api.js";
import { fill, h } from "./dom.js";

let refused = false;

/** Asks for the key; enter(): tries it. */
export function askForKey(main, enter) {
  const wasGiven = refused;
  const field = h("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const fault = h("p", { class: "fault", role: "alert" });
  const submit = (event) => {
    event.preventDefault();
    const key = field.value.trim();
    if (!/^[\x21-\x7e]+$/.test(key)) {
      fault.textContent = "Enter the key: letters, digits and signs without blanks.";
      return;
    }
    refused = true;
    apiKey.set(key);
    Promise.resolve(enter()).then(() => (refused = !apiKey.get()));
  };
  const form = h(
    "form",
    { class: "form", onsubmit: submit, novalidate: true },
    h("div", { class: "field" }, h("label", { for: "key" }, "API key"), field),
    h("p", { class: "hint" }, "The key is kept until this tab is closed."),
    fault,
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, "Sign in")),
  );
  fill(main, h("div", { class: "panel sign-in" }, h("h1", {}, "Sign in"), form));
  if (wasGiven) fault.textContent = "The server does not know this key.";
  refused = false;
  field.focus();
}
