// Money is whole minor units. Nothing here is a float: amounts are numbers while they are exact, else BigInt.

// The API uses the decimals of ISO 4217. Browsers use common practice, which is 0 decimals for these currencies: a refund
// in forints would be a hundredth of the typed amount.
const ISO_DIGITS = {
  AFN: 2, ALL: 2, COP: 2, HUF: 2, IDR: 2, IQD: 3, IRR: 2, KPW: 2, LAK: 2, LBP: 2, MGA: 2, MMK: 2, PKR: 2, RSD: 2, SOS: 2,
  SYP: 2, YER: 2,
};
const LARGEST = 2n ** 63n - 1n;

/** Number of decimals of the currency's minor unit. */
export function digitsOf(currency) {
  if (currency in ISO_DIGITS) return ISO_DIGITS[currency];
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
}

/** Minor units as a decimal number of major ones, such as "12.50"; the input of `toMinor`. */
export function toMajor(amount, currency) {
  const digits = digitsOf(currency);
  const units = BigInt(amount);
  const text = String(units < 0n ? -units : units).padStart(digits + 1, "0");
  const whole = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
  return units < 0n ? `-${whole}` : whole;
}

/** Minor units for display, with the code, as "$" is ambiguous. */
export function money(amount, currency) {
  const digits = digitsOf(currency);
  const format = new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${format.format(toMajor(amount, currency))}\u00a0${currency}`;
}

/**
 * The exact minor units of a typed amount in major units, as BigInt. Throws a RangeError with the reason: an amount that
 * is not representable is refused, never rounded.
 */
export function toMinor(text, currency) {
  const digits = digitsOf(currency);
  const typed = text.trim();
  if (!typed) throw new RangeError("Type an amount.");
  if (typed.includes(",")) throw new RangeError("Write the amount with a point and without thousands separators, as in 1250.5.");
  const found = /^(\d+)(?:\.(\d+))?$/.exec(typed);
  if (!found) throw new RangeError("The amount must be a number such as 12.5.");
  const [, whole, fraction = ""] = found;
  if (fraction.length > digits) {
    throw new RangeError(digits ? `${currency} has ${digits} decimals, no more.` : `${currency} has no decimals.`);
  }
  const units = BigInt(whole + fraction.padEnd(digits, "0"));
  if (units > LARGEST) throw new RangeError("The amount is too large.");
  return units;
}

/** The sum of amounts in one currency, exact. */
export function sum(amounts) {
  return amounts.reduce((total, each) => total + BigInt(each), 0n);
}

const MOST_DIGITS = 4;

/** Amounts in several currencies in the order of their major units: not of their value, as there are no rates. */
export function largestFirst(amounts) {
  const size = ({ amount, currency }) => BigInt(amount) * 10n ** BigInt(MOST_DIGITS - digitsOf(currency));
  return amounts.toSorted((one, other) => (size(one) < size(other) ? 1 : size(one) > size(other) ? -1 : 0));
}
