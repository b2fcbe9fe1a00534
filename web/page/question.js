// The form of a dialog that asks for confirmation of a command.
import { newKey, post } from "./api.js";
import { announce, fill, h, icon, visible } from "./dom.js";
import { handle, inputFault } from "./faults.js";

const SETTLING = 1000; // milliseconds: the second click of a double click must not confirm what was not read

/**
 * question: `title`, `path`; fields: `{label, element, hint?}`; body(): the body to post, throws RangeError for an invalid field;
 * explain(): the effect, updated at every key; done(answer): called after success; version: sent as If-Match where `isOrder`.
 * send: `post` unless given.
 * before: the form that this one replaces, of which what was typed is kept.
 *
 * One Idempotency-Key for each form, so that a double click, or a retry after a lost response, has one effect. The server
 * keeps no refusal, so a corrected body may differ. After an unknown outcome the fields are locked, so that a retry posts
 * the same body for the same version.
 */
export function questionForm(question, { note, before, close, settled, outdated }) {
  const { path, fields = [], body = () => ({}), explain, confirm, danger = false, done, version, isOrder = false, send: command = post } = question;
  const key = newKey();
  let busy = false;
  let unknown = false;
  const explanation = h("div", { class: "explanation", "aria-live": "polite" });
  const fault = h("div", { class: "fault", role: "alert" });
  const submit = h("button", { type: "submit", class: danger ? "danger" : "primary", disabled: Boolean(note) }, confirm);

  async function send() {
    if (busy) return;
    let content;
    try {
      content = body();
    } catch (error) {
      return showFault(inputFault(error));
    }
    setBusy(true);
    fill(fault);
    try {
      const answer = await command(typeof path === "function" ? path() : path, content, key, isOrder ? version : null);
      close();
      done(answer);
    } catch (error) {
      handle(error, null, refused);
    } finally {
      setBusy(false);
      settled();
    }
  }

  function refused(problem) {
    unknown = !problem.isRefusal;
    if (unknown) lock();
    else if (problem.present) return outdated(problem.present);
    const more = "The outcome is unknown. Try again: it will not be done twice.";
    showFault(problem.message, problem.errors, unknown ? more : null);
  }

  function showFault(message, errors = [], more = null) {
    const lines = errors.map(({ pointer, parameter, detail }) => h("li", {}, visible(`${pointer || parameter || ""} ${detail}`.trim())));
    fill(fault, h("p", {}, visible(message)), lines.length > 0 && h("ul", {}, lines), more && h("p", {}, more));
  }

  function lock() {
    for (const { element } of fields) {
      if (element.matches("select")) element.disabled = true;
      else element.readOnly = true;
    }
  }

  function setBusy(value) {
    busy = value;
    submit.setAttribute("aria-disabled", String(value));
    submit.classList.toggle("busy", value);
    if (value) announce("Sending");
  }

  const explainNow = () => fill(explanation, explain());
  const element = h(
    "form",
    { class: "form", novalidate: true, oninput: () => (fill(fault), explainNow()), onsubmit: (event) => (event.preventDefault(), send()) },
    note && h("p", { class: "banner", "data-tone": "held", role: "alert" }, icon("failing"), note),
    fields.map((each) => fieldOf(each)),
    explanation,
    fault,
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: close }, "Close"), submit),
  );
  if (before) keepTyped(before.fields, fields);
  if (note) setTimeout(() => (submit.disabled = false), SETTLING);
  explainNow();
  return { element, fields, version, isSettled: () => !busy && !unknown, focus: () => (fields[0]?.element ?? submit).focus() };
}

/** What was typed stays; a default that nobody changed becomes that of the present state. */
function keepTyped(before, fields) {
  for (const { label, element } of fields) {
    const old = before.find((each) => each.label === label)?.element;
    if (old && (old.matches("select") || old.value !== old.defaultValue)) element.value = old.value;
  }
}

const LONGEST_REASON = 512;

/** The field of a reason, which is required. hint: where the reason is kept. */
export function reasonField(hint) {
  const element = h("textarea", { rows: "2", maxlength: String(LONGEST_REASON), required: true });
  const read = () => {
    const reason = element.value.trim();
    if (!reason) throw new RangeError("Enter a reason: it is kept.");
    return reason;
  };
  return { label: "Reason", element, hint, read };
}

let number = 0;

function fieldOf({ label, element, hint }) {
  number += 1;
  element.id = `field-${number}`;
  const note = hint && h("p", { class: "hint", id: `hint-${number}` }, hint);
  if (note) element.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: element.id }, label), element, note);
}
