/**
 * The release of a session: its revisions with their files, what changed since the latest, and the button that makes the next.
 *
 * In: the KPI document, revisions and changes of the API. Out: a panel for the agency. Never here: a brand's own view, which is
 * the report itself.
 */

import { Problem, get, post } from "./api.js";
import { may, refresh } from "./state.js";
import { h } from "./dom.js";
import { Resource } from "./resource.js";
import { field, notice, panel, table } from "./components.js";
import { READER_ZONE, clock, figure, labelOr, moment, money, number, percent, platformName, t } from "./i18n.js";

const SHOWN = 12;
const RATES = new Set(["click_rate", "click_to_buyer_rate", "share_of_gmv"]);

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
    this.changes = new Resource(async () => {
      const { revisions } = await get(`${base}/revisions?limit=1`);
      return revisions.length ? (await get(`${base}/revisions/${revisions[0].number}/changes`)).changes : [];
    });
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
      kpis.final && this.#changed(kpis),
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

  #changed({ kpis, currency }) {
    const list = this.changes.data ?? [];
    if (!list.length) return null;
    const text = (change, value) => {
      if (change.figure === "duration_seconds") return clock(value);
      const unit = change.product || change.promotion ? null : kpis[change.figure]?.unit;
      if (unit) return figure({ value, unit }, currency, change.figure);
      if (typeof value === "string") return money(value, currency);
      return RATES.has(change.figure) ? percent(value) : number(value);
    };
    const name = (change) =>
      change.product ? labelOr(`product.${change.figure}`, change.figure)
        : change.promotion ? labelOr(`promotion.${change.figure}`, change.figure)
          : change.figure === "duration_seconds" ? t("sheet.duration") : labelOr(`metric.${change.figure}`, change.figure);
    const of = (change) => (change.platform ? platformName(change.platform) : change.product ?? change.promotion ?? "");
    const columns = [
      { label: t("dash.figure"), cell: name },
      ...(list.some(of) ? [{ label: t("dash.release.of"), cell: of }] : []),
      { label: t("dash.release.was"), numeric: true, cell: (change) => text(change, change.was) },
      { label: t("dash.release.is"), numeric: true, cell: (change) => text(change, change.is) },
    ];
    const rest = list.length - SHOWN;
    return h("div", { key: "changes" },
      table("change-table", t("dash.release.changes"), columns, list.slice(0, SHOWN), {
        rowKey: (change) => `${change.figure} ${of(change)}`,
      }),
      rest > 0 && h("p", { class: "quiet small" }, t("dash.release.more", { count: rest })));
  }

  #form(kpis) {
    return h(
      "form",
      { class: "note-form", onsubmit: (event) => this.#release(event), "aria-label": t("dash.release") },
      field(t("dash.release.note"), h("input", {
        type: "text", maxlength: 1000, value: this.note, oninput: (event) => { this.note = event.target.value; },
      })),
      this.problem && notice("critical", this.problem.words),
      h("button", { class: "button button-main", disabled: this.busy, "data-finalize": true },
        t(this.busy ? "dash.release.busy" : kpis.final ? "dash.release.again" : "dash.release.go")),
    );
  }
}
