// Live updates of the current view, and the indicator of their state.
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

let failed = false;

/** Shows the page as not live from now on. */
export function stopLive() {
  failed = true;
  const shown = document.getElementById("live");
  if (!shown.hidden) showLive("stopped");
}

export function showLive(given) {
  const state = given !== null && failed ? "stopped" : given;
  const shown = document.getElementById("live");
  shown.hidden = state === null;
  if (state === null || shown.dataset.state === state) return;
  shown.dataset.state = state;
  fill(shown, icon(ICONS[state] ?? "running"), WORDS[state]);
}

/** Runs an action of a loop, which an error must not end. */
async function run(action) {
  try {
    await action();
  } catch (error) {
    reportError(error);
  }
}

/** Resources of the current view: its stream, timers and requests. Ends with the view. */
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

  /** Runs an action now and after each pause, never concurrently, and not while the page is hidden. */
  every(milliseconds, action) {
    const loop = async () => {
      while (!this.signal.aborted) {
        if (!document.hidden) await run(action);
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
   * Throttles an action that many events trigger: never concurrent, and once more after the last event.
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
        await run(action);
        await this.sleep(milliseconds);
      }
      running = false;
    };
  }

  end() {
    this.ending.abort();
  }
}
