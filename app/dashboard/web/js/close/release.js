/**
 * The last step: the client edition as the client will see it, then final, then its files and its link.
 *
 * In: the client edition of the report. Out: a revision. Never here: the report's layout, which is the report page's.
 */

import { Problem, download, get, path, post } from "../server/api.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { failure, field, notice } from "../components/components.js";
import { ask } from "../components/forms.js";
import { newId } from "../desk/queue.js";
import { ReleaseChanges } from "../report/changes.js";
import { ShareLinks } from "./share.js";
import { sheet } from "../report/report.js";
import { SortableTable } from "../components/sortable_table.js";
import { LANGUAGES, READER_ZONE, language, moment, t } from "../page/i18n.js";

export class ReleaseStep {
  #note = "";
  #problem = null;
  #busy = false;
  #chosen = false;
  /** One key per release that is meant: a repetition of the request makes no second revision. */
  #key = newId();

  constructor(view, released) {
    this.view = view;
    this.released = released;
    this.language = language();
    this.report = new Resource(() => get(path(`${view.base}/report`, { edition: "client", lang: this.language })));
    this.revisions = new Resource(() => get(`${view.base}/revisions?limit=20`));
    this.changes = new ReleaseChanges(view.base);
    this.links = new ShareLinks(view.base);
    this.sold = new SortableTable("sold-table", "gmv");
  }

  enter() {
    this.report.load();
    this.revisions.load();
    this.changes.load();
    this.view.kpis.load();
    this.links.load();
  }

  /** The preview follows the reader until the client's language is chosen. */
  languageChanged() {
    if (this.#chosen) return;
    this.language = language();
    this.report.load();
  }

  leave() {
    this.report.stop();
    this.revisions.stop();
    this.changes.stop();
    this.links.leave();
  }

  async #do(work) {
    this.#busy = true;
    this.#problem = null;
    refresh();
    try {
      await work();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    this.#busy = false;
    refresh();
  }

  async #finalize(event) {
    event.preventDefault();
    if (this.#busy || !(await ask(t("dash.release"), t("dash.release.confirm"), t("dash.release.go")))) return;
    this.#do(async () => {
      await post(`${this.view.base}/finalize`, { note: this.#note.trim() || null }, { headers: { "Idempotency-Key": this.#key } });
      this.#key = newId();
      this.#note = "";
      await this.revisions.load();
      this.changes.load();
      this.report.load();
      this.released();
    });
  }

  render() {
    const { final } = this.view.kpis.data;
    const revisions = this.revisions.data?.revisions ?? [];
    return [
      this.#problem && h("div", { key: "problem" }, failure(this.#problem)),
      h("div", { key: "tools", class: "card-form" },
        field(t("close.release.language"), h("select", {
          value: this.language, onchange: (event) => {
            this.language = event.target.value;
            this.#chosen = true;
            this.report.load();
            refresh();
          },
        }, ...Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code }, name))))),
      h("h3", { key: "preview-title", class: "title title-3" }, t("close.release.preview")),
      this.report.error ? h("div", { key: "preview" }, failure(this.report.error, () => this.report.load()))
        : this.report.data && h("div", { key: "preview", class: "preview", tabindex: "0", role: "region", "aria-label": t("close.release.preview"), lang: this.language }, sheet(this.report.data, this.sold)),
      final && h("div", { key: "final" },
        notice(final.changed ? "warning" : "info", t(final.changed ? "dash.release.changed" : "close.release.done", { number: final.revision })),
        final.changed && this.changes.render(this.view.kpis.data)),
      h("form", { key: "form", class: "card-form", onsubmit: (event) => this.#finalize(event), "aria-label": t("dash.release") },
        field(t("dash.release.note"), h("input", { type: "text", maxlength: 1000, value: this.#note, oninput: (event) => { this.#note = event.target.value; } })),
        h("button", { class: "button button-main", disabled: this.#busy }, t(this.#busy ? "dash.release.busy" : final ? "dash.release.again" : "dash.release.go"))),
      revisions.length > 0 && this.#files(revisions),
      revisions.length > 0 && this.links.render(),
    ];
  }

  #files(revisions) {
    const file = (number, kind) => h("button", {
      type: "button", class: "button", disabled: this.#busy,
      onclick: () => this.#do(() => download(path(`${this.view.base}/revisions/${number}/report.${kind}`, { lang: this.language, edition: "client" }), `report-${number}.${kind}`)),
    }, t(`dash.release.${kind}`, { number }));
    return h("div", { key: "files" },
      h("h3", { class: "title title-3" }, t("dash.release.files")),
      h("ul", { class: "plan-list" }, ...revisions.slice(0, 5).map(({ number, created_at: at, note }) => h("li", { key: number },
        h("span", { class: "strong" }, t("report.revision", { number })), h("span", { class: "quiet" }, [moment(at, READER_ZONE), note].filter(Boolean).join(" · ")),
        file(number, "xlsx"), file(number, "html")))));
  }
}
