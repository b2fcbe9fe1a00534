// The current view, the sign-in, and the parts that all views share.
import { whenSignedOut } from "./api.js";
import { showCharts } from "./charts.js";
import { showCustomer, showCustomers } from "./customers.js";
import { emptyState, errorState, fill, focusHeading, h, skeleton, visible } from "./dom.js";
import { handle, listenForFaults } from "./faults.js";
import { keepDistances } from "./format.js";
import { showInventory } from "./inventory.js";
import { Scope } from "./live.js";
import { showOrder } from "./order.js";
import { showOverview } from "./overview.js";
import { currentRoute } from "./router.js";
import { listenForSearch } from "./search.js";
import { identify, signOut, whoAmI } from "./session.js";
import { listenForKeys, showShortcuts } from "./shortcuts.js";
import { askForKey } from "./sign_in.js";
import { showSystem } from "./system.js";
import { listenForTheme } from "./theme_button.js";

const VIEWS = {
  overview: { title: () => "Overview", show: showOverview, tab: "overview" },
  order: { title: (id) => `Order ${id}`, show: showOrder, tab: "overview" },
  figures: { title: () => "Figures", show: showCharts, tab: "figures" },
  customers: { title: () => "Customers", show: showCustomers, tab: "customers" },
  customer: { title: (id) => `Customer ${id}`, show: showCustomer, tab: "customers" },
  inventory: { title: () => "Inventory", show: showInventory, tab: "inventory" },
  system: { title: () => "System", show: showSystem, tab: "system" },
};

const main = document.getElementById("main");
let scope = new Scope();

function leave() {
  scope.end();
  scope = new Scope();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
}

function showRoute({ first = false } = {}) {
  leave();
  const route = currentRoute();
  const view = route && VIEWS[route.name];
  markTab(view?.tab);
  window.scrollTo(0, 0);
  if (!view) {
    document.title = "Orders";
    fill(main, h("h1", {}, "Nothing here"), emptyState("There is no such page.", "The navigation above leads on."));
  } else {
    document.title = `${visible(view.title(route.argument))} · Orders`;
    view.show(main, scope, route);
  }
  if (!first) focusHeading();
}

function markTab(tab) {
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.route === tab) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function showWho() {
  const { actor, role } = whoAmI() ?? {};
  const who = document.getElementById("who");
  fill(who, actor && h("bdi", { title: actor }, visible(actor)), role && h("span", { class: "role" }, role));
  document.getElementById("sign-out").hidden = !sessionStorage.length || !actor;
}

async function enter() {
  fill(main, skeleton(6));
  try {
    await identify();
  } catch (error) {
    handle(error, null, (problem) => problem.status === 401 || fill(main, h("h1", {}, "Orders"), errorState(problem, enter)));
    return;
  }
  showWho();
  document.body.classList.remove("signed-out");
  showRoute({ first: true });
}

function signedOut() {
  leave();
  signOut();
  showWho();
  document.body.classList.add("signed-out");
  document.title = "Sign in · Orders";
  askForKey(main, enter);
}

whenSignedOut(signedOut);
document.getElementById("sign-out").addEventListener("click", signedOut);
document.getElementById("help").addEventListener("click", showShortcuts);
document.getElementById("skip").addEventListener("click", (event) => (event.preventDefault(), main.focus()));
window.addEventListener("hashchange", () => whoAmI() && showRoute());
listenForFaults();
listenForKeys();
listenForSearch();
listenForTheme();
keepDistances();
enter();
