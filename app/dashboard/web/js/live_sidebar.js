/**
 * What stands beside the figures: alerts, insights, funnel, sources, platforms against each other.
 *
 * In: documents of the API. Out: panels; one that has nothing to say is left out, but for the alerts: silence is news there.
 */

import { h } from "./dom.js";
import { bars, panel, table, updated } from "./components.js";
import { figure, hour, language, number, percent, platformName, sourceName, t } from "./i18n.js";

const SIGNS = { critical: "!", warning: "▲", info: "i" };
const INSIGHTS = 4;
/** In people, but for the first step; a step that nothing supplied is shown as absent. */
const FUNNEL = ["impressions", "viewers", "clickers", "buyers"];
const COMPARED = ["viewers", "concurrent_viewers", "comments", "product_clicks", "orders", "gmv", "conversion_rate"];

/** Alerts are announced when they come; a figure that changes inside of one is not read out again. */
export function alerts(document, status, zone) {
  const list = document?.alerts ?? [];
  if (!document || status === "provisional" || status === "final") return null;
  return panel("alerts", t("dash.alerts"), { class: list.length ? "alerting" : "", aside: list.length > 0 && h("span", { class: "count" }, list.length) },
    h("ul", { class: "alerts", "aria-live": "polite", "aria-relevant": "additions" }, ...list.map((alert) => h(
      "li",
      { key: `${alert.code} ${alert.product ?? ""}`, class: `alert alert-${alert.level}`, "data-code": alert.code },
      h("span", { class: "alert-sign", "aria-hidden": "true" }, SIGNS[alert.level]),
      h("div", null, h("p", null, h("span", { class: "unseen" }, `${t(`dash.level.${alert.level}`)}: `), alert.text), h("small", null, t("dash.since", { time: hour(alert.since, zone) }))),
    ))),
    list.length === 0 && (status === "live"
      ? h("p", { class: "calm" }, h("span", { "aria-hidden": "true" }, "✓ "), t("dash.alerts.none"))
      : h("p", { class: "quiet" }, t("dash.alerts.later"))));
}

export function insights(resource) {
  const list = resource.data?.insights ?? [];
  if (!list.length) return null;
  return panel("insights", t("dash.insights"), { class: "panel-insights", aside: updated(resource) },
    h("ul", { class: "insights" }, ...list.slice(0, INSIGHTS).map((insight, index) => h("li", { key: `${insight.code} ${index}` }, insight.text[language()]))));
}

export function platforms({ by_platform: parts, currency }) {
  const names = Object.keys(parts);
  if (names.length < 2) return null;
  const columns = [
    { label: t("dash.figure"), cell: (slug) => t(`metric.${slug}`) },
    ...names.map((name) => ({ label: platformName(name), numeric: true, cell: (slug) => figure(parts[name][slug], currency, slug) })),
  ];
  return panel("platforms", t("dash.chart.platforms"), null, table("platform-table", t("dash.chart.platforms"), columns, COMPARED, { rowKey: (slug) => slug }));
}

/** The funnel of the KPI document: each step with its ratio to the step before. */
export function funnel({ kpis }) {
  return bars("chart-funnel", t("dash.chart.funnel"), FUNNEL.map((slug, index) => {
    const { value } = kpis[slug];
    const before = index ? kpis[FUNNEL[index - 1]].value : null;
    const rate = value !== null && before ? ` · ${percent(value / before)}` : "";
    return { key: slug, label: t(`metric.${slug}`), value, text: number(value) + rate };
  }));
}

/** Arrivals by traffic source, of the audience document. */
export function sources({ by_source: rows }) {
  return bars("chart-sources", t("dash.chart.sources"), rows.map(({ source, viewers, share }) => (
    { key: source ?? "", label: sourceName(source), value: viewers, text: `${number(viewers)} · ${percent(share, 1)}` }
  )));
}
