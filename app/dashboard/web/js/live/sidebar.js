/**
 * What stands beside the figures: insights, platforms against each other.
 *
 * In: documents of the API. Out: panels; one that has nothing to say is left out.
 */

import { h } from "../page/dom.js";
import { panel, table, updated } from "../components/components.js";
import { figure, language, platformName, t } from "../page/i18n.js";

const INSIGHTS = 4;
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
