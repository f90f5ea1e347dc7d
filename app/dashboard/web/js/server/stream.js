/**
 * The event stream of a session, and its state.
 *
 * In: a session. Out: its documents as they change, and whether they are of this moment. Never here: figures.
 *
 * EventSource does not tell a refusal from a lost network, so each connection begins with a small request that does. On any error
 * the source is closed, and a new one is opened after a pause.
 */

import { Problem, get } from "./api.js";
import { BASE } from "../page/base.js";
import { language } from "../page/i18n.js";

const DOCUMENTS = ["kpis", "products", "audience", "marks", "targets", "alerts"];
/** If nothing arrives for this time, the connection is reopened: a network that drops all packets raises no error. */
const SILENCE_MS = 45_000;
const LONGEST_PAUSE_MS = 15_000;

export class Stream {
  /** `connecting` at first, `open` while figures are live, `reconnecting`, or `refused` (the reader may not, or no such thing). */
  state = "connecting";
  /** When the server last said something, in this machine's clock; null before. */
  heardAt = null;
  #source = null;
  #update = {};
  #timer = null;
  #pause = 500;
  #closed = false;
  #attempt = 0;

  /** @param on `{update(documents), state()}`; documents of one revision come together */
  constructor(session, on) {
    this.session = session;
    this.on = on;
    addEventListener("online", this.#again);
    addEventListener("offline", this.#lost);
    this.#open();
  }

  /** Reconnect at once: for another language, or on request of the user. */
  restart() {
    this.#drop();
    this.#open();
  }

  close() {
    this.#closed = true;
    removeEventListener("online", this.#again);
    removeEventListener("offline", this.#lost);
    this.#drop();
  }

  #again = () => {
    if (this.state !== "open") this.restart();
  };

  #lost = () => {
    this.#drop();
    this.#become("reconnecting");
    this.#later();
  };

  #drop() {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#update = {};
  }

  #later() {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    // Many screens that lost the same server must not come back in the same instant.
    this.#timer = setTimeout(() => this.restart(), this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  #become(state) {
    if (this.#closed || this.state === state) return;
    this.state = state;
    this.on.state();
  }

  async #open() {
    const attempt = this.#attempt;
    try {
      await get(`/v1/sessions/${this.session}/kpis`);
    } catch (error) {
      if (attempt !== this.#attempt || this.#closed) return;
      if (error instanceof Problem && !error.passing && error.status !== 429) return this.#become("refused");
      this.#become("reconnecting");
      return this.#later();
    }
    if (attempt !== this.#attempt || this.#closed) return;
    const source = (this.#source = new EventSource(`${BASE}/v1/sessions/${this.session}/stream?lang=${language()}`));
    for (const name of DOCUMENTS) {
      source.addEventListener(name, (event) => {
        this.heardAt = Date.now();
        this.#pause = 500;
        this.#guard();
        this.#become("open");
        this.#update[name] = JSON.parse(event.data);
        // Only the last event of an update carries the revision itself; with it the update is complete.
        if (event.lastEventId.endsWith("-")) return;
        const documents = this.#update;
        this.#update = {};
        this.on.update(documents);
      });
    }
    source.onerror = this.#lost;
    this.#guard();
  }

  #guard() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#lost, SILENCE_MS);
  }
}
