// Confirmation of commands. Native dialogs: the browser keeps the focus inside and closes them on Esc.
import { fill, focusHeading, h, keepingFocus } from "./dom.js";
import { questionForm } from "./question.js";

const OUTDATED = "This has changed since the dialog was opened. Check it again, then confirm.";
const WITHDRAWN = "This has changed since the dialog was opened, and is no longer possible.";

/**
 * Opens a dialog around what `build(close)` returns; it leaves the page when it is closed. While isBusy() neither Esc nor a click
 * beside it closes it.
 */
export function openDialog(title, build, { kind = "", isBusy = () => false } = {}) {
  const heading = h("h2", { id: "dialog-title" }, title);
  const dialog = h("dialog", { "aria-labelledby": "dialog-title", class: kind });
  dialog.append(heading, ...build(() => dialog.close()));
  dialog.addEventListener("close", () => {
    dialog.remove();
    // The opening element may be gone.
    if (document.activeElement === document.body) focusHeading();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && isOutside(dialog, event) && !isBusy() && dialog.close());
  dialog.addEventListener("cancel", (event) => isBusy() && event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function isOutside(dialog, { clientX: x, clientY: y }) {
  const box = dialog.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}

/**
 * Asks for confirmation, then posts. question: see `questionForm`. Where the state that it is about can change, the question has
 * `version`, the state's, and `again(state)`, which returns the question about a later state, or null where it is no longer possible.
 *
 * Returns `revise(state)`, to be called with each state that is read: rebuilds the dialog for another version. A request in
 * flight is awaited first. After an unknown outcome the question stays: the new version may be its own effect.
 */
export function ask(question) {
  const place = h("div", {});
  let form = null;
  let latest = null;
  let close = null;

  const show = (asked, note) => {
    form = questionForm(asked, { note, before: form, close, settled, outdated: rebuild });
    fill(place, form.element);
  };

  function rebuild(state) {
    if (state.version <= form.version) return;
    const next = question.again(state);
    keepingFocus(place, () => {
      if (next) show(next, OUTDATED);
      else fill(place, h("p", { role: "alert" }, WITHDRAWN), h("div", { class: "buttons" }, h("button", { type: "button", onclick: close }, "Close")));
      return place;
    });
    if (!place.contains(document.activeElement)) place.querySelector("input, select, textarea, button:enabled").focus();
    if (!next) form = null;
  }

  function settled() {
    if (!latest || !dialog.open || !form?.isSettled()) return;
    const state = latest;
    latest = null;
    rebuild(state);
  }

  const dialog = openDialog(question.title, (closing) => {
    close = closing;
    show(question, null);
    return [place];
  });
  form.focus();
  return (state) => {
    latest = state;
    settled();
  };
}
