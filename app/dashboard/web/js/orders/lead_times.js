/**
 * Lead times of a show: from payment to shipping, from shipping to delivery.
 *
 * In: the document of the API. Out: a table. Never here: arithmetic.
 */

import { panel, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { READER_ZONE, moment, number, t } from "../page/i18n.js";

const STEPS = ["paid_to_shipped", "shipped_to_delivered"];
const hours = (value) => (value === null ? null : `${number(value, 1)}${t("unit.hours")}`);

export const leadTimes = (times) => panel("lead-times", t("brand.lead_times"), null, table("lead-time-table", t("brand.lead_times"), [
  { label: t("brand.lead_times.step"), class: "name-cell", cell: (step) => t(`brand.lead_times.${step}`) },
  { label: t("metric.orders"), numeric: true, cell: (step) => number(times[step].orders) },
  { label: t("brand.lead_times.mean"), numeric: true, cell: (step) => hours(times[step].mean_hours) },
  { label: t("brand.lead_times.median"), numeric: true, cell: (step) => hours(times[step].median_hours) },
  { label: t("brand.lead_times.p90"), numeric: true, cell: (step) => hours(times[step].p90_hours) },
  { label: t("brand.lead_times.waiting"), numeric: true, cell: (step) => h("span", { class: times[step].waiting ? "low" : null }, number(times[step].waiting)) },
  { label: t("brand.lead_times.since"), class: "roomy", cell: (step) => times[step].waiting_since && h("span", { class: "nowrap" }, moment(times[step].waiting_since, READER_ZONE)) },
  { label: t("brand.lead_times.longest"), numeric: true, class: "roomy", cell: (step) => hours(times[step].longest_wait_hours) },
], STEPS, { rowKey: (step) => step }));
