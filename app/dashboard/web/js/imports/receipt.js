/**
 * The receipt of an import: what was taken, and each row that was not, with its reason.
 *
 * In: the report of the API. Out: a description of it. Never here: requests.
 */

import { h } from "../page/dom.js";
import { notice, table } from "../components/components.js";
import { labelOr, number, t } from "../page/i18n.js";
import { facts } from "../components/brand_frame.js";

const MOST = 100;

/** Why a row was not imported, in the reader's language; the server's own words where the catalogue has none for the code. */
const reason = ({ code, params, detail }) => (labelOr(`import_row.${code}`, null) === null ? detail : t(`import_row.${code}`, params));

/** What was assumed of the file: hidden rows, codes that are written as fractions, and columns whose times are dates alone. */
export const assumed = (file) => [
  file.hidden_rows > 0 && h("p", { key: "hidden", class: "quiet small" }, t("columns.hidden_rows", { count: number(file.hidden_rows) })),
  file.float_codes.length > 0 && h("p", { key: "codes", class: "quiet small" }, t("columns.float_codes", { columns: file.float_codes.join(" · ") })),
  datesAlone(file),
];

/** Columns whose times are dates alone, with the rows that have one; they count at midnight. */
function datesAlone(file) {
  const columns = Object.entries(file.dates).map(([heading, rows]) => t("columns.dates.rows", { heading, count: number(rows) }));
  return columns.length > 0 && h("p", { key: "dates", class: "quiet small" }, t("columns.dates", { columns: columns.join(" · ") }));
}

export function receipt(report) {
  const told = report.rows.filter((row) => !row.ok || row.warnings.length > 0);
  return h("section", { class: "receipt", "aria-label": t("brand.receipt") },
    h("div", { role: "status" }, notice(report.failed_rows ? "warning" : "info",
      t(report.failed_rows ? "brand.receipt.partly" : "brand.receipt.whole", { count: number(report.failed_rows) }))),
    facts([
      [t("brand.receipt.accepted"), number(report.accepted)], [t("brand.receipt.duplicates"), number(report.duplicates)],
      [t("brand.receipt.replaced"), number(report.replaced)], [t("brand.receipt.failed"), number(report.failed_rows)],
    ]),
    assumed(report.file),
    told.length > 0 && table("receipt-table", t("brand.receipt.rows"), [
      { label: t("brand.receipt.row"), numeric: true, cell: (row) => number(row.row) },
      { label: t("brand.receipt.column"), cell: (row) => row.column },
      { label: t("brand.receipt.reason"), class: "text-cell", cell: (row) => [reason(row), ...row.warnings].filter(Boolean).join(" · ") },
    ], told.slice(0, MOST), { rowKey: (row) => row.row }),
    told.length > MOST && h("p", { class: "quiet small" }, t("dash.release.more", { count: number(told.length - MOST) })));
}
