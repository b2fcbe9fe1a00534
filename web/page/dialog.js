// Confirmation of commands. Native dialogs: the browser keeps the focus inside and closes them on Esc.
import { newKey, post } from "./api.js";
import { announce, fill, focusHeading, h, visible } from "./dom.js";

/** Opens a dialog around what `build(close)` returns; it leaves the page when it is closed. */
export function openDialog(title, build, { kind = "" } = {}) {
  const heading = h("h2", { id: "dialog-title" }, title);
  const dialog = h("dialog", { "aria-labelledby": "dialog-title", class: kind });
  dialog.append(heading, ...build(() => dialog.close()));
  dialog.addEventListener("close", () => {
    dialog.remove();
    // The opening element may be gone.
    if (document.activeElement === document.body) focusHeading();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && isOutside(dialog, event) && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function isOutside(dialog, { clientX: x, clientY: y }) {
  const box = dialog.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}

/**
 * Asks for confirmation, then posts. fields: `{label, element, hint?}`; body(): the body to post, throws RangeError for an
 * invalid field; explain(): the effect, updated at every key; done(answer): called after success.
 *
 * One Idempotency-Key for each dialog, so that a double click, or a retry after a lost response, has one effect. The server
 * keeps no refusal, so a corrected body may differ. After an unknown outcome the fields are locked, so that a retry posts
 * the same body.
 */
export function ask({ title, path, fields = [], body = () => ({}), explain, confirm, danger = false, done }) {
  const key = newKey();
  let busy = false;
  const explanation = h("div", { class: "explanation", "aria-live": "polite" });
  const fault = h("div", { class: "fault", role: "alert" });
  const submit = h("button", { type: "submit", class: danger ? "danger" : "primary" }, confirm);

  async function send(close) {
    if (busy) return;
    let content;
    try {
      content = body();
    } catch (error) {
      return showFault(error.message);
    }
    setBusy(true);
    fill(fault);
    try {
      const answer = await post(typeof path === "function" ? path() : path, content, key);
      close();
      done(answer);
    } catch (problem) {
      refused(problem);
    } finally {
      setBusy(false);
    }
  }

  function refused(problem) {
    if (!problem.isRefusal) lock();
    const unknown = "The outcome is unknown. Try again: it will not be done twice.";
    showFault(problem.message, problem.errors, problem.isRefusal ? null : unknown);
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
  const dialog = openDialog(title, (close) => {
    const form = h(
      "form",
      { class: "form", novalidate: true, oninput: () => (fill(fault), explainNow()), onsubmit: (event) => (event.preventDefault(), send(close)) },
      fields.map((each) => fieldOf(each)),
      explanation,
      fault,
      h("div", { class: "buttons" }, h("button", { type: "button", onclick: close }, "Close"), submit),
    );
    return [form];
  });
  explainNow();
  (fields[0]?.element ?? submit).focus();
  return dialog;
}

let number = 0;

function fieldOf({ label, element, hint }) {
  number += 1;
  element.id = `field-${number}`;
  const note = hint && h("p", { class: "hint", id: `hint-${number}` }, hint);
  if (note) element.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: element.id }, label), element, note);
}
