/**
 * Actions that wait on this device until the server has them.
 *
 * In: requests, each with an id that makes its repetition harmless. Out: the same requests, sent in order, one at a time. Never
 * here: what they mean.
 *
 * Every entry has a key of its own in the browser's storage, so several tabs add to one queue. An entry is removed when the server
 * has answered it, or when its author discards it. A refused entry stops the queue: what follows may depend on it.
 */

import { Problem, post } from "../server/api.js";

const PREFIX = "tallylight.queue.";
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;
/** A network that drops all packets gives no error. */
const ANSWER_MS = 20_000;
/** The server's state follows an answer within a second or two; until then an answered action is still applied to what is shown. */
const SETTLES_MS = 2500;

/**
 * An id that no other device makes, in the order of time (UUID version 7). `crypto.randomUUID` is missing where the page came by plain
 * http.
 */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setBigUint64(0, (BigInt(Date.now()) << 16n) | (BigInt(bytes[6]) << 8n) | BigInt(bytes[7]));
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Storage may be forbidden or full: then the entries last as long as the page, and the page says so. */
class Shelf {
  kept = true;
  #memory = new Map();

  constructor(prefix) {
    this.prefix = prefix;
  }

  set(name, entry) {
    this.#memory.set(name, entry);
    try {
      localStorage.setItem(this.prefix + name, JSON.stringify(entry));
    } catch {
      this.kept = false;
    }
  }

  delete(name) {
    this.#memory.delete(name);
    try {
      localStorage.removeItem(this.prefix + name);
    } catch {
      this.kept = false;
    }
  }

  /** All entries, the oldest first: those of other tabs too. */
  all() {
    const found = new Map(this.kept ? [] : this.#memory);
    try {
      for (let index = 0; index < localStorage.length; index += 1) {
        const key = localStorage.key(index);
        if (key.startsWith(this.prefix)) found.set(key.slice(this.prefix.length), JSON.parse(localStorage.getItem(key)));
      }
    } catch {
      this.kept = false;
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, entry]) => ({ ...entry, name }));
  }
}

export class ActionQueue {
  /** False if the browser keeps nothing: a reload would lose what waits. */
  get kept() {
    return this.#shelf.kept;
  }

  /** True while the server cannot be reached. */
  interrupted = false;
  #shelf;
  #entries = [];
  #settling = [];
  #sending = null;
  #timer = null;
  #pause = FIRST_PAUSE_MS;
  #closed = false;
  #number = 0;

  /**
   * @param session id
   * @param on `{changed(), sent(entry, answer)}`
   */
  constructor(session, on) {
    this.on = on;
    this.lock = PREFIX + session;
    this.#shelf = new Shelf(`${this.lock}.`);
    this.#entries = this.#shelf.all();
    addEventListener("online", this.send);
    addEventListener("offline", this.#offline);
    addEventListener("storage", this.#reload);
    this.send();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    removeEventListener("online", this.send);
    removeEventListener("offline", this.#offline);
    removeEventListener("storage", this.#reload);
  }

  /** What waits, the oldest first: `{name, path, body, about, at, refused?}`. */
  get waiting() {
    return this.#entries;
  }

  /** What is not yet part of the documents of the server, in order. */
  get unseen() {
    const now = Date.now();
    this.#settling = this.#settling.filter((entry) => now - entry.answeredAt < SETTLES_MS);
    return [...this.#settling, ...this.#entries.filter((entry) => !entry.refused)];
  }

  get refused() {
    return this.#entries.find((entry) => entry.refused) ?? null;
  }

  /** Add a request and send it as soon as it is the first. `about` is what the page needs to name it. */
  add(path, body, about) {
    this.#number += 1;
    const name = `${String(Date.now()).padStart(14, "0")}-${String(this.#number).padStart(6, "0")}-${newId().slice(0, 8)}`;
    this.#shelf.set(name, { path, body, about, at: new Date().toISOString() });
    this.#reload();
    this.send();
  }

  /** Take back what has not been sent. Returns false if it may have reached the server. */
  discard(entry) {
    if (this.#sending === entry.name || entry.tried) return false;
    this.drop(entry);
    return true;
  }

  /** Remove an entry, by decision of its author. */
  drop(entry) {
    this.#shelf.delete(entry.name);
    this.#reload();
    this.send();
  }

  /** Send a refused entry once more. */
  retry(entry) {
    const { refused, name, ...rest } = entry;
    this.#shelf.set(name, rest);
    this.#reload();
    this.send();
  }

  #reload = () => {
    this.#entries = this.#shelf.all();
    this.on.changed();
  };

  #offline = () => {
    this.interrupted = true;
    this.on.changed();
  };

  /** Send what waits, in order. Tabs take turns where the browser has locks; where it has none, ids make repetitions harmless. */
  send = async () => {
    clearTimeout(this.#timer);
    if (this.#sending || this.#closed || !this.#entries.length) return;
    this.#sending = "…";
    try {
      if (navigator.locks) await navigator.locks.request(this.lock, () => this.#sendAll());
      else await this.#sendAll();
    } finally {
      this.#sending = null;
    }
    this.on.changed();
    if (this.#closed || !this.#entries.length || this.refused) return;
    this.#timer = setTimeout(this.send, this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  };

  async #sendAll() {
    for (;;) {
      this.#entries = this.#shelf.all();
      const [entry] = this.#entries;
      if (!entry || entry.refused || this.#closed) return;
      if (!(await this.#sendOne(entry))) return;
    }
  }

  /** Returns true if the next one may be sent. */
  async #sendOne(entry) {
    const { name, ...rest } = entry;
    this.#sending = name;
    this.#shelf.set(name, { ...rest, tried: true });
    try {
      const answer = await post(entry.path, entry.body, { signal: AbortSignal.timeout(ANSWER_MS) });
      this.#settling.push({ ...entry, answeredAt: Date.now() });
      this.#shelf.delete(name);
      this.#entries = this.#shelf.all();
      this.interrupted = false;
      this.#pause = FIRST_PAUSE_MS;
      this.on.sent(entry, answer);
      this.on.changed();
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.interrupted = problem.status === 0;
      // Not signed in any more, or too fast: the same request succeeds later.
      if (!problem.passing && problem.status !== 429 && problem.status !== 401) {
        const { status, words, detail, errors } = problem;
        this.#shelf.set(name, { ...rest, tried: true, refused: { status, words, detail, errors } });
        this.#entries = this.#shelf.all();
      }
      return false;
    }
  }
}
