// The HTTP API of the page's own server.

const KEY = "orders-api-key";
const PATIENCE = 30_000; // milliseconds

/**
 * An error response, or no response at all (`status` 0). message: the problem document's detail. present: the present state
 * that a request about an earlier one was refused with.
 */
export class Problem extends Error {
  constructor(status, document = {}, retryAfter = null) {
    super(document.detail || document.title || `The server answered with ${status}.`);
    this.status = status;
    this.title = document.title ?? "The request failed";
    this.errors = Array.isArray(document.errors) ? document.errors : [];
    this.retryAfter = retryAfter;
    this.present = document.order ?? document.level ?? null;
  }

  /** True where the server refused the request, which then had no effect. Otherwise the outcome is unknown. */
  get isRefusal() {
    return this.status >= 400 && this.status < 500 && this.retryAfter === null;
  }
}

let onSignedOut = () => {};

/** Called where the server rejects the key. */
export function whenSignedOut(listener) {
  onSignedOut = listener;
}

/** The key is kept for this tab alone. */
export const apiKey = {
  get: () => sessionStorage.getItem(KEY),
  set: (key) => sessionStorage.setItem(KEY, key),
  forget: () => sessionStorage.removeItem(KEY),
};

/** Headers of every request. */
export function authorization() {
  const key = apiKey.get();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Text of a query: names to values, or to lists of them; empty ones are left out. */
export function queryText(query) {
  const pairs = Object.entries(query).flatMap(([name, value]) => (Array.isArray(value) ? value.map((each) => [name, each]) : [[name, value]]));
  return new URLSearchParams(pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")).toString();
}

/** A document. Throws a Problem; signal: an AbortSignal that ends it. */
export function get(path, query = {}, signal = undefined) {
  const text = queryText(query);
  return request(text ? `${path}?${text}` : path, { signal });
}

/**
 * Posts a command. key: the Idempotency-Key, the same for every attempt of one command. version: the order's version that the
 * command is for, null for any.
 */
export function post(path, body, key, version = null) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key, ...(version === null ? {} : { "If-Match": `"${version}"` }) };
  return request(path, { method: "POST", headers, body: serialized(body) });
}

/** Changes a resource; every repetition has the same effect. */
export function patch(path, body) {
  return request(path, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: serialized(body) });
}

/** Changes a resource that its address names whole: PUT or DELETE. */
export function send(method, path) {
  return request(path, { method });
}

async function request(path, options) {
  const signal = options.signal ? AbortSignal.any([options.signal, AbortSignal.timeout(PATIENCE)]) : AbortSignal.timeout(PATIENCE);
  const headers = { Accept: "application/json", ...authorization(), ...options.headers };
  const response = await opened(path, { ...options, signal, headers }, options.signal);
  const text = await arrived(response.text(), options.signal);
  try {
    return text ? parsed(text) : null;
  } catch {
    throw new Problem(0, { title: "Unreadable response", detail: "The response is not the API's: it is not JSON." });
  }
}

/** A response that is a success, its body unread. ended: the caller's signal. Throws a Problem, or the signal's reason. */
export async function opened(path, options, ended = options.signal) {
  const response = await arrived(fetch(path, { ...options, cache: "no-store" }), ended);
  if (!response.ok) throw problemOf(response, await arrived(response.text(), ended));
  return response;
}

async function arrived(part, ended) {
  try {
    return await part;
  } catch {
    if (ended?.aborted) throw ended.reason;
    throw noResponse("The server cannot be reached.");
  }
}

/** The Problem of a request whose response did not arrive, or not whole. */
export const noResponse = (detail) => new Problem(0, { title: "No response", detail });

/** The Problem of an error response. */
export function problemOf(response, text) {
  if (response.status === 401) onSignedOut();
  const retryAfter = response.headers.get("Retry-After");
  try {
    return new Problem(response.status, parsed(text), retryAfter);
  } catch {
    return new Problem(response.status, { title: response.statusText }, retryAfter);
  }
}

/** JSON with exact whole numbers: those too large for a double become BigInt, where the browser gives their source. */
export function parsed(text) {
  return JSON.parse(text, (_, value, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context.source)
      : value,
  );
}

function serialized(body) {
  return JSON.stringify(body, (_, value) => {
    if (typeof value !== "bigint") return value;
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    if (JSON.rawJSON) return JSON.rawJSON(String(value));
    throw new RangeError("This browser cannot send so large an amount.");
  });
}

/** A new Idempotency-Key. Not crypto.randomUUID, which is missing on plain http from another host. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
