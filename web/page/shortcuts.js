// The keyboard: one letter, or g and a letter. Inactive in text fields and with a modifier.
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { go } from "./router.js";

const PLACES = { o: ["/", "Overview"], f: ["/figures", "Figures"], c: ["/customers", "Customers"], i: ["/inventory", "Inventory"], s: ["/system", "System"] };
const CHORD = 1500; // milliseconds for the second key

let pending = 0;

export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") || document.body.classList.contains("signed-out")) return;
    if (pressed(event.key)) event.preventDefault();
  });
}

function isTyping(target) {
  return target.matches?.("input, select, textarea, [contenteditable]");
}

function pressed(key) {
  if (pending && Date.now() < pending && PLACES[key]) {
    pending = 0;
    go(PLACES[key][0]);
    return true;
  }
  pending = key === "g" ? Date.now() + CHORD : 0;
  if (key === "/") document.getElementById("search-text").focus();
  else if (key === "?") showShortcuts();
  else if (key === "t") document.getElementById("theme").click();
  else return key === "g";
  return true;
}

export function showShortcuts() {
  const rows = [
    [["/"], "Search for an order or a customer"],
    ...Object.entries(PLACES).map(([key, [, name]]) => [["g", key], `Go to ${name}`]),
    [["t"], "Change the colours"],
    [["?"], "Show this"],
    [["Esc"], "Close a dialog"],
  ];
  openDialog("Keyboard shortcuts", (close) => [
    h(
      "dl",
      { class: "keys" },
      rows.map(([keys, what]) => h("div", {}, h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, what))),
    ),
    h("div", { class: "buttons" }, h("button", { type: "button", class: "primary", onclick: close }, "Close")),
  ]);
}
