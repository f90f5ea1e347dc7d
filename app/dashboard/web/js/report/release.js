/**
 * The release of a session: its revisions with their files, what changed since the latest, and the button that makes the next.
 *
 * In: the KPI document and revisions of the API. Out: a panel for the agency. Never here: a brand's own view, which is
 * the report itself.
 */

import { Problem, get, post } from "../server/api.js";
import { may, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { ReleaseChanges } from "./changes.js";
import { Resource } from "../server/resource.js";
import { field, notice, panel, problemWords, table } from "../components/components.js";
import { READER_ZONE, moment, t } from "../page/i18n.js";

/** A key that is the same for each attempt of one release; `randomUUID` is missing where the page came without TLS. */
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export class Release {
  /**
   * @param kpis the resource of the KPI document
   * @param save saves a file of the API: `(path, fallback name)`
   * @param changed called after a release
   */
  constructor(base, kpis, save, changed) {
    this.base = base;
    this.kpis = kpis;
    this.save = save;
    this.changed = changed;
    this.note = "";
    this.edition = "client";
    this.key = newKey();
    this.busy = false;
    this.problem = null;
    this.revisions = new Resource(() => get(`${base}/revisions?limit=20`));
    this.changes = new ReleaseChanges(base);
    this.all = [this.revisions, this.changes];
    for (const one of this.all) one.load();
  }

  leave() {
    for (const one of this.all) one.stop();
  }

  async #release(event) {
    event.preventDefault();
    if (this.busy || !confirm(t("dash.release.confirm"))) return;
    Object.assign(this, { busy: true, problem: null });
    refresh();
    try {
      const note = this.note.trim();
      await post(`${this.base}/finalize`, note ? { note } : {}, { headers: { "Idempotency-Key": this.key } });
      Object.assign(this, { note: "", key: newKey() });
      for (const one of this.all) one.load();
      this.changed();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
    this.busy = false;
    refresh();
  }

  render(status) {
    const { data: kpis } = this.kpis;
    const revisions = this.revisions.data?.revisions ?? [];
    if (!kpis || !this.revisions.data) return null;
    return panel("release", t("dash.release"), { class: "sheet" },
      kpis.final
        ? kpis.final.changed && notice("warning", t("dash.release.changed", { number: kpis.final.revision }))
        : h("p", { class: "quiet" }, t("dash.release.none")),
      kpis.final && this.changes.render(kpis),
      revisions.length > 0 && this.#revisions(revisions),
      may.write() && status !== "live" && this.#form(kpis));
  }

  #revisions(revisions) {
    const file = (one, kind) => h("button", {
      type: "button", class: "button button-quiet", "data-revision": `${one.number}.${kind}`, "aria-label": t(`dash.release.${kind}`, { number: one.number }),
      onclick: () => this.save(`${this.base}/revisions/${one.number}/report.${kind}`, `report.${kind}`, { edition: this.edition }),
    }, { xlsx: "Excel", html: "HTML" }[kind]);
    const columns = [
      { label: t("dash.release.revision"), cell: (one) => h("span", { class: "nowrap" }, t("report.revision", { number: one.number })) },
      { label: t("dash.release.at"), cell: (one) => h("span", { class: "nowrap" }, moment(one.created_at, READER_ZONE)) },
      { label: t("dash.release.note"), cell: (one) => one.note ?? "" },
      { label: t("dash.release.files"), cell: (one) => h("span", { class: "release-files" }, file(one, "xlsx"), file(one, "html")) },
    ];
    const editions = h("select", { value: this.edition, onchange: (event) => { this.edition = event.target.value; } },
      ...["client", "internal"].map((edition) => h("option", { value: edition }, t(`dash.edition.${edition}`))));
    return h("div", { class: "release-list" },
      table("revision-table", t("dash.release.revisions"), columns, revisions, { rowKey: (one) => one.number }),
      field(t("dash.edition"), editions));
  }

  #form(kpis) {
    return h(
      "form",
      { class: "note-form", onsubmit: (event) => this.#release(event), "aria-label": t("dash.release") },
      field(t("dash.release.note"), h("input", {
        type: "text", maxlength: 1000, value: this.note, oninput: (event) => { this.note = event.target.value; },
      })),
      this.problem && notice("critical", problemWords(this.problem)),
      h("button", { class: "button button-main", disabled: this.busy, "data-finalize": true },
        t(this.busy ? "dash.release.busy" : kpis.final ? "dash.release.again" : "dash.release.go")),
    );
  }
}
