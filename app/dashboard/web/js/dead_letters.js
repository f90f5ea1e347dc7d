/**
 * Dead letters: input that could not be processed. An operator inspects, replays or discards it.
 *
 * In: dead letters without personal data. Out: a list with details. Never here: changes of their content.
 */

import { Problem, get, post, remove } from "./api.js";
import { refresh } from "./state.js";
import { h } from "./dom.js";
import { Resource } from "./resource.js";
import { failure, fieldErrors, heading, notice, waiting } from "./components.js";
import { moment, t } from "./i18n.js";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export class DeadLettersView {
  constructor() {
    this.list = new Resource(() => get("/v1/dead-letters?limit=100"));
    this.list.load();
    this.open = new Map();
    this.said = null;
  }

  title() {
    return t("dash.nav.dead_letters");
  }

  leave() {
    this.list.stop();
  }

  async #look(id) {
    if (this.open.has(id)) {
      this.open.delete(id);
      return refresh();
    }
    this.open.set(id, null);
    await this.#do(async () => this.open.set(id, await get(`/v1/dead-letters/${id}`)));
  }

  #replay(id) {
    return this.#do(async () => {
      const receipt = await post(`/v1/dead-letters/${id}/replay`);
      // If the server rejects it again, the same dead letter remains.
      this.said = receipt.rejected.length ? { level: "warning", text: "dash.dead_letters.still_rejected" } : { level: "info", text: "dash.dead_letters.accepted" };
      await this.list.load();
    });
  }

  #discard(id) {
    if (!confirm(t("dash.dead_letters.confirm_discard"))) return;
    this.#do(async () => {
      await remove(`/v1/dead-letters/${id}`);
      this.said = { level: "info", text: "dash.dead_letters.discarded" };
      await this.list.load();
    });
  }

  async #do(work) {
    this.said = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const rejected = error.status === 400 || error.status === 422;
      this.said = { level: "warning", text: rejected ? "dash.dead_letters.still_rejected" : null, error };
      if (error.status === 404) this.list.load();
    }
    refresh();
  }

  render() {
    const list = this.list.data?.dead_letters ?? [];
    return [
      h("div", { class: "view-head" }, heading(1, this.title()), h("button", { type: "button", class: "button button-quiet", onclick: () => this.list.load() }, t("dash.reload"))),
      h("p", { class: "quiet intro" }, t("dash.dead_letters.intro")),
      h("div", { role: "status" }, this.said && notice(this.said.level, this.said.text ? t(this.said.text) : this.said.error.words)),
      this.list.error && failure(this.list.error, () => this.list.load()),
      this.list.pending && waiting(),
      this.list.data && (list.length
        ? h("ul", { class: "dead-letters" }, ...list.map((deadLetter) => this.#deadLetter(deadLetter)))
        : h("p", { class: "empty" }, t("dash.dead_letters.none"))),
    ];
  }

  #deadLetter(deadLetter) {
    const shown = this.open.has(deadLetter.id);
    const content = this.open.get(deadLetter.id);
    return h(
      "li",
      { key: deadLetter.id, class: "panel dead-letter" },
      h("div", { class: "dead-letter-head" },
        h("div", null,
          h("p", { class: "strong" }, deadLetter.type ?? t("dash.dead_letters.unreadable")),
          h("p", { class: "quiet small" }, [moment(deadLetter.received_at, ZONE), deadLetter.origin, deadLetter.subject, deadLetter.attempts > 1 && t("dash.dead_letters.attempts", { count: deadLetter.attempts })].filter(Boolean).join(" · "))),
        h("div", { class: "live-buttons" },
          h("button", { type: "button", class: "button button-quiet", "aria-expanded": String(shown), onclick: () => this.#look(deadLetter.id) }, t(shown ? "dash.dead_letters.close" : "dash.dead_letters.inspect")),
          h("button", { type: "button", class: "button", onclick: () => this.#replay(deadLetter.id) }, t("dash.dead_letters.replay")),
          h("button", { type: "button", class: "button button-quiet", onclick: () => this.#discard(deadLetter.id) }, t("dash.dead_letters.discard")))),
      fieldErrors(deadLetter.errors),
      shown && (content ? h("pre", { class: "content", tabindex: "0" }, JSON.stringify(content.event, null, 2)) : waiting()),
    );
  }
}
