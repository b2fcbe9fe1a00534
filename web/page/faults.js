// Requests that fail, and errors of the page itself: the former are shown where they occur, the latter are reported.
import { Problem } from "./api.js";
import { h, icon } from "./dom.js";
import { stopLive } from "./live.js";

/**
 * Handles a caught error: a Problem by `show(problem)` while the view is open, the end of the view not at all. Any other error
 * is a fault of the page, and is reported as uncaught.
 */
export function handle(error, scope, show) {
  if (error instanceof Problem) {
    if (!scope?.signal.aborted) show(error);
  } else if (!scope?.signal.aborted || error !== scope.signal.reason) reportError(error);
}

/** The message of an error that invalid input has caused. Throws any other error. */
export function inputFault(error) {
  if (error instanceof RangeError) return error.message;
  throw error;
}

/** Shows that the page has failed, until it is loaded again: its data may be out of date. */
export function listenForFaults() {
  window.addEventListener("error", showFault);
  window.addEventListener("unhandledrejection", showFault);
}

function showFault() {
  stopLive();
  if (document.getElementById("page-fault")) return;
  const again = h("button", { type: "button", class: "small", onclick: () => location.reload() }, "Reload");
  const text = h("span", {}, "This page has failed. What it shows may be incomplete or out of date.");
  const banner = h("div", { id: "page-fault", class: "banner", "data-tone": "bad", role: "alert" }, icon("failing"), text, again);
  document.getElementById("main").before(banner);
}
