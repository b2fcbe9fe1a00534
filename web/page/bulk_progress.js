// The dialog of a bulk action in progress: counts, refused orders, and a button to stop it.
import { openDialog } from "./dialog.js";
import { announce, fill, h, orderLink, visible } from "./dom.js";
import { handle } from "./faults.js";
import { count, plural } from "./format.js";

const SHOWN = 200; // refused orders
const WORDS = { done: "done", unchanged: "unchanged", refused: "refused", failed: "failed" };

/** run: of `startBulk`; total: number of orders; ended(settled): called at the end with the ids that are done or were unchanged. */
export function showProgress(title, run, total, ended) {
  const counts = { done: 0, unchanged: 0, refused: 0, failed: 0 };
  const settled = [];
  let running = true;
  let stopped = false;
  const bar = h("progress", { max: String(total), value: "0", "aria-label": title });
  const figures = h("p", { class: "strong" });
  const message = h("p", { role: "alert" });
  const refused = h("ul", { class: "bulk-refused", "aria-label": "Refused orders", tabindex: "0", hidden: true });
  const button = h("button", { type: "button", onclick: () => (running ? stop() : dialog.close()) }, "Stop");
  const dialog = openDialog(title, () => [h("div", { class: "bulk-progress" }, bar, figures, message, refused, h("div", { class: "buttons" }, button))], { isBusy: () => running });
  dialog.addEventListener("close", stop);
  button.focus();

  function stop() {
    stopped = running;
    run.stop();
  }

  function add(result) {
    counts[result.result] += 1;
    if (result.result === "done" || result.result === "unchanged") settled.push(result.orderId);
    else addRefused(result);
    show();
  }

  function addRefused({ orderId, reason }) {
    refused.hidden = false;
    if (refused.childElementCount < SHOWN) refused.append(h("li", {}, orderLink(orderId), ": ", visible(reason)));
    else if (refused.childElementCount === SHOWN) refused.append(h("li", {}, "More are refused: they stay selected."));
  }

  const reported = () => Object.values(counts).reduce((sum, each) => sum + each, 0);

  function show() {
    bar.value = reported();
    const parts = Object.entries(counts).filter(([name, number]) => number || name === "done");
    figures.textContent = `${count(reported())} of ${plural(total, "order")}: ${parts.map(([name, number]) => `${count(number)} ${WORDS[name]}`).join(", ")}`;
  }

  function finish(text) {
    running = false;
    button.textContent = "Close";
    fill(message, text);
    announce(`${figures.textContent}. ${text}`);
    ended(settled);
  }

  const left = "The other orders stay selected.";

  async function follow() {
    try {
      for await (const { type, data } of run.results()) {
        if (type === "order") add(data);
        if (type === "end") return finish(data.left ? `Ended early: ${visible(data.reason ?? "")}. ${left}` : "");
      }
      finish(`The connection was lost. ${left}`);
    } catch (error) {
      if (stopped) finish(`Stopped. An order that was in progress may have been changed, too. ${left}`);
      else handle(error, null, ({ message }) => finish(`${visible(message)} ${left}`));
    }
  }

  show();
  follow();
}
