/**
 * Targets of the live screen: the thin bar under a figure, and the list of all of them.
 *
 * In: the targets document. Out: descriptions. Never here: a pace of its own.
 */

import { h } from "../page/dom.js";
import { panel, phrase } from "../components/components.js";
import { figure, percent, t } from "../page/i18n.js";

/** Targets by KPI. */
export const byKpi = (document) => new Map((document?.targets ?? []).map((one) => [one.kpi, one]));

const shown = (one, name, currency) => figure({ value: one[name], unit: one.unit }, currency, one.kpi);
/** A place on a bar from nothing to the target. */
const share = (value, target) => Math.min(1, Math.max(0, Number(target) ? Number(value ?? 0) / Number(target) : 1));

/** The bar: filled as far as the figure is, with a notch where it should be by now. Its meaning stands beside it in words. */
function bar(one) {
  const limit = one.bound === "at_most";
  return h("span", { class: `target-bar target-${one.state}`, "aria-hidden": "true" },
    h("span", { class: "target-fill", style: { "--share": share(one.value, one.target) } }),
    one.pace !== null && !limit && h("span", { class: "target-notch", style: { "--share": share(one.pace, one.target) } }));
}

/** What is known and has no pace, such as a peak, has no state; what is absent says so. */
const state = (one) => (one.state !== "unknown" || one.value === null) &&
  h("strong", { class: `target-state target-${one.state}` }, t(`targets.state.${one.state}`));

/** What stands under a figure in front: its target, how much of it is reached, and whether that is enough by now. */
export function targetOf(one, currency) {
  if (!one) return null;
  return h("div", { class: "target", "data-target": one.kpi, "data-state": one.state },
    bar(one),
    h("p", { class: "target-text" }, h("span", null, phrase(t("targets.tile", { target: shown(one, "target", currency) }))), " ",
      one.attained !== null && h("span", { class: "nowrap" }, percent(one.attained, 0), " "), state(one)));
}

/** All targets, each with what is expected by now, and what that is computed from. */
export function targetsPanel(document) {
  const { targets, currency, length } = document;
  const history = targets.find((one) => one.pace_basis === "history");
  const words = [
    history && t("targets.by.history", { count: history.sessions }),
    targets.some((one) => one.pace_basis === "linear") && t("targets.by.linear"),
    !length && t("targets.no_length"),
  ].filter(Boolean);
  return panel("targets", t("section.targets"), { class: "panel-bars" },
    h("dl", { class: "bars" }, ...targets.map((one) => h("div", { key: one.kpi, "data-target": one.kpi },
      h("dt", null, phrase(one.bound === "at_most" ? t("targets.at_most", { name: t(`metric.${one.kpi}`) }) : t(`metric.${one.kpi}`)), " ", state(one)),
      h("dd", null, shown(one, "value", currency), h("span", { class: "quiet" }, ` / ${shown(one, "target", currency)}`)),
      bar(one),
      one.pace !== null && one.pace_basis !== "target" && h("dd", { class: "target-pace" }, h("small", null, t("targets.column.pace"), " ", shown(one, "pace", currency)))))),
    ...words.map((text) => h("p", { key: text, class: "quiet small" }, phrase(text))));
}
