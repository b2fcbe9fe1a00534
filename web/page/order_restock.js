// Units of a refunded order that go back into stock.
import { h, external, toast, visible } from "./dom.js";
import { money } from "./money.js";
import { reasonField } from "./question.js";

const UNITS = /^\d{1,7}$/;

/** The question about the returned units. The stock is no part of the order, so its version is not sent. */
export function restockQuestion(order, done) {
  const refund = h("select", {}, refundsOf(order).map(({ id, amount, reason }) => h("option", { value: id }, visible(`${money(amount, order.currency)}, ${reason}`))));
  const items = [...quantities(order)].map(([sku, shipped]) => unitsField(sku, shipped));
  const reason = reasonField("Kept in the list of adjustments with your name.");
  const read = () => {
    const returned = items.map(({ sku, read: units }) => ({ sku, units: units() })).filter(({ units }) => units > 0);
    if (!returned.length) throw new RangeError("Enter the units that came back.");
    return returned;
  };
  return {
    isOrder: false,
    title: "Restock",
    path: `/v1/orders/${encodeURIComponent(order.orderId)}/restocks`,
    fields: [{ label: "Refund", element: refund }, ...items, reason],
    body: () => ({ refundId: refund.value, items: read(), reason: reason.read() }),
    explain: () => h("p", {}, "The units of order ", external(order.orderId), " go back into stock, once for each refund."),
    confirm: "Restock",
    done: ({ changed }) => {
      toast(changed ? "The units are back in stock." : "Nothing changed: these units went back before.");
      done();
    },
  };
}

/** Refunds requested here, and refunds and disputes at the provider: goods may come back for each. */
export function refundsOf({ refunds, paymentAdjustments }) {
  const atProvider = paymentAdjustments.filter(({ action }) => action === "refunded" || action.includes("dispute"));
  const found = [
    ...refunds.map(({ refundId: id, amount, reason }) => ({ id, amount, reason })),
    ...atProvider.map(({ reference: id, amount, reason }) => ({ id, amount, reason: reason ?? "at the provider" })),
  ];
  return [...new Map(found.map((each) => [each.id, each])).values()];
}

function quantities({ items }) {
  const found = new Map();
  for (const { sku, quantity } of items) found.set(sku, (found.get(sku) ?? 0) + quantity);
  return found;
}

function unitsField(sku, shipped) {
  const element = h("input", { inputmode: "numeric", autocomplete: "off", value: "0" });
  const read = () => {
    if (!UNITS.test(element.value.trim())) throw new RangeError(`Write the units of ${visible(sku)} as a number.`);
    return Number(element.value);
  };
  return { sku, read, label: `Units of ${visible(sku)}`, hint: `At most ${shipped}.`, element };
}
