// Server-sent events over fetch, as EventSource cannot send the Authorization header.
import { Problem, authorization, problemOf } from "./api.js";
import { EventParser, dataOf } from "./event_parser.js";
import { piecesOf } from "./pieces.js";

const FIRST_PAUSE = 500; // milliseconds, as all times here
const LONGEST_PAUSE = 15_000;
const GONE = 410; // the last event seen is beyond the end of the log
const HIDDEN = 20_000; // a browser has six connections to a server: a hidden tab gives its own back

/**
 * A stream that reconnects: after an interruption with a growing delay, from the last event received.
 * on: `event({id, type, data})`, `state("live" | "connecting" | "reconnecting" | "paused" | "stopped")`, and `opened()`,
 * after which earlier reads may be outdated. Ends by `stop()`.
 */
export class LiveStream {
  constructor(path, on, lastId = null) {
    Object.assign(this, { path, on, lastId, attempts: 0, stopped: false, wake: () => {} });
    this.visibility = () => this.#visibilityChanged();
    document.addEventListener("visibilitychange", this.visibility);
    this.ended = this.#run();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.hiding);
    document.removeEventListener("visibilitychange", this.visibility);
    this.connection?.abort();
    this.wake();
  }

  async #run() {
    this.on.state("connecting");
    while (!this.stopped) {
      if (this.paused) {
        this.on.state("paused");
        await new Promise((resolve) => (this.wake = resolve));
        continue;
      }
      const again = await this.#connect();
      if (this.stopped || this.paused) continue;
      if (!again) return this.on.state("stopped");
      this.on.state("reconnecting");
      await this.#pause();
    }
  }

  async #pause() {
    const longest = Math.min(FIRST_PAUSE * 2 ** this.attempts, LONGEST_PAUSE);
    this.attempts += 1;
    // Jitter: pages that lost one server together must not come back together.
    const pause = longest / 2 + (Math.random() * longest) / 2;
    await new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, pause);
    });
  }

  /** A connection to its end; true where another is to follow. */
  async #connect() {
    this.connection = new AbortController();
    const headers = { Accept: "text/event-stream", ...authorization() };
    if (this.lastId !== null) headers["Last-Event-ID"] = String(this.lastId);
    let response;
    try {
      response = await fetch(this.path, { headers, cache: "no-store", signal: this.connection.signal });
    } catch {
      return true;
    }
    if (!response.ok) return this.#refused(response);
    this.on.state("live");
    guarded(this.on.opened);
    await this.#read(response);
    return true;
  }

  async #refused(response) {
    const problem = problemOf(response, await response.text().catch(() => ""));
    if (problem.status === GONE) {
      this.lastId = null; // from before a restore: begin anew, and `opened` has all read again
      return true;
    }
    return problem.status >= 500 || problem.status === 429;
  }

  async #read(response) {
    const events = new EventParser();
    try {
      for await (const piece of piecesOf(response, () => this.connection.abort())) {
        this.attempts = 0;
        for (const event of events.feed(piece)) this.#take(event);
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // else interrupted: another connection follows
    }
  }

  #take(event) {
    if (event.id !== null) this.lastId = event.id;
    if (event.data.length) guarded(() => this.on.event({ ...event, data: dataOf(event) }));
  }

  #visibilityChanged() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => {
        this.paused = true;
        this.connection?.abort();
        this.wake();
      }, HIDDEN);
    } else {
      this.paused = false;
      this.attempts = 0;
      this.wake();
    }
  }
}

/** Runs a listener: its error is the page's own, not an end of the connection. */
function guarded(listener) {
  try {
    listener();
  } catch (error) {
    reportError(error);
  }
}
