/**
 * The product table of the live screen.
 *
 * In: the products document. Out: a row per product, the remainder, the total. Never here: sums of its own.
 */

import { h } from "./dom.js";
import { panel, table } from "./components.js";
import { hour, money, number, percent, t } from "./i18n.js";

/** Below this share of its first stock a product is marked. */
const LOW = 0.2;

export function products(document, zone) {
  const { currency, products: rows, other, total } = document;
  const most = Math.max(...rows.map((row) => row.share_of_gmv ?? 0), 0.0001);
  const columns = [
    { label: t("product.name"), class: "product-cell", cell: name },
    { label: t("product.clicks"), numeric: true, class: "roomy", cell: (row) => number(row.clicks) },
    { label: t("product.click_to_buyer_rate"), numeric: true, class: "roomy", cell: (row) => percent(row.click_to_buyer_rate) },
    { label: t("product.buyers"), numeric: true, class: "roomy", cell: (row) => number(row.buyers) },
    { label: t("product.units"), numeric: true, cell: (row) => number(row.units) },
    { label: t("product.gmv"), numeric: true, class: "amount", cell: (row) => [
      h("span", null, money(row.gmv, currency)),
      row.product && h("span", { class: "share", style: { "--share": (row.share_of_gmv ?? 0) / most }, "aria-hidden": "true" }),
    ] },
    { label: t("product.stock"), numeric: true, class: "stock-cell", cell: (row) => (row.product ? stock(row, zone) : null) },
  ];
  const foot = [
    ...(Number(other.gmv) || other.units ? [{ ...other, title: t("product.other") }] : []),
    { ...total, title: t("product.total") },
  ];
  return panel("products", t("section.products"), null, rows.length + foot.length > 1
    ? table("product-table", t("section.products"), columns, rows, {
        foot,
        rowKey: (row) => row.product,
        rowClass: (row) => [row.on_air && "row-live", row.stock === 0 && "row-out"].filter(Boolean).join(" ") || null,
      })
    : h("p", { class: "empty" }, t("dash.live.no_products")));
}

function name(row) {
  if (row.title) return row.title;
  return [
    h("span", { class: "product-name" }, row.name),
    row.on_air && h("span", { class: "chip chip-live" }, h("span", { class: "lamp", "aria-hidden": "true" }), t("product.on_air")),
    h("small", null, row.product),
  ];
}

function stock(row, zone) {
  if (row.stock === null) return null;
  if (row.stock === 0) {
    return [
      h("span", { class: "chip chip-out" }, t("dash.sold_out")),
      h("small", null, [row.sold_out_at && hour(row.sold_out_at, zone), row.clicks_after_sold_out ? t("dash.clicks_after", { clicks: number(row.clicks_after_sold_out) }) : null].filter(Boolean).join(" · ")),
    ];
  }
  const share = row.initial_stock ? Math.min(1, row.stock / row.initial_stock) : null;
  return [
    h("span", { class: share !== null && share <= LOW ? "low" : null }, number(row.stock), row.initial_stock >= row.stock && h("span", { class: "quiet roomy" }, ` / ${number(row.initial_stock)}`)),
    share !== null && h("span", { class: `meter ${share <= LOW ? "meter-low" : ""}`, style: { "--share": share }, "aria-hidden": "true" }),
  ];
}
