/**
 * The previous secret of a connection or a channel: until when it is valid, and its end.
 *
 * In: an object of the API, and work that changes it. Out: a description. Never here: secrets.
 */

import { h } from "../page/dom.js";
import { notice, problemWords } from "./components.js";
import { Form, ask } from "./forms.js";
import { READER_ZONE, labelled, moment, t } from "../page/i18n.js";
import { Problem } from "../server/api.js";
import { refresh } from "../page/state.js";

/** What an input of a local time shows for a moment. */
const local = (date) => new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
const WEEK = 7 * 24 * 3600_000;

export class PreviousSecret {
  #problem = null;
  #form = null;

  /** @param change sends changes of the object; `subject` tells which one it is, for screen readers */
  constructor(change, subject = "") {
    Object.assign(this, { change, subject });
  }

  #open(one) {
    const end = one.previous_secret_expires_at;
    this.#form = new Form("previous-secret", { until: local(end ? new Date(end) : new Date(Date.now() + WEEK)) }, async ({ until }) => {
      await this.change({ previous_secret_expires_at: until ? new Date(until).toISOString() : null });
      this.#form = null;
    });
    refresh();
  }

  async #end() {
    if (!(await ask(t("rotation.now"), t("rotation.now_question"), t("rotation.now")))) return;
    this.#problem = null;
    try {
      await this.change({ secrets: { previous_secret: null } });
      this.#form = null;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    refresh();
  }

  render(one) {
    if (!one.secrets_set.includes("previous_secret")) return null;
    const end = one.previous_secret_expires_at;
    const named = (words) => (this.subject ? labelled(words, this.subject) : words);
    return h("section", { key: "previous", class: "previous-secret", "aria-label": named(t("rotation.previous")) },
      h("p", { role: "status" }, end ? t("rotation.until", { time: moment(end, READER_ZONE) }) : t("rotation.valid")),
      this.#problem && notice("warning", problemWords(this.#problem)),
      this.#form
        ? this.#form.render(t("rotation.set"), () => this.#form.field("/until", t("rotation.end"), { type: "datetime-local", help: t("rotation.end_help") }), {
            submit: t("rotation.set"), aside: h("button", { type: "button", class: "button", onclick: () => { this.#form = null; refresh(); } }, t("form.cancel")),
          })
        : h("div", { class: "form-buttons" },
            h("button", { key: "set", type: "button", class: "button", "aria-label": named(t("rotation.set")), onclick: () => this.#open(one) }, t("rotation.set")),
            h("button", { key: "now", type: "button", class: "button button-quiet button-danger", "aria-label": named(t("rotation.now")), onclick: () => this.#end() }, t("rotation.now"))));
  }
}
