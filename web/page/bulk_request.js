// A bulk action as one request, whose results arrive while it works.
import { authorization, opened, queryText } from "./api.js";
import { EventParser, dataOf } from "./event_parser.js";
import { piecesOf } from "./pieces.js";

export const MOST = 10_000; // the API's limit

/**
 * Starts an action. Returns `{results(), stop()}`. results(): an async iterator of `{type, data}`, `start`, `order` and `end`; throws a Problem
 * where the connection is lost. stop(): closes the connection; orders in progress are completed. Throws a Problem where it is refused.
 */
export async function startBulk(path, body, key) {
  const stopping = new AbortController();
  const headers = { Accept: "text/event-stream", "Content-Type": "application/json", "Idempotency-Key": key, ...authorization() };
  const response = await opened(path, { method: "POST", headers, body: JSON.stringify(body), signal: stopping.signal });
  return { results: () => eventsOf(response, stopping), stop: () => stopping.abort() };
}

async function* eventsOf(response, stopping) {
  const parser = new EventParser();
  for await (const piece of piecesOf(response, () => stopping.abort())) {
    for (const event of parser.feed(piece)) if (event.data.length) yield { type: event.type, data: dataOf(event) };
  }
}

/** Ids of all orders that a filter finds, at most one more than MOST. */
export async function idsOf(query, signal) {
  const reading = new AbortController();
  const response = await opened(`/v1/exports/orders?${queryText({ ...query, format: "jsonl" })}`, { headers: authorization(), signal: AbortSignal.any([signal, reading.signal]) });
  const ids = [];
  let rest = "";
  for await (const piece of piecesOf(response, () => reading.abort())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    for (const line of lines) ids.push(JSON.parse(line).orderId);
    if (ids.length <= MOST) continue;
    reading.abort();
    break;
  }
  return ids;
}
