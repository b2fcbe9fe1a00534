// Routes live in the fragment, so that a link into any view works on whatever serves the files.

const ROUTES = [
  ["overview", /^\/$/],
  ["order", /^\/orders\/([^/]+)$/],
  ["customers", /^\/customers$/],
  ["customer", /^\/customers\/([^/]+)$/],
  ["inventory", /^\/inventory$/],
  ["system", /^\/system$/],
];

/** The view that the address names: `{name, argument, query}`; null where it names none. */
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
  } catch {
    return text;
  }
}

export function go(path) {
  location.hash = path;
}

/** Keeps what is asked of a view in the address, without going anywhere. */
export function keepInAddress(path, query) {
  const given = Object.entries(query).filter(([, value]) => value);
  const text = new URLSearchParams(given).toString();
  history.replaceState(null, "", `#${path}${text ? `?${text}` : ""}`);
}
