/**
 * The product table of the live screen.
 *
 * In: the products document. Out: a row per product, sorted and searched if there are many, the remainder, the total. Never here: sums of its own.
 */

import { h } from "../page/dom.js";
import { panel, phrase } from "../components/components.js";
import { hour, money, number, percent, t } from "../page/i18n.js";
import { SortableTable } from "../components/sortable_table.js";

/** Below this share of its first stock a product is marked. */
const LOW = 0.2;

export class LiveProducts {
  #table = new SortableTable("product-table", "gmv");

  render(document, zone) {
    const { currency, products: rows, other, total } = document;
    const most = Math.max(...rows.map((row) => row.share_of_gmv ?? 0), 0.0001);
    const by = (field) => (row) => row[field];
    const columns = [
      { key: "name", label: t("product.name"), class: "product-cell", cell: name, sort: by("name") },
      { key: "clicks", label: t("product.clicks"), numeric: true, class: "roomy", cell: (row) => number(row.clicks), sort: by("clicks") },
      { key: "rate", label: t("product.click_to_buyer_rate"), numeric: true, class: "roomy", cell: (row) => percent(row.click_to_buyer_rate), sort: by("click_to_buyer_rate") },
      { key: "buyers", label: t("product.buyers"), numeric: true, class: "roomy", cell: (row) => number(row.buyers), sort: by("buyers") },
      { key: "units", label: t("product.units"), numeric: true, cell: (row) => number(row.units), sort: by("units") },
      { key: "gmv", label: t("product.gmv"), numeric: true, class: "amount", sort: (row) => (row.gmv === null ? null : Number(row.gmv)), cell: (row) => [
        h("span", { class: "figure" }, money(row.gmv, currency)),
        row.product && h("span", { class: "share", style: { "--share": (row.share_of_gmv ?? 0) / most }, "aria-hidden": "true" }),
      ] },
      { key: "stock", label: t("product.stock"), numeric: true, class: "stock-cell", cell: (row) => (row.product ? stock(row, zone) : null), sort: by("stock") },
    ];
    const foot = [
      ...(Number(other.gmv) || other.units ? [{ ...other, title: t("product.other") }] : []),
      { ...total, title: t("product.total") },
    ];
    return panel("products", t("section.products"), null, rows.length + foot.length > 1
      ? this.#table.render(t("section.products"), columns, rows, {
          foot,
          named: (row) => [row.name, row.product],
          rowKey: (row) => row.product,
          rowClass: (row) => [row.on_air && "row-live", isOut(row) && "row-out"].filter(Boolean).join(" ") || null,
        })
      : h("p", { class: "empty" }, t("dash.live.no_products")));
  }
}

/** An estimate of nothing is no sell-out. */
const isOut = (row) => row.stock === 0 && !row.stock_estimated;

function name(row) {
  if (row.title) return phrase(row.title);
  return [
    h("span", { class: "product-name" }, phrase(row.name)),
    row.on_air && h("span", { class: "chip chip-live" }, h("span", { class: "lamp", "aria-hidden": "true" }), t("product.on_air")),
    h("small", null, row.product),
  ];
}

function stock(row, zone) {
  if (row.stock === null) return null;
  if (isOut(row)) {
    return [
      h("span", { class: "chip chip-out" }, t("dash.sold_out")),
      h("small", { class: "stock-note" }, [row.sold_out_at && hour(row.sold_out_at, zone), row.clicks_after_sold_out ? t("dash.clicks_after", { clicks: number(row.clicks_after_sold_out) }) : null].filter(Boolean).join(" · ")),
    ];
  }
  const share = row.planned ? Math.min(1, row.stock / row.planned) : null;
  return [
    h("span", { class: `figure ${share !== null && share <= LOW ? "low" : ""}` }, number(row.stock), row.planned >= row.stock && h("span", { class: "quiet roomy" }, ` / ${number(row.planned)}`)),
    row.stock_estimated && h("small", { class: "stock-note" }, t("dash.estimate")),
    share !== null && h("span", { class: `meter ${share <= LOW ? "meter-low" : ""}`, style: { "--share": share }, "aria-hidden": "true" }),
  ];
}
