/**
 * Hosts and marks: who presents, and what happened, as the agency or a client may see it.
 *
 * In: the marks document, or the marks of a report. Out: words, a list. Never here: requests.
 */

import { h } from "../page/dom.js";
import { panel } from "./components.js";
import { hour, labelOr, t } from "../page/i18n.js";

const SHOWN = 8;

export const markName = (mark) =>
  mark.kind === "host" ? t("mark.host", { host: mark.host }) : labelOr(`mark.${mark.label}`, mark.label);

/** Who presents now: as the stream says, and until it has said something the planned host. */
export const hostNow = (document, session) => (document ? document.host : session.host);

const entry = (key, times, name, text) =>
  h("li", { key }, h("span", { class: "mark-at" }, times), h("span", { class: "mark-what" }, h("span", { class: "strong" }, name), text && h("span", { class: "mark-text" }, text)));

/** The latest hosts and marks, the newest first. */
export function latest(document, zone) {
  const marks = document?.marks ?? [];
  if (!marks.length) return null;
  const times = (mark) => (mark.until ? `${hour(mark.at, zone)}–${hour(mark.until, zone)}` : hour(mark.at, zone));
  return panel("marks", t("section.marks"), null,
    h("ol", { class: "marks" }, ...marks.slice(-SHOWN).reverse().map((mark, index) =>
      entry(`${mark.at} ${markName(mark)} ${index}`, times(mark), markName(mark), mark.text))));
}

/** The list of a report, in the report's own words. */
export const listed = (section) =>
  section?.rows.length > 0 && panel("report-marks", section.title, { class: "sheet" },
    h("ol", { class: "marks" }, ...section.rows.map((row, index) => entry(index, row.time, row.name, row.text))),
    section.omitted > 0 && h("p", { class: "quiet small" }, t("section.marks.more", { count: section.omitted })));
