/**
 * Advertising and product impressions on the live screen: the figures of the report's section, as they are now.
 *
 * In: the KPI document. Out: a panel, if one of them is known. Never here: requests, figures of its own.
 */

import { fitted, panel, phrase } from "../components/components.js";
import { h } from "../page/dom.js";
import { figure, lengthOf, t } from "../page/i18n.js";

/** In the order of the report. */
const FIGURES = ["entry_rate", "product_impressions", "product_click_rate", "clickers", "click_to_order_rate", "ad_spend", "roi", "net_roi"];
/** Follows from the clicks and orders of every session; alone it says nothing of traffic. */
const EVERYWHERE = "click_to_order_rate";

export function advertisingPanel({ kpis, currency }) {
  const known = FIGURES.filter((slug) => kpis[slug].value !== null);
  const { rates, missing_rates: missing } = kpis.ad_spend;
  if (!known.some((slug) => slug !== EVERYWHERE) && !missing?.length) return null;
  const notes = [
    ...(rates ?? []).map(({ from, to, ...rate }) => t("traffic.rate", { source: from, target: to, ...rate })),
    ...(missing ?? []).map(({ from, to, date }) => t("warning.ad_rate_missing", { currency: from, target: to, date })),
  ];
  return panel("advertising", t("section.traffic"), null,
    h("dl", { class: "cells" }, ...known.map((slug) => {
      const text = figure(kpis[slug], currency, slug);
      return h("div", { key: slug, "data-figure": slug }, h("dt", null, phrase(t(`metric.${slug}`))), h("dd", null, fitted("span", null, lengthOf(text), text)));
    })),
    ...notes.map((note) => h("p", { key: note, class: "quiet small" }, phrase(note))));
}
