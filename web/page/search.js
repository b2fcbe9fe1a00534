// One field for an order's or a customer's id, or any part of an order.
import { get } from "./api.js";
import { announce, toast } from "./dom.js";
import { handle } from "./faults.js";
import { go } from "./router.js";
import { whoAmI } from "./session.js";

export function listenForSearch() {
  const field = document.getElementById("search-text");
  document.getElementById("search").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || !whoAmI()) return;
    try {
      go(await placeOf(text));
      field.value = "";
    } catch (error) {
      handle(error, null, ({ message }) => (announce(message), toast(message)));
    }
  });
}

/** The customer or the order with this id, else the only order found, else the list of those found. */
async function placeOf(text) {
  const [{ orders: ofCustomer }, { orders: found }] = await Promise.all([
    isId(text) ? get("/v1/orders", { customerId: text, limit: 1 }) : { orders: [] },
    get("/v1/orders", { q: text, limit: 50 }),
  ]);
  if (ofCustomer.length) return `/customers/${encodeURIComponent(text)}`;
  const order = found.find(({ orderId }) => orderId === text) ?? (found.length === 1 ? found[0] : null);
  return order ? `/orders/${encodeURIComponent(order.orderId)}` : `/?${new URLSearchParams({ q: text })}`;
}

const isId = (text) => text.length <= 128 && !/[\s/]/.test(text);
