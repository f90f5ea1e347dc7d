/**
 * The platform's own comparison with other broadcasts: beside our figures, and never among them.
 *
 * In: `benchmarks` of the KPI document. Out: a panel. Never here: percentiles of its own.
 */

import { h } from "../page/dom.js";
import { panel, phrase } from "../components/components.js";
import { figure, hour, labelOr, number, platformName, t } from "../page/i18n.js";

export function benchmarksPanel({ benchmarks, by_platform: parts, currency }, zone) {
  if (!benchmarks.length) return null;
  const latest = benchmarks.reduce((last, one) => (one.at > last ? one.at : last), benchmarks[0].at);
  return panel("benchmarks", t("section.benchmarks"), { class: "panel-bars", aside: h("span", { class: "quiet small nowrap" }, t("dash.stream.as_of", { time: hour(latest, zone) })) },
    h("dl", { class: "bars" }, ...benchmarks.map((one) => {
      const own = parts[one.platform]?.[one.kpi];
      const theirs = own && one.value !== null && figure({ value: one.value, unit: own.unit }, currency, one.kpi);
      return h("div", { key: `${one.platform} ${one.indicator}`, "data-indicator": one.indicator },
        h("dt", null, phrase(t("benchmarks.name", { indicator: labelOr(`benchmark.${one.indicator}`, one.indicator), platform: platformName(one.platform) }))),
        h("dd", null, t("benchmarks.at", { percentile: number(one.percentile) })),
        h("span", { class: "bar-track", "aria-hidden": "true" }, h("span", { class: "bar-fill bar-theirs", style: { "--share": one.percentile / 100 } })),
        h("dd", { class: "host-rate" }, h("small", null, [
          one.recent?.percentile !== null && one.recent && t("benchmarks.recent", { minutes: one.recent.minutes, percentile: number(one.recent.percentile) }),
          theirs && `${t("benchmarks.column.value")} ${theirs}`,
          own?.value !== null && own && `${t("benchmarks.column.own")} ${t(`metric.${one.kpi}`)} ${figure(own, currency, one.kpi)}`,
        ].filter(Boolean).join(" · "))));
    })),
    h("p", { class: "quiet small" }, phrase(t("benchmarks.note"))));
}
