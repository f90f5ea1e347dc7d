/**
 * The imports of a show: which file, by whom, what it brought; and the void of one, which takes it out of the figures.
 *
 * In: the imports of a session. Out: a list, and voids. Never here: figures.
 */

import { Problem, get, post, remove } from "../server/api.js";
import { failure, panel } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { READER_ZONE, labelled, moment, number, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { refresh } from "../page/state.js";
import { fieldName } from "./columns.js";

export class ImportList {
  #problem = null;
  /** The import whose void is asked for: its id, what the void would take out, and the form of its reason. */
  #asked = null;
  #said = "";

  /** @param changed called after the figures changed */
  constructor(base, changed) {
    Object.assign(this, { base, changed });
    this.list = new Resource(async () => (await get(`${base}/imports`)).imports);
  }

  leave() {
    this.list.stop();
  }

  async #done(words) {
    this.#said = words;
    this.#asked = null;
    await this.list.load();
    this.changed();
    refresh();
  }

  async #ask(one) {
    this.#problem = null;
    const form = new Form(`void-${one.id}`, { reason: null }, async ({ reason }) => {
      const { rebuild } = await post(`${this.base}/voids`, { import: one.id, reason: reason ?? "" });
      await this.#done(t(rebuild ? "imports.voiding" : "imports.voided_now"));
    });
    this.#asked = { id: one.id, form, effect: null };
    refresh();
    await this.#try(async () => (this.#asked.effect = await get(`${this.base}/imports/${one.id}/void-effect`)));
  }

  async #try(work) {
    try {
      await work();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    refresh();
  }

  #restore(one) {
    this.#problem = null;
    return this.#try(async () => {
      await remove(`${this.base}/voids/${one.void.id}`);
      await this.#done(t("imports.restored"));
    });
  }

  render() {
    const list = this.list.data ?? [];
    return panel("imports", t("imports.title"), {},
      this.list.error && failure(this.list.error, () => this.list.load()),
      this.#problem && failure(this.#problem),
      h("p", { role: "status", class: "quiet" }, this.#said),
      list.length > 0
        ? h("ul", { class: "cards" }, ...list.map((one) => this.#one(one)))
        : this.list.data && h("p", { class: "empty" }, t("imports.none")));
  }

  #one(one) {
    const name = one.file ?? (one.kind ? t(`imports.kind.${one.kind}`) : t("imports.earlier"));
    const guessed = Object.keys(one.guessed_columns).map(fieldName);
    const asked = this.#asked?.id === one.id ? this.#asked : null;
    return h("li", { key: one.id, class: "card" },
      h("p", null, h("span", { class: "strong" }, name), " ",
        one.void && h("span", { class: "chip chip-out" }, t("imports.void")),
        !one.finished && h("span", { class: "chip chip-out" }, t("imports.unfinished"))),
      h("p", { class: "quiet small" }, [one.kind && t(`imports.kind.${one.kind}`), one.at && moment(one.at, READER_ZONE), one.name ?? one.by].filter(Boolean).join(" · ")),
      h("p", { class: "quiet small" }, [t("imports.events", { count: number(one.events) }), one.failed_rows > 0 && t("imports.failed", { count: number(one.failed_rows) }),
        guessed.length > 0 && t("imports.guessed", { columns: guessed.join(t("insight.separator")) })].filter(Boolean).join(" · ")),
      one.void && h("p", { class: "quiet small" }, t("imports.why", { time: moment(one.void.at, READER_ZONE), reason: one.void.reason })),
      asked ? this.#reason(asked, name) : h("div", { class: "form-buttons" }, one.void
        ? h("button", { key: "restore", type: "button", class: "button", "aria-label": labelled(t("imports.restore"), name), onclick: () => this.#restore(one) }, t("imports.restore"))
        : h("button", { key: "void", type: "button", class: "button button-quiet button-danger", "aria-label": labelled(t("imports.take_out"), name), onclick: () => this.#ask(one) }, t("imports.take_out"))));
  }

  #reason({ form, effect }, name) {
    return form.render(labelled(t("imports.take_out"), name), () => [
      h("p", { role: "status" }, effect ? t("imports.effect", { events: number(effect.events), orders: number(effect.orders) }) : t("dash.loading")),
      form.field("/reason", t("imports.reason"), { required: true, maxlength: 1000 }),
    ], { submit: t("imports.take_out"), aside: h("button", { type: "button", class: "button", onclick: () => { this.#asked = null; refresh(); } }, t("form.cancel")) });
  }
}
