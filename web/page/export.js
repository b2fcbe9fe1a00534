// The export of a list's filter as a file.
import { Problem, authorization, problemOf, queryText } from "./api.js";
import { h, toast, visible } from "./dom.js";

/** values: the filter, as parameters of the API. scope: of the view, which ends a download when it is left. */
export function exportButton(values, scope) {
  const button = h("button", { type: "button", class: "quiet", onclick: () => save() }, "Export CSV");
  async function save() {
    button.disabled = true;
    try {
      saveAs("orders.csv", await download("/v1/exports/orders", { format: "csv", ...values() }, scope.signal));
    } catch (error) {
      if (scope.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      toast(`Not exported: ${visible(error.message)}`);
    } finally {
      button.disabled = false;
    }
  }
  return button;
}

async function download(path, query, signal) {
  let response, failure;
  try {
    response = await fetch(`${path}?${queryText(query)}`, { signal, cache: "no-store", headers: authorization() });
    if (response.ok) return await response.blob();
    failure = await response.text();
  } catch {
    throw new Problem(0, { title: "No response", detail: "The export was broken off." });
  }
  throw problemOf(response, failure);
}

function saveAs(name, content) {
  const url = URL.createObjectURL(content);
  h("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
