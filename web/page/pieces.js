// A response that is read while it arrives.
import { noResponse } from "./api.js";

const SILENCE = 45_000; // milliseconds; a stream of the server sends something at least every 15 s

/** Pieces of a response, as they arrive. Throws a Problem where the connection is lost. silent(): called where nothing has arrived for a while, and ends the connection. */
export async function* piecesOf(response, silent) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const watch = setTimeout(silent, SILENCE);
    let read;
    try {
      read = await reader.read();
    } catch {
      throw noResponse("The connection was lost.");
    } finally {
      clearTimeout(watch);
    }
    if (read.done) return;
    yield read.value;
  }
}
