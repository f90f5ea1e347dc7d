/**
 * The third step: figures that contradict each other, and a remark where they cannot be resolved.
 *
 * In: the warnings of the KPI document. Out: remarks among the notes. Never here: figures.
 */

import { Problem, get, post } from "../server/api.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { failure } from "../components/components.js";
import { t } from "../page/i18n.js";

export class ContradictionsStep {
  #drafts = new Map();
  #problem = null;

  constructor(view) {
    this.view = view;
    this.notes = new Resource(() => get(`${view.base}/notes?limit=200`));
  }

  enter() {
    this.notes.load();
    this.view.kpis.load();
  }

  leave() {
    this.notes.stop();
  }

  count() {
    return this.view.kpis.data?.warnings.length ?? 0;
  }

  async #remark(warning) {
    const text = (this.#drafts.get(warning.message) ?? "").trim();
    if (!text) return;
    this.#problem = null;
    try {
      await post(`${this.view.base}/notes`, { section: "live", kind: "observation", text: `${warning.message} — ${text}` });
      this.#drafts.delete(warning.message);
      await this.notes.load();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    refresh();
  }

  render() {
    const { warnings } = this.view.kpis.data;
    if (!warnings.length) return h("p", { key: "none", class: "calm" }, h("span", { "aria-hidden": "true" }, "✓ "), t("close.contradictions.none"));
    const remarks = this.notes.data?.notes ?? [];
    return [
      h("p", { key: "intro", class: "quiet" }, t("dash.warnings.intro")),
      this.#problem && failure(this.#problem),
      h("ul", { key: "list", class: "cards" }, ...warnings.map((warning) => {
        const said = remarks.filter((note) => note.text.startsWith(`${warning.message} — `));
        return h("li", { key: `${warning.code} ${warning.message}`, class: "card" },
          h("p", { class: "strong" }, warning.message),
          ...said.map((note) => h("p", { key: note.id, class: "quiet" }, note.text.slice(warning.message.length + 3))),
          h("form", { class: "card-form", onsubmit: (event) => { event.preventDefault(); this.#remark(warning); } },
            h("input", {
              type: "text", maxlength: 1000, "aria-label": t("close.contradictions.remark"), placeholder: t("close.contradictions.remark"),
              value: this.#drafts.get(warning.message) ?? "", oninput: (event) => { this.#drafts.set(warning.message, event.target.value); refresh(); },
            }),
            h("button", { class: "button", disabled: !this.#drafts.get(warning.message)?.trim() }, t("close.contradictions.add"))));
      })),
    ];
  }
}
