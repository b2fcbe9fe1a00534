// A person's changes of a stock level, and the questions that are asked before.
import { ask } from "./dialog.js";
import { external, h, toast } from "./dom.js";
import { inputFault } from "./faults.js";
import { count } from "./format.js";
import { reasonField } from "./question.js";

const CHANGE = /^[+-]\d{1,19}$/;
const LEVEL = /^\d{1,19}$/;

const stockReason = () => reasonField("Kept in the list of adjustments with your name.");
const unitsField = (label, hint) => ({ label, hint, element: h("input", { inputmode: "text", autocomplete: "off", spellcheck: "false", required: true }) });

function whole(text, form, message) {
  const trimmed = text.trim();
  if (!form.test(trimmed)) throw new RangeError(message);
  return BigInt(trimmed);
}

/** The explanation, or what is missing for it. */
function explained(words) {
  try {
    return h("p", {}, words());
  } catch (error) {
    return h("p", {}, inputFault(error));
  }
}

export function askForChange({ sku, available }, done) {
  const units = unitsField("Units", "+5 adds five units, -5 takes five away.");
  const reason = stockReason();
  const read = () => {
    const change = whole(units.element.value, CHANGE, "Write the units with a sign, as in +5 or -5.");
    if (change === 0n) throw new RangeError("The change must not be zero.");
    return change;
  };
  const words = (change) => [`${count(change < 0n ? -change : change)} units of `, external(sku), change < 0n ? " are taken away. " : " are added. ", `${count(available)} were available when this was opened.`];
  ask({
    title: "Adjust the stock",
    path: "/v1/inventory/adjustments",
    fields: [units, reason],
    body: () => ({ sku, change: read(), reason: reason.read() }),
    explain: () => explained(() => words(read())),
    confirm: "Adjust",
    done: () => (toast("The stock is adjusted."), done()),
  });
}

/** A level replaces the one that is shown: if that has changed, the server refuses it, and the dialog is rebuilt. */
export function askForLevel(level, done) {
  ask(levelQuestion(level, done));
}

function levelQuestion({ sku, available }, done) {
  const units = unitsField("Units available", "A number without a sign.");
  const reason = stockReason();
  const read = () => whole(units.element.value, LEVEL, "Write the units as a number without a sign.");
  return {
    title: "Set the stock",
    path: "/v1/inventory/levels",
    fields: [units, reason],
    body: () => ({ sku, available: read(), reason: reason.read(), expect: available }),
    explain: () => explained(() => [external(sku), ` has ${count(available)} units available, and will have ${count(read())}. Units that are reserved or sold are not counted.`]),
    confirm: "Set",
    done: () => (toast("The stock is set."), done()),
    again: (present) => levelQuestion(present, done),
  };
}
