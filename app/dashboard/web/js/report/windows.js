/**
 * Windows of a session in its report: coupons and giveaways, the time after the show, retention.
 *
 * In: these sections of the report document. Out: panels. Never here: figures of its own, a cause.
 */

import { h } from "../page/dom.js";
import { fitted, panel, phrase, table } from "../components/components.js";
import { NOTHING, lengthOf, t } from "../page/i18n.js";

/** The panels of the sections that the report has. */
export const windowPanels = ({ sections: { effects, after_live: afterLive, retention } }) => [
  effects && beside(effects), afterLive && after(afterLive), retention && stays(retention),
];

const quiet = (text) => h("p", { class: "quiet small" }, phrase(text));

function beside(section) {
  const [name, ...windows] = section.columns;
  const columns = [
    { label: name.label, class: "effect-name", cell: (row) => [h("span", { class: "nowrap" }, row.time), " ", row.name, row.text && h("small", null, phrase(row.text)),
      row.overlaps && h("small", null, phrase(t("effect.overlaps")))] },
    ...windows.map(({ key, label }) => ({ label, numeric: true, cell: (row) => stacked(row[key]?.text) })),
  ];
  return panel("effects", section.title, { class: "sheet" },
    table("effect-table", section.title, columns, section.rows, { rowKey: (row) => `${row.at} ${row.label}` }),
    section.omitted > 0 && quiet(t("section.marks.more", { count: section.omitted })), quiet(section.note));
}

/** A figure over the rate that its text has in brackets: on one line three of them are wider than a tablet. */
function stacked(text) {
  const [figure, rate] = text?.split(/(?=[（(])/) ?? [NOTHING];
  return rate ? [figure, h("small", null, rate)] : figure;
}

const after = (section) =>
  panel("after-live", section.title, { class: "sheet" },
    h("dl", { class: "cells" }, ...section.figures.filter((cell) => cell.value !== null).map((cell) => h("div", { key: cell.slug },
      h("dt", null, phrase(cell.label)), h("dd", null, fitted("span", null, lengthOf(cell.text), cell.text))))),
    section.note && quiet(section.note));

function stays(section) {
  const columns = section.columns.map(({ key, label }, index) =>
    index === 0 ? { label, cell: (row) => row.time } : { label, numeric: true, cell: (row) => row.figures[key].text });
  const { title, rows } = section.losses;
  return panel("retention", section.title, { class: "sheet" },
    table("retention-table", section.title, columns, section.rows, { rowKey: (row) => row.from, foot: [section.total], tall: true }), quiet(section.note),
    rows.length > 0 && h("section", { class: "texts" }, h("h3", { class: "title title-3" }, title),
      h("ul", null, ...rows.map((row) => h("li", { key: row.minute }, phrase(line(row)))))));
}

/** Few platforms send exits: the page says to the agency why it does not show how long viewers stayed. */
export const retentionUnknown = () => panel("retention", t("section.retention"), { class: "sheet" }, h("p", { class: "empty" }, phrase(t("retention.unknown"))));

/** A minute that lost viewers, with what was on air then. */
const line = ({ text, product_name: product, host, marks }) => {
  const there = [product, host, ...marks.map((mark) => mark.name)].filter(Boolean);
  return there.length ? t("report.pair", { label: text, value: there.join(" · ") }) : text;
};
