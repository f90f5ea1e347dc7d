/**
 * The funnel: five steps from impressions to buyers, in people as far as people are known.
 *
 * In: cells of the KPI document, or steps of the funnel document. Out: bars, a table. Never here: requests.
 */

import { bars } from "../components/components.js";
import { NOTHING, number, percent, t } from "../page/i18n.js";

const STEPS = ["impressions", "viewers", "product_viewers", "clickers", "buyers"];
const COUNTS = ["impressions", "product_impressions"];

/** The steps of a document's cells, by the rule of `GET …/funnel`. */
export function stepsOf(cells) {
  const found = [];
  for (const step of STEPS) {
    const counted = step === "product_viewers" && cells[step].value === null && cells.product_impressions.value !== null;
    const kpi = counted ? "product_impressions" : step;
    const { value } = cells[kpi];
    const people = !COUNTS.includes(kpi);
    const before = people ? found.findLast((one) => (one.kpi === "impressions" ? kpi === "viewers" : one.unit === "people" && one.value !== null)) : null;
    found.push({
      kpi, value, unit: people ? "people" : "count", rate_of: before?.kpi ?? null, rate: before?.value && value !== null ? value / before.value : null,
    });
  }
  return found;
}

/** A step's value with its rate; a rate that does not divide by the step above says by what. */
export function stepText(step, above) {
  if (step.rate === null) return number(step.value);
  const rate = percent(step.rate);
  return `${number(step.value)} · ${step.rate_of === above?.kpi ? rate : t("traffic.rate_of", { rate, step: t(`metric.${step.rate_of}`) })}`;
}

export function funnel({ kpis }) {
  return bars("chart-funnel", t("dash.chart.funnel"), stepsOf(kpis).map((step, index, all) => (
    { key: step.kpi, label: t(`metric.${step.kpi}`), value: step.value, text: stepText(step, all[index - 1]) }
  )));
}

/** Columns of a table whose rows have steps, without a step that no row knows. */
export function stepColumns(steps, parts, from = 0) {
  const known = steps.map((step, index) => index).filter((index) => index >= from && parts.some((row) => (row.steps[index]?.value ?? null) !== null));
  return known.map((index, place) => ({
    label: t(`metric.${steps[index].kpi}`), numeric: true,
    cell: (row) => ((row.steps[index]?.value ?? null) === null ? NOTHING : stepText(row.steps[index], row.steps[known[place - 1] ?? index - 1])),
  }));
}
