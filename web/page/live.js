// What a view keeps up to date while it is shown, and the indicator that says whether it is.
import { fill, icon } from "./dom.js";
import { LiveStream } from "./stream.js";

const WORDS = {
  connecting: "connecting",
  live: "live",
  reconnecting: "reconnecting",
  paused: "paused",
  stopped: "not live",
};
const ICONS = { live: "check", reconnecting: "retried", paused: "held", stopped: "cancelled" };

export function showLive(state) {
  const shown = document.getElementById("live");
  shown.hidden = state === null;
  if (state === null || shown.dataset.state === state) return;
  shown.dataset.state = state;
  fill(shown, icon(ICONS[state] ?? "running"), WORDS[state]);
}

/** What belongs to a view on the screen: its stream, its timers, its requests. Ends with the view. */
export class Scope {
  constructor() {
    this.ending = new AbortController();
    this.signal = this.ending.signal;
  }

  /** One stream a view. handlers: `event`, and `opened` after every (re)connection. */
  stream(path, { event, opened }, lastId = null) {
    const stream = new LiveStream(path, { event, opened, state: (state) => !this.signal.aborted && showLive(state) }, lastId);
    this.signal.addEventListener("abort", () => {
      stream.stop();
      showLive(null);
    });
  }

  /** Runs now and again after each pause, never twice at once, and not while nobody looks. */
  every(milliseconds, action) {
    const loop = async () => {
      while (!this.signal.aborted) {
        if (!document.hidden) await action();
        await this.sleep(milliseconds);
      }
    };
    loop();
  }

  sleep(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }

  /**
   * An action that many events may ask for: at most once in a while, never twice at once, and once more after the last.
   */
  throttled(milliseconds, action) {
    let running = false;
    let wanted = false;
    return async () => {
      wanted = true;
      if (running) return;
      running = true;
      while (wanted && !this.signal.aborted) {
        wanted = false;
        await action();
        await this.sleep(milliseconds);
      }
      running = false;
    };
  }

  end() {
    this.ending.abort();
  }
}
