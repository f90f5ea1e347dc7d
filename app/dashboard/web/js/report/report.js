/**
 * The report of a session: the results sheet as a page, with its files, charts, drafts, warnings and notes.
 *
 * In: the report document and what belongs to it. Out: a page, and downloads. Never here: figures of its own, other words than
 * the sheet's.
 */

import { Problem, download, find, get, path } from "../server/api.js";
import { may, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { badge, chartPanel, failure, fitted, heading, notice, panel, phrase, table, waiting } from "../components/components.js";
import { Notes } from "./notes.js";
import { ShareLinks } from "../people/share_links.js";
import { Release } from "./release.js";
import { link } from "../page/router.js";
import { theme } from "../page/theme.js";
import { READER_ZONE, date, hour, language, lengthOf, moment, platformName, t } from "../page/i18n.js";
import { listed } from "../components/marks.js";
import { FunnelParts, trafficSection } from "../traffic/section.js";
import { SortableTable } from "../components/sortable_table.js";
import { tablePanels } from "./tables.js";
import { retentionUnknown, windowPanels } from "./windows.js";

const CHARTS = ["timeline", "products", "platforms"];

export class ReportView {
  constructor(id) {
    this.id = id;
    this.base = `/v1/sessions/${encodeURIComponent(id)}`;
    this.session = new Resource(() => get(this.base));
    this.report = new Resource(() => get(`${this.base}/report?lang=${language()}`));
    this.kpis = new Resource(() => find(`${this.base}/kpis`));
    this.funnel = new FunnelParts(this.base);
    this.sold = new SortableTable("sold-table", "gmv");
    // What is the agency's own is not asked for in the name of a brand.
    this.insights = may.seeInternal() ? new Resource(() => find(`${this.base}/insights`)) : null;
    this.notes = may.seeInternal() ? new Notes(this.base, () => this.report.load()) : null;
    this.charts = Object.fromEntries(CHARTS.map((name) => [
      name, new Resource(() => find(`${this.base}/charts/${name}?lang=${language()}&theme=${theme()}`)),
    ]));
    this.all = [this.session, this.report, this.insights, this.kpis, this.funnel.parts, ...Object.values(this.charts)].filter(Boolean);
    for (const one of this.all) one.load();
    this.saving = null;
    this.shares = may.write() ? new ShareLinks(this.base) : null;
    this.release = may.seeInternal()
      ? new Release(this.base, this.kpis, (...file) => this.#save(...file), () => [this.session, this.report, this.kpis].forEach((one) => one.load()))
      : null;
  }

  title() {
    return this.session.data ? `${this.session.data.title} – ${t("dash.report")}` : t("dash.report");
  }

  leave() {
    this.notes?.leave();
    this.release?.leave();
    this.shares?.leave();
    for (const one of this.all) one.stop();
  }

  languageChanged() {
    this.report.load();
    this.themeChanged();
  }

  themeChanged() {
    for (const one of Object.values(this.charts)) one.load();
  }

  render() {
    const session = this.session.data;
    const report = this.report.data;
    const error = this.session.error ?? this.report.error;
    if (session && this.report.error?.code === "not_released") return this.#unreleased(session);
    if (!session || !report || this.insights?.pending) return error ? failure(error, () => this.all.forEach((one) => one.load())) : waiting();
    const several = new Set(session.streams.map((stream) => stream.platform)).size > 1;
    // The charts show the present figures. Beside a revision that differs from them they would contradict it.
    const charted = report.revision === null || this.kpis.data?.final?.changed === false;
    return h(
      "article",
      { class: "report" },
      this.#head(session, report),
      this.saving && notice(this.saving.level, [t(this.saving.text), this.saving.error?.words].filter(Boolean).join(" ")),
      this.#warnings(report),
      totals(report),
      charted && h("div", { class: "report-charts" }, chartPanel("timeline", this.charts.timeline, { tall: true, wide: true }), ...CHARTS.slice(1, several ? 3 : 2).map((name) => chartPanel(name, this.charts[name]))),
      ...sections(report, this.sold, charted && this.funnel.render()),
      !report.sections.retention && may.seeInternal() && retentionUnknown(),
      this.#drafts(),
      this.notes?.render(),
      this.release?.render(session.status),
      this.shares?.render(),
    );
  }

  #unreleased(session) {
    return h("article", { class: "report" },
      h("header", { class: "live-head report-head" },
        h("div", { class: "live-name" },
          h("div", { class: "live-kicker" }, badge(session.status), h("span", null, [session.brand, session.host].filter(Boolean).join(" · "))),
          heading(1, session.title)),
        h("div", { class: "live-buttons" }, h("a", { class: "button button-quiet", href: link("live", this.id) }, t("dash.live")))),
      notice("info", t("dash.release.later")));
  }

  #head(session, report) {
    const began = session.started_at ?? session.scheduled_at;
    return h(
      "header",
      { class: "live-head report-head" },
      h("div", { class: "live-name" },
        h("div", { class: "live-kicker" }, badge(session.status), this.#revision(report), h("span", null, [report.heading, session.brand, session.host].filter(Boolean).join(" · "))),
        heading(1, session.title),
        h("p", { class: "quiet" }, began && `${date(began, session.time_zone)} ${hour(began, session.time_zone)} (${session.time_zone})`, " · ",
          t("dash.report.as_of", { time: moment(report.as_of, READER_ZONE) }))),
      h("div", { class: "live-buttons" },
        h("a", { class: "button button-quiet", href: link("live", this.id) }, t("dash.live")),
        this.#file("xlsx", "dash.report.xlsx", "button button-main"),
        this.#file("html", "dash.report.html", "button")),
    );
  }

  /** Which revision the page shows, or which is the latest, and whether the figures are still its own. */
  #revision(report) {
    const final = this.kpis.data?.final;
    const shown = report.revision ?? final?.revision;
    if (!shown) return null;
    const changed = report.revision === null && final?.changed;
    return h("span", { class: "chip", "data-revision-shown": shown }, t(changed ? "dash.release.changed_short" : "report.revision", { number: shown }));
  }

  async #save(file, fallback, parameters = {}) {
    this.saving = { level: "info", text: "dash.report.saving" };
    refresh();
    try {
      await download(path(file, { lang: language(), ...parameters }), fallback);
      this.saving = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.saving = { level: "critical", text: "dash.report.no_file", error };
    }
    refresh();
  }

  #file(kind, label, look) {
    return h("button", { type: "button", class: look, onclick: () => this.#save(`${this.base}/report.${kind}`, `report.${kind}`), "data-file": kind }, t(label));
  }

  #warnings({ warnings }) {
    return warnings.length > 0 && panel("warnings", t("dash.warnings"), { class: "panel-warnings" },
      h("p", { class: "quiet" }, t("dash.warnings.intro")), h("ul", null, ...warnings.map((warning, index) => h("li", { key: index }, warning.message))));
  }

  #drafts() {
    const list = this.insights?.data?.insights ?? [];
    return list.length > 0 && panel("drafts", t("dash.drafts"), { class: "panel-insights" },
      h("p", { class: "quiet" }, t("dash.drafts.intro")),
      h("ul", { class: "insights drafts" }, ...list.map((insight, index) => h("li", { key: `${insight.code} ${index}` },
        h("span", null, insight.text[language()]),
        this.notes.writable && h("button", { type: "button", class: "button button-quiet", onclick: () => this.notes.draft(insight.section, insight.text[language()]) }, t("dash.drafts.take"))))));
  }
}

