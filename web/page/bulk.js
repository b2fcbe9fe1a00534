// Acts on many orders at once, and the question before each.
import { startBulk } from "./bulk_request.js";
import { showProgress } from "./bulk_progress.js";
import { ask } from "./dialog.js";
import { h } from "./dom.js";
import { plural } from "./format.js";
import { reasonField } from "./question.js";
import { may } from "./session.js";

const ACTS = [
  { name: "Hold", path: "hold", role: "operate", fields: [reason], effect: "take no further step until they are released or cancelled" },
  { name: "Release", path: "release", role: "operate", fields: [], effect: "go on from their status, if they are on hold" },
  { name: "Retry", path: "retry", role: "operate", fields: [reason], effect: "go on with their missing steps. Completed steps are not repeated" },
  { name: "Tag", path: "tag", role: "operate", fields: [tags], effect: "get these tags" },
  { name: "Untag", path: "untag", role: "operate", fields: [tags], effect: "lose these tags" },
  { name: "Cancel orders", path: "cancel", role: "write", fields: [reason, wish], effect: "end for good: what was charged goes back, reserved goods go back into stock, labels are voided. This cannot be undone", danger: true },
];

function reason() {
  const field = reasonField("Kept in each order's timeline with your name.");
  return { ...field, name: "reason" };
}

function wish() {
  const element = h("select", {}, h("option", { value: "operator" }, "the shop"), h("option", { value: "customer" }, "the customer"));
  return { label: "Who wants it", element, name: "by", read: () => element.value };
}

function tags() {
  const element = h("input", { autocomplete: "off", autocapitalize: "none", spellcheck: "false", required: true });
  const read = () => {
    const words = element.value.split(/[\s,]+/).filter(Boolean);
    if (!words.length) throw new RangeError("Enter a tag.");
    return words;
  };
  return { label: "Tags", element, hint: "Separated by blanks.", name: "tags", read };
}

/** Buttons of the acts that the role allows. chosen(): the ids; done(settled): called with those done, or unchanged. */
export function actButtons(chosen, done) {
  return ACTS.filter(({ role }) => may(role)).map((act) => {
    const onclick = () => askFor(act, chosen(), done);
    return h("button", { type: "button", class: act.danger ? "small danger-quiet" : "small", onclick }, act.name);
  });
}

function askFor({ name, path, fields, effect, danger }, orderIds, done) {
  const made = fields.map((field) => field());
  const orders = plural(orderIds.length, "order");
  const title = `${name.split(" ")[0]} ${orders}`;
  ask({
    title,
    path: `/v1/bulk-actions/${path}`,
    fields: made,
    body: () => ({ orderIds, ...Object.fromEntries(made.map((field) => [field.name, field.read()])) }),
    explain: () => h("p", {}, `${orders} ${effect}. An order whose state does not allow it is refused, and the others go on.`),
    confirm: title,
    danger,
    send: startBulk,
    done: (run) => showProgress(title, run, orderIds.length, done),
  });
}
