/**
 * The note box of the desk: what was seen, with the minute and the product on air.
 *
 * In: text. Out: an observation among the session's notes. Never here: other kinds of notes.
 */

import { now } from "../server/api.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { newId } from "./queue.js";
import { hour, t } from "../page/i18n.js";

export class DeskNote {
  #text = "";
  /** When the typing began: the note is about that moment. */
  #at = null;

  constructor(base, queue) {
    this.base = base;
    this.queue = queue;
  }

  #send(row, zone) {
    const text = this.#text.trim();
    if (!text) return;
    const at = this.#at ?? now();
    const stamp = [hour(at, zone), row?.name].filter(Boolean).join(" ");
    this.queue.add(`${this.base}/notes`, { id: newId(), section: "live", kind: "observation", text: `${stamp} ${text}`.slice(0, 4000) }, {});
    this.#text = "";
    this.#at = null;
    refresh();
  }

  render(row, zone) {
    const stamp = [hour(this.#at ?? now(), zone), row?.name].filter(Boolean).join(" · ");
    return h("form", { key: "note", class: "desk-part desk-note", onsubmit: (event) => { event.preventDefault(); this.#send(row, zone); } },
      h("label", { class: "field" }, h("span", { class: "field-label" }, t("desk.note"), " ", h("span", { class: "desk-stamp" }, stamp)),
        h("textarea", {
          id: "desk-note", rows: 2, maxlength: 4000, value: this.#text, "aria-keyshortcuts": "n", placeholder: t("desk.note.hint"),
          oninput: (event) => {
            this.#text = event.target.value;
            this.#at = this.#text ? this.#at ?? now() : null;
            refresh();
          },
          onkeydown: (event) => {
            if (event.key === "Escape") event.target.blur();
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            this.#send(row, zone);
          },
        })),
      h("button", { class: "button", disabled: !this.#text.trim() }, t("desk.note.add")));
  }
}