/** The results sheet of a report document, of either edition, in the document's own words. */
export const sheet = (report, table) => h("div", { class: "report" }, totals(report), ...sections(report, table));

const totals = ({ sections: { totals: { title, facts: list, figures } } }) => panel("totals", title, { class: "sheet" }, facts(list), cells(figures));

const sections = (report, table, divided = null) => {
  const { live, ec, products, promotion, marks, traffic } = report.sections;
  return [
    h("div", { key: "analyses", class: "report-pair" }, analysis("analysis-live", live), analysis("analysis-ec", ec)),
    sold(products, table),
    trafficSection(traffic, cells, divided),
    tablePanels(report),
    promotions(promotion),
    listed(marks),
    ...windowPanels(report),
  ];
};

function sold(section, table) {
  const columns = [
    { key: "name", label: t("product.name"), class: "product-cell", sort: (row) => row.name,
      cell: (row) => [phrase(row.name), row.product && row.product !== row.name && h("small", null, row.product)] },
    ...figured(section.columns, section.total),
  ];
  return panel("sold", section.title, { class: "sheet" },
    table.render(section.title, columns, section.rows, {
      foot: [section.other, section.total], named: (row) => [row.name, row.product], rowKey: (row) => row.product,
    }),
    ...section.notes.map((note, index) => h("p", { key: `note-${index}`, class: "quiet small" }, phrase(note))));
}

const facts = (list) =>
  h("dl", { class: "facts" }, ...list.map((fact) => h("div", { key: fact.key }, h("dt", null, phrase(fact.label)), h("dd", null, phrase(fact.text)))));

/** The basis is shown if it is neither our own count nor a formula over it. */
const basis = (cell) => ["reported", "mixed"].includes(cell.basis) && h("small", null, t(`basis.${cell.basis}`));

const cells = (list) =>
  h("dl", { class: "cells" }, ...list.map((cell) => h("div", { key: cell.slug }, h("dt", null, phrase(cell.label)), h("dd", null, fitted("span", null, lengthOf(cell.text), cell.text), basis(cell)))));

const texts = (part) =>
  part.items.length > 0 && h("section", { class: "texts" }, h("h3", { class: "title title-3" }, part.title), h("ul", null, ...part.items.map((text, index) => h("li", { key: index }, text))));

const analysis = (id, section) =>
  panel(id, section.title, { class: "sheet" },
    h("h3", { class: "title title-3" }, section.data_title), cells(section.figures), texts(section.factors), texts(section.observations), texts(section.summary));

/** The sheet's columns that hold figures; the others name the row, and the row is named already. */
const figured = (columns, example) =>
  columns.filter((column) => column.key in (example?.figures ?? {}))
    .map((column) => ({
      key: column.key, label: column.label, numeric: true, cell: (row) => row.figures[column.key]?.text,
      sort: (row) => { const value = row.figures[column.key]?.value; return value === null || value === undefined ? null : Number(value); },
    }));

function promotions(section) {
  const columns = [
    { label: t("dash.promotion"), class: "link-cell", cell: (row) => {
      const name = row.title ?? row.url ?? row.promotion ?? "";
      return row.url ? h("a", { href: row.url, target: "_blank", rel: "noreferrer noopener" }, name) : name;
    } },
    { label: t("dash.platform"), cell: (row) => row.platform && h("span", { class: "nowrap" }, platformName(row.platform)) },
    ...figured(section.columns, section.rows[0]),
  ];
  return panel("promotions", section.title, { class: "sheet" },
    section.rows.length
      ? table("promotion-table", section.title, columns, section.rows, { rowKey: (row) => `${row.promotion} ${row.url}` })
      : h("p", { class: "empty" }, t("dash.promotions.none")),
    section.rows.length > 0 && h("p", { class: "sum" }, section.total_views.label, " ", h("strong", null, section.total_views.text)),
    texts(section.observations), texts(section.summary));
}

