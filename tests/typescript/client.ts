// A client generated from the API's description: places an order, waits for it, reads it, and is refused.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Order = components["schemas"]["OrderDocument"];
const [url, key] = process.argv.slice(2);
assert(url && key);
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

// A field with a default may be left out of a request: placedAt, adjustments, line2.
const body = {
  orderId: "ts-1",
  customerId: "ALFKI",
  currency: "EUR",
  items: [{ sku: "TEA-1", name: "Tea", quantity: 2, unitPrice: 1500 }],
  total: 3000,
  shippingAddress: { name: "Maria Anders", line1: "Obere Str. 57", city: "Berlin", postalCode: "12209", country: "DE" },
};
const headers = { "Idempotency-Key": "place-ts-1" };
const placed = await client.POST("/v1/orders", { body, params: { header: headers } });
assert(placed.data, JSON.stringify(placed.error));
assert.equal(placed.response.status, 201);

async function ended(): Promise<Order> {
  for (let looks = 0; looks < 600; looks++) {
    const { data, error } = await client.GET("/v1/orders/{orderId}", { params: { path: { orderId: "ts-1" } } });
    assert(data, JSON.stringify(error));
    if (data.status === "shipped") return data;
    await pause(50);
  }
  throw new Error("the order has not shipped");
}

// Every field of a response is there: null, and never undefined, where it has no value.
const order = await ended();
const shipping: number = order.adjustments.shipping;
const line2: string | null = order.shippingAddress.line2;
const tracking: string | undefined = order.shipment?.trackingNumber;
assert.deepEqual([shipping, line2, typeof tracking, order.payment?.amount], [0, null, "string", 3000]);

const { data: timeline } = await client.GET("/v1/orders/{orderId}/timeline", { params: { path: { orderId: "ts-1" } } });
const wait = timeline?.events.at(-1)?.position ?? null; // the list has to include the shipment
const query = { status: ["shipped" as const], limit: 10, wait };
const { data: page } = await client.GET("/v1/orders", { params: { query } });
assert(page);
assert(page.orders.some((row) => row.orderId === "ts-1" && row.total === 3000));
assert.equal(page.after, null);

const path = { orderId: "ts-1" };
const refused = await client.POST("/v1/orders/{orderId}/cancel", { params: { path }, body: { reason: "x", by: "customer" } });
assert.equal(refused.data, undefined);
assert(refused.error);
assert.deepEqual([refused.error.status, refused.error.type], [409, "urn:orders:problem:order-not-cancellable"]);

// Mistakes that do not compile.
const { total, ...incomplete } = body;
assert.equal(total, 3000);
// @ts-expect-error: total is required
const without: paths["/v1/orders"]["post"]["requestBody"]["content"]["application/json"] = incomplete;
// @ts-expect-error: no status of an order
const status: Order["status"] = "lost";
// @ts-expect-error: no field of an order
order.customer;
console.log(order.orderId, order.status, Boolean(without), status);
