/**
 * The page of a share link: the client edition of one session, for reading, printing and saving.
 *
 * In: the report of the latest revision. Out: a page without anything of the agency's own. Never here: requests that a guest may
 * not make.
 */

import { Problem, download, get, path } from "../server/api.js";
import { app, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { badge, failure, heading, notice, waiting } from "../components/components.js";
import { BASE } from "../page/base.js";
import { sheet } from "./report.js";
import { SortableTable } from "../components/sortable_table.js";
import { READER_ZONE, language, moment, t } from "../page/i18n.js";

export class SharedReportView {
  constructor() {
    this.base = `/v1/sessions/${app.who.session}`;
    this.report = new Resource(() => get(`${this.base}/report?lang=${language()}`));
    this.report.load();
    this.sold = new SortableTable("sold-table", "gmv");
    /** The label of what a file is doing, or its problem. */
    this.saving = null;
  }

  title() {
    return this.report.data?.title ?? app.who.brand_name ?? t("dash.report");
  }

  leave() {
    this.report.stop();
  }

  languageChanged() {
    this.report.load();
  }

  render() {
    const { data: report, error } = this.report;
    if (error?.code === "not_released") return [heading(1, app.who.brand_name ?? ""), notice("info", t("dash.release.later"))];
    if (!report) return error ? failure(error, () => this.report.load()) : waiting();
    return h(
      "article",
      { class: "report" },
      h("header", { class: "live-head report-head" },
        h("div", { class: "live-name" },
          h("div", { class: "live-kicker" }, badge(report.status), h("span", { class: "chip" }, t("report.revision", { number: report.revision })), h("span", null, report.heading)),
          app.who.brand_logo && h("img", { class: "brand-logo", src: `${BASE}${this.base}/logo?v=${app.who.brand_logo.slice(0, 12)}`, alt: t("logo.alt", { brand: app.who.brand_name }) }),
          heading(1, report.title),
          h("p", { class: "quiet" }, t("dash.report.as_of", { time: moment(report.as_of, READER_ZONE) }))),
        h("div", { class: "live-buttons" },
          h("button", { type: "button", class: "button button-main", onclick: () => print() }, t("people.share.print")),
          this.#file("xlsx"), this.#file("html"))),
      this.saving && notice(this.saving.error ? "critical" : "info", this.saving.error?.words ?? t("dash.report.saving")),
      sheet(report, this.sold),
    );
  }

  #file(kind) {
    const save = async () => {
      this.saving = {};
      refresh();
      try {
        await download(path(`${this.base}/report.${kind}`, { lang: language() }), `report.${kind}`);
        this.saving = null;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        this.saving = { error };
      }
      refresh();
    };
    return h("button", { type: "button", class: "button", onclick: save, "data-file": kind }, t(`dash.report.${kind}`));
  }
}
