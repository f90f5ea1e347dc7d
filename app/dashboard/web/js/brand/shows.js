/**
 * A brand's shows: any figure over time, and the list with status, revision and links.
 *
 * In: history and sessions of the brand. Out: a line per currency, a table. Never here: figures of its own.
 */

import { get, path } from "../server/api.js";
import { badge, failure, field, panel, phrase, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { date, day, figure, hour, money, number, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { Resource } from "../server/resource.js";
import { keep, link, route } from "../page/router.js";
import { refresh } from "../page/state.js";
import { lineChart } from "./line_chart.js";

const SHOWN = 50;

export class Shows {
  constructor(slug) {
    const base = `/v1/brands/${encodeURIComponent(slug)}`;
    this.slug = slug;
    this.metric = route().query.get("figure") ?? "gmv";
    this.history = new Resource(() => get(path(`${base}/history`, { limit: SHOWN })));
    this.sessions = new Pages("sessions", (cursor) => get(path("/v1/sessions", { brand: slug, limit: SHOWN, cursor })));
    this.history.load();
    this.sessions.load();
  }

  leave() {
    this.history.stop();
    this.sessions.stop();
  }

  /** Whether what stands below has its place. */
  get answered() {
    return !this.history.pending && this.sessions.answered;
  }

  #choose(metric) {
    this.metric = metric;
    keep({ figure: metric === "gmv" ? null : metric });
    refresh();
  }

  render() {
    const { data, error, pending } = this.history;
    return [
      error && failure(error, () => this.history.load()),
      pending && waiting(),
      data?.sessions.length > 0 && this.#lines(data.sessions),
      !pending && panel("shows", t("brand.part.shows"), null, this.sessions.render((sessions) => table("show-table", t("brand.part.shows"), COLUMNS(), sessions), t("brand.shows.none"))),
    ];
  }

  #lines(sessions) {
    const slugs = Object.keys(sessions[0].kpis).filter((slug) => sessions.some((one) => one.kpis[slug].value !== null));
    const metric = slugs.includes(this.metric) ? this.metric : slugs[0];
    if (!metric) return null;
    // Amounts of two currencies have no common axis.
    const { unit } = sessions[0].kpis[metric];
    const currencies = unit === "money" ? [...new Set(sessions.map((one) => one.currency))] : [null];
    const choice = field(t("dash.figure"), h("select", { value: metric, onchange: (event) => this.#choose(event.target.value) },
      ...slugs.map((slug) => h("option", { key: slug, value: slug }, t(`metric.${slug}`)))));
    return panel("lines", t("brand.shows.over_time"), { aside: choice },
      ...currencies.map((currency) => {
        const points = sessions.filter((one) => currency === null || one.currency === currency).map((one) => ({
          key: one.session, href: link("report", one.session), name: one.title, date: day(one.started_at.slice(0, 10)),
          value: one.kpis[metric].value === null ? null : Number(one.kpis[metric].value), text: figure(one.kpis[metric], one.currency, metric),
        }));
        // Ticks are round figures; an amount needs none of its small decimals there.
        const tick = (value) => figure({ value: unit === "money" ? String(Number(value.toPrecision(6))) : value, unit }, currency, metric);
        return points.some((point) => point.value !== null) && h("div", { key: String(currency) }, lineChart(t(`metric.${metric}`), points, tick));
      }));
  }
}

const COLUMNS = () => [
  { label: t("dash.session"), class: "name-cell", cell: (one) => h("a", { class: "session-link", href: link(one.status === "live" || one.status === "scheduled" ? "live" : "report", one.id) },
    h("span", { class: "strong" }, phrase(one.title)), h("small", null, [one.host, one.kind === "rehearsal" && t("dash.rehearsal")].filter(Boolean).join(" — "))) },
  { label: t("dash.status"), cell: (one) => badge(one.status) },
  { label: t("dash.release.revision"), numeric: true, cell: (one) => one.final && number(one.final.revision) },
  { label: t("sheet.date"), cell: (one) => began(one) && h("span", { class: "nowrap" }, date(began(one), one.time_zone), " ", hour(began(one), one.time_zone)) },
  { label: t("metric.viewers"), class: "roomy", numeric: true, cell: (one) => number(one.kpis.viewers) },
  { label: t("metric.buyers"), class: "roomy", numeric: true, cell: (one) => number(one.kpis.buyers) },
  { label: t("metric.units_sold"), class: "roomy", numeric: true, cell: (one) => number(one.kpis.units_sold) },
  { label: t("metric.gmv"), numeric: true, cell: (one) => money(one.kpis.gmv, one.currency) },
];

const began = (one) => one.started_at ?? one.scheduled_at;
