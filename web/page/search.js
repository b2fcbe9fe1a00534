// One field for an order's or a customer's id.
import { get } from "./api.js";
import { announce, toast } from "./dom.js";
import { handle } from "./faults.js";
import { go } from "./router.js";
import { whoAmI } from "./session.js";

export function listenForSearch() {
  const field = document.getElementById("search-text");
  document.getElementById("search").addEventListener("submit", async (event) => {
    event.preventDefault();
    const id = field.value.trim();
    if (!id || !whoAmI()) return;
    try {
      await open(id);
      field.value = "";
    } catch (error) {
      handle(error, null, ({ message }) => (announce(message), toast(message)));
    }
  });
}

/** Opens the customer with this id, else the order, whose view handles an unknown id. */
async function open(id) {
  const { orders } = await get("/v1/orders", { customerId: id, limit: 1 });
  const view = orders.length ? "customers" : "orders";
  go(`/${view}/${encodeURIComponent(id)}`);
}
