/**
 * Something that is loaded, may fail, and is loaded again.
 *
 * In: work that fetches. Out: its latest data or its problem. Never here: what is fetched.
 */

import { Problem } from "./api.js";
import { refresh } from "../page/state.js";

const RETRY_MS = 4000;

export class Resource {
  data = undefined;
  error = null;
  /** When the data came, in this machine's clock. */
  loadedAt = null;
  #work;
  #turn = 0;
  #timer = null;
  #stopped = false;

  /** @param work returns a promise of the data */
  constructor(work) {
    this.#work = work;
  }

  get pending() {
    return this.data === undefined && this.error === null;
  }

  /** Load now. Of answers that overtake each other the latest question's counts. A transient error is retried. */
  async load() {
    if (this.#stopped) return;
    const turn = ++this.#turn;
    clearTimeout(this.#timer);
    try {
      const data = await this.#work();
      if (turn !== this.#turn || this.#stopped) return;
      this.data = data;
      this.loadedAt = Date.now();
      this.error = null;
    } catch (error) {
      if (turn !== this.#turn || this.#stopped) return;
      if (!(error instanceof Problem)) throw error;
      this.error = error;
      if (error.passing) this.#timer = setTimeout(() => this.load(), Math.max(RETRY_MS, (error.retryAfter ?? 0) * 1000));
    }
    refresh();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

/** Do what a button says, and load again what it changed; what went wrong is `view.problem` then. */
export async function change(view, work, ...changed) {
  view.problem = null;
  try {
    await work();
    await Promise.all(changed.map((one) => one?.load()));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    view.problem = error;
  }
  refresh();
}

/** Call work at an interval while the page is visible; returns a function that stops it. */
export function every(milliseconds, work) {
  const timer = setInterval(() => document.visibilityState === "visible" && work(), milliseconds);
  const looked = () => document.visibilityState === "visible" && work();
  document.addEventListener("visibilitychange", looked);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", looked);
  };
}
