// Routes live in the fragment, so that a link to a view works with any file server.
import { queryText } from "./api.js";

const ROUTES = [
  ["overview", /^\/$/],
  ["order", /^\/orders\/([^/]+)$/],
  ["figures", /^\/figures$/],
  ["customers", /^\/customers$/],
  ["customer", /^\/customers\/([^/]+)$/],
  ["inventory", /^\/inventory$/],
  ["system", /^\/system$/],
];

/** The view of the address: `{name, argument, query}`; null for an unknown one. */
export function currentRoute() {
  const [path, query = ""] = (location.hash.slice(1) || "/").split("?");
  for (const [name, pattern] of ROUTES) {
    const found = pattern.exec(path);
    if (found) return { name, argument: found[1] ? decoded(found[1]) : null, query: new URLSearchParams(query) };
  }
  return null;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

export function go(path) {
  location.hash = path;
}

/** Keeps a view's query in the address, without navigation. */
export function keepInAddress(path, query) {
  const text = queryText(query);
  history.replaceState(null, "", `#${path}${text ? `?${text}` : ""}`);
}
