/**
 * What stands beside the figures: insights, funnel, sources, platforms against each other.
 *
 * In: documents of the API. Out: panels; one that has nothing to say is left out.
 */

import { h } from "./dom.js";
import { bars, panel, table, updated } from "./components.js";
import { figure, language, number, percent, platformName, sourceName, t } from "./i18n.js";

const INSIGHTS = 4;
/** In people, but for the first step; a step that nothing supplied is shown as absent. */
const FUNNEL = ["impressions", "viewers", "clickers", "buyers"];
const COMPARED = ["viewers", "concurrent_viewers", "comments", "product_clicks", "orders", "gmv", "conversion_rate"];

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
