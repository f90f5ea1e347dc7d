/**
 * A list that the API returns in pages.
 *
 * In: work that fetches the page behind a cursor. Out: the items so far. Never here: what the items are.
 */

import { Problem } from "../server/api.js";
import { h } from "../page/dom.js";
import { failure, waiting } from "./components.js";
import { Resource } from "../server/resource.js";
import { refresh } from "../page/state.js";
import { t } from "../page/i18n.js";

export class Pages {
  #ask;
  #member;
  #more = [];
  #first;

  /**
   * @param member of the answer that holds the items
   * @param ask returns a promise of the page behind a cursor, or of the first one
   */
  constructor(member, ask) {
    this.#member = member;
    this.#ask = ask;
    this.#first = new Resource(() => ask());
  }

  get #pages() {
    return this.#first.data ? [this.#first.data, ...this.#more] : [];
  }

  get items() {
    return this.#pages.flatMap((page) => page[this.#member]);
  }

  get loaded() {
    return this.#first.data !== undefined;
  }

  /** Whether there is a first answer, be it that there is none: what stands below the list has its place then. */
  get answered() {
    return !this.#first.pending;
  }

  /** Load the first page again; the others are gone until they are wanted. */
  load() {
    this.#more = [];
    return this.#first.load();
  }

  stop() {
    this.#first.stop();
  }

  async more() {
    const first = this.#first.data;
    try {
      const page = await this.#ask(this.#pages.at(-1).next_cursor);
      // Another question may have been asked meanwhile.
      if (first === this.#first.data) this.#more.push(page);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#first.error = error;
    }
    refresh();
  }

  /** The items by `draw`, or why there are none; a button for the next page. */
  render(draw, none) {
    const { error, pending } = this.#first;
    return [
      error && failure(error, () => this.load()),
      pending && waiting(),
      this.loaded && (this.items.length ? draw(this.items) : h("p", { class: "empty" }, none)),
      this.#pages.at(-1)?.next_cursor && h("button", { type: "button", class: "button", onclick: () => this.more() }, t("dash.sessions.more")),
    ];
  }
}
