/**
 * Windows of a session in its report: coupons and giveaways, the time after the show, retention.
 *
 * In: these sections of the report document. Out: panels. Never here: figures of its own, a cause.
 */

import { h } from "../page/dom.js";
import { fitted, panel, phrase, table } from "../components/components.js";
import { NOTHING, lengthOf, money, number, t } from "../page/i18n.js";

/** The panels of the sections that the report has. */
export const windowPanels = ({ currency, sections: { effects, after_live: afterLive, retention } }) => [
  effects && beside(effects, currency), afterLive && after(afterLive), retention && stays(retention),
];

const quiet = (text) => h("p", { class: "quiet small" }, phrase(text));

/** Rows of a coupon's table, each with its figure of one window. A revision of an earlier version has no audience. */
const EFFECT_ROWS = [
  { key: "orders", label: "metric.orders", figure: ({ orders }) => number(orders) },
  { key: "gmv", label: "metric.gmv", figure: ({ gmv }, currency) => money(gmv, currency) },
  { key: "gmv_per_minute", label: "hosts.column.gmv_per_minute", figure: ({ gmv_per_minute: amount }, currency) => money(amount, currency) },
  { key: "peak_viewers", label: "effect.row.viewers", below: "effect.row.ends", figure: viewers },
  { key: "comments", label: "metric.comments", figure: ({ comments }) => number(comments) },
  { key: "clicks", label: "metric.product_clicks", figure: ({ clicks }) => number(clicks) },
];

function viewers({ viewers_at_start: start, viewers_at_end: end, peak_viewers: peak }) {
  const known = peak !== null && peak !== undefined;
  return known ? [`${number(start)} → ${number(end)}`, h("small", null, t("effect.row.peak", { peak: number(peak) }))] : NOTHING;
}

function beside(section, currency) {
  const [, ...windows] = section.columns;
  return panel("effects", section.title, { class: "sheet" },
    h("div", { class: "effects" }, ...section.rows.map((row, index) => effect(row, index, windows, currency))),
    section.omitted > 0 && quiet(t("section.marks.more", { count: section.omitted })), quiet(section.note));
}

/** One coupon or giveaway: a row per figure, so that before, during and after stand beside each other. */
function effect(row, index, windows, currency) {
  const known = (key) => windows.some((window) => row[window.key]?.[key] !== null && row[window.key]?.[key] !== undefined);
  const columns = [
    { label: t("targets.column.kpi"), cell: ({ label, below }) => [phrase(t(label)), below && h("small", null, t(below))] },
    ...windows.map(({ key, label }) => ({ label, numeric: true, class: `effect-${key}`, cell: ({ figure }) => row[key] && figure(row[key], currency) })),
  ];
  const name = `${row.time} ${row.name}`;
  return h("section", { key: `${row.at} ${row.label}`, class: "effect", "aria-label": name },
    h("h3", { class: "title title-3" }, h("span", { class: "nowrap" }, row.time), " ", row.name),
    row.text && quiet(row.text), row.overlaps && quiet(t("effect.overlaps")),
    table(`effect-${index}`, name, columns, EFFECT_ROWS.filter(({ key }, place) => place < SALES || known(key)), { rowKey: ({ key }) => key }));
}

/** The first rows are there in any case: what was sold. */
const SALES = 3;

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
