/**
 * Sessions beside each other: those that were chosen, or the latest of a brand.
 *
 * In: the comparison or the history of the API. Out: one table, a column per session. Never here: differences of its own.
 */

import { get, path } from "../server/api.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { badge, failure, field, heading, panel, phrase, table, waiting } from "../components/components.js";
import { keep, link, route } from "../page/router.js";
import { date, duration, figure, number, signedPercent, t } from "../page/i18n.js";

const LATEST = 8;

export class ComparisonView {
  constructor() {
    const { query } = route();
    this.chosen = query.get("sessions") ?? "";
    this.brand = query.get("brand") ?? "";
    this.brands = new Resource(() => get("/v1/brands?limit=200"));
    this.document = new Resource(() => this.#ask());
    this.#begin();
  }

  async #begin() {
    if (!this.chosen) await this.brands.load();
    this.brand ||= this.brands.data?.brands[0]?.slug ?? "";
    if (this.chosen || this.brand) this.document.load();
    refresh();
  }

  async #ask() {
    if (this.chosen) return compared(await get(path("/v1/comparison", { sessions: this.chosen })));
    return historic(await get(path(`/v1/brands/${encodeURIComponent(this.brand)}/history`, { limit: LATEST })));
  }

  title() {
    return t("dash.nav.comparison");
  }

  leave() {
    this.brands.stop();
    this.document.stop();
  }

  #choose(brand) {
    this.brand = brand;
    this.document.data = undefined;
    keep({ brand });
    this.document.load();
    refresh();
  }

  render() {
    const brands = this.brands.data?.brands ?? [];
    const { data, error } = this.document;
    const asked = this.chosen || this.brand;
    return [
      h("div", { class: "view-head" },
        heading(1, this.title()),
        brands.length > 0 && field(t("dash.comparison.brand"), h("select", { value: this.brand, onchange: (event) => this.#choose(event.target.value) },
          ...brands.map((brand) => h("option", { value: brand.slug }, brand.name ?? brand.slug))))),
      h("p", { class: "quiet intro" }, t(this.chosen ? "dash.comparison.intro" : "dash.comparison.history"), " ", h("a", { href: link("sessions") }, t("dash.comparison.choose"))),
      (error ?? this.brands.error) && failure(error ?? this.brands.error, () => this.#begin()),
      data ? this.#table(data) : !error && (asked || this.brands.pending) && waiting(),
      data?.sessions.length === 0 && h("p", { class: "empty" }, t("dash.sessions.none")),
    ];
  }

  #table({ sessions, slugs, value }) {
    if (!sessions.length) return null;
    const columns = [
      { label: t("dash.figure"), class: "sticky", cell: (slug) => (slug === "duration" ? t("sheet.duration") : t(`metric.${slug}`)) },
      ...sessions.map((session, index) => ({
        label: h("div", { class: "compared-head" },
          h("a", { href: link("report", session.session) }, phrase(session.title)), " ",
          h("span", { class: "nowrap" }, date(session.started_at, session.time_zone)), " ", badge(session.status)),
        numeric: true,
        cell: (slug) => (slug === "duration" ? duration(session.duration_seconds) : cell(value(slug, index), session.currency, slug)),
      })),
    ];
    return panel("comparison", t("dash.nav.comparison"), null,
      table("comparison-table", t("dash.nav.comparison"), columns, ["duration", ...slugs], { rowKey: (slug) => slug }),
      h("p", { class: "quiet small" }, t(this.chosen ? "dash.comparison.note" : "dash.comparison.history_note")));
  }
}

/** A value with how it differs and where it stands. */
function cell({ value, unit, relative, percentile }, currency, slug) {
  const notes = [
    relative !== null && relative !== undefined && relative !== 0 && signedPercent(relative),
    percentile !== null && percentile !== undefined && t("dash.comparison.percentile", { percentile: number(percentile) }),
  ].filter(Boolean);
  return [figure({ value, unit }, currency, slug), value !== null && notes.length > 0 && h("small", { class: "delta" }, notes.join(" · "))];
}

/** Rows in the order of the API; figures that no session has are left out. */
const known = (slugs, count, value) => slugs.filter((slug) => Array.from({ length: count }, (_, index) => value(slug, index).value).some((found) => found !== null));

function compared({ sessions, kpis }) {
  const value = (slug, index) => {
    const { unit, values } = kpis[slug];
    const [relative, percentile] = [values[index].relative_difference, values[index].percentile];
    // Of two, one is the higher and one the lower: a percentile says nothing more.
    return { ...values[index], unit, relative: index ? relative : null, percentile: sessions.length > 2 ? percentile : null };
  };
  return { sessions, slugs: known(Object.keys(kpis), sessions.length, value), value };
}

function historic({ sessions }) {
  const value = (slug, index) => sessions[index].kpis[slug];
  return { sessions, slugs: known(Object.keys(sessions[0]?.kpis ?? {}), sessions.length, value), value };
}
