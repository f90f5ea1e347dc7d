/**
 * What an import did, or would do: in figures and row by row.
 *
 * In: the report of an import. Out: a description. Never here: requests.
 */

import { h } from "../page/dom.js";
import { table } from "../components/components.js";
import { fieldName } from "../imports/columns.js";
import { assumed } from "../imports/receipt.js";
import { labelOr, money, number, t } from "../page/i18n.js";

const MOST_ROWS = 50;

export function outcome(report, { currency }, dry) {
  const failed = report.rows.filter((row) => !row.ok);
  const warned = report.rows.filter((row) => row.ok && row.warnings.length > 0);
  return h("div", { class: "outcome", "data-dry": String(dry) },
    h("h3", { class: "title title-3" }, t(dry ? "close.import.would" : "close.import.did")),
    h("dl", { class: "facts" }, ...figures(report, currency).map(([label, text]) => h("div", { key: label }, h("dt", null, label), h("dd", null, text)))),
    read(report.file),
    unknown(report, currency),
    failed.length > 0 && rows("failed-rows", t("close.import.failed", { count: number(failed.length) }), failed, (row) => reason(row)),
    warned.length > 0 && rows("warned-rows", t("close.import.warned", { count: number(warned.length) }), warned, (row) => row.warnings.join(" · ")));
}

/** A dry run tells what becomes of the session's figures; an import what became of the file. */
function figures(report, currency) {
  const { orders, units, gmv, refunded } = report;
  const change = (label, one, text) => one && [label, one.difference === 0 || /^-?0(\.0+)?$/.test(one.difference) ? text(one.after) : `${text(one.before)} → ${text(one.after)}`];
  const amount = (value) => money(value, currency);
  return [
    orders && [t("close.import.new_orders"), number(orders.new)],
    orders?.changed > 0 && [t("close.import.changed_orders"), number(orders.changed)],
    orders && change(t("metric.orders"), orders.paid, number),
    change(t("metric.units_sold"), units, number),
    change(t("metric.gmv"), gmv, amount),
    change(t("metric.refund_amount"), refunded, amount),
    !orders && [t("close.import.accepted"), number(report.accepted)],
    !orders && [t("close.import.duplicates"), number(report.duplicates)],
    !orders && report.replaced > 0 && [t("close.import.replaced"), number(report.replaced)],
    [t("close.import.failed_rows"), number(report.failed_rows)],
  ].filter(Boolean);
}

/** Codes that the catalogue does not have; the next step binds them. */
function unknown({ unknown_products: list = [], currency: code }, currency) {
  return list.length > 0 && h("div", { key: "unknown" },
    h("h4", { class: "title title-3" }, t("close.import.unknown", { count: number(list.length) })),
    h("ul", { class: "plan-list" }, ...list.slice(0, MOST_ROWS).map((one) => h("li", { key: one.product },
      h("span", { class: "strong" }, one.product), h("span", { class: "quiet" }, t("close.import.unknown_sold", { units: number(one.units), gmv: money(one.amount, code ?? currency) }))))));
}

/** How the file was read: what was guessed or assumed is said. */
function read(file) {
  const parts = [file.encoding?.toUpperCase(), file.sheet, file.separator && t("close.import.separator", { sign: file.separator === "\t" ? "Tab" : file.separator }), t("close.import.heading_row", { row: file.heading_row })];
  const guessed = Object.keys(file.guessed_columns).map((field) => `${fieldName(field)} = ${file.headings[field]}`);
  return [
    h("p", { key: "read", class: "quiet small" }, t("close.import.read"), " ", parts.filter(Boolean).join(" · ")),
    guessed.length > 0 && h("p", { key: "guessed", class: "quiet small" }, t("columns.receipt", { columns: guessed.join(" · ") })),
    assumed(file),
  ];
}

/** Why a row was not taken, in the reader's language by its code; the server's own words where the code says little. */
function reason({ code, params, detail }) {
  const words = code && code !== "invalid" && labelOr(`import_row.${code}`, null);
  return words ? t(`import_row.${code}`, params) : detail;
}

function rows(id, title, list, words) {
  const columns = [
    { label: t("close.import.row"), numeric: true, class: "narrow", cell: (row) => number(row.row) },
    { label: t("close.import.column"), cell: (row) => row.column },
    { label: t("close.import.reason"), cell: words },
  ];
  return h("div", { key: id },
    h("h4", { class: "title title-3" }, title),
    table(id, title, columns, list.slice(0, MOST_ROWS), { rowKey: (row) => row.row, wide: list.length > 5 }),
    list.length > MOST_ROWS && h("p", { class: "quiet small" }, t("dash.release.more", { count: number(list.length - MOST_ROWS) })));
}
