/**
 * The products of the desk: one tap for on air and off air, a stepper for the stock.
 *
 * In: rows, and the function that acts. Out: a list. Never here: requests.
 */

import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { phrase } from "../components/components.js";
import { money, number, t } from "../page/i18n.js";

/** So many products have a key of their own. */
export const KEYS = 9;
/** A list that is longer can be searched. */
const SEARCHED = 12;
/** Taps on a stepper become one action when they pause. */
const STEPS_MS = 900;

export class DeskProducts {
  #search = "";
  #edited = new Map();
  /** What stands in a field that is being written in: sales change the stock meanwhile. */
  #typed = null;

  /** @param act `(body, about) → void` */
  constructor(act) {
    this.act = act;
  }

  /** Send what the steppers hold. */
  commit() {
    for (const product of [...this.#edited.keys()]) this.#commit(product);
  }

  shown(rows) {
    const wanted = this.#search.trim().toLowerCase();
    return wanted ? rows.filter((row) => `${row.name} ${row.product}`.toLowerCase().includes(wanted)) : rows;
  }

  toggle(row) {
    this.act({ action: row.onAir ? "withdraw" : "showcase", product: row.product }, { name: row.name });
  }

  render(rows, currency) {
    const shown = this.shown(rows);
    return h("section", { key: "products", class: "desk-part", "aria-labelledby": "desk-products" },
      h("h3", { id: "desk-products", class: "desk-title" }, t("desk.products")),
      rows.length > SEARCHED && h("input", {
        key: "search", type: "search", "aria-label": t("dash.table.search"), placeholder: t("dash.table.search"), value: this.#search, maxlength: 100,
        oninput: (event) => { this.#search = event.target.value; refresh(); },
      }),
      rows.length === 0 && h("p", { key: "none", class: "quiet small" }, t("desk.products.none")),
      h("ul", { key: "list", class: "desk-products" }, ...shown.map((row, index) => this.#row(row, index, currency))),
      rows.length > 0 && shown.length === 0 && h("p", { key: "nothing", class: "quiet small" }, t("dash.table.none")));
  }

  #row(row, index, currency) {
    const key = index < KEYS ? String(index + 1) : null;
    return h("li", { key: row.product, class: `desk-product ${row.onAir ? "is-on-air" : ""}` },
      h("button", {
        type: "button", class: "desk-air", "data-key": key, "aria-pressed": String(row.onAir), "aria-keyshortcuts": key, title: row.name,
        onclick: () => this.toggle(row),
      },
        h("span", { class: "desk-key", "aria-hidden": "true" }, h("kbd", null, key ?? ""), h("span", { class: "lamp" })),
        h("span", { class: "desk-name" }, h("span", { class: "desk-clamp" }, phrase(row.name)), h("small", null, [row.product !== row.name && row.product, row.price && money(row.price, currency)].filter(Boolean).join(" · ")))),
      this.#stock(row));
  }

  #stock(row) {
    const stock = this.#edited.get(row.product)?.stock ?? row.stock;
    const step = (by) => this.#edit(row, Math.max(0, (stock ?? 0) + by));
    return h("div", { class: "stepper", role: "group", "aria-label": t("desk.stock_of", { name: row.name }) },
      h("button", { type: "button", class: "step", "aria-label": t("desk.stock.less"), disabled: !stock, onclick: () => step(-1) }, "−"),
      h("input", {
        type: "text", inputmode: "numeric", class: stock === 0 ? "is-out" : "", "aria-label": t("product.stock"), maxlength: 9, placeholder: "—", disabled: !row.known,
        value: this.#typed?.product === row.product ? this.#typed.text : stock === null ? "" : String(stock),
        oninput: (event) => { this.#typed = { product: row.product, text: event.target.value }; },
        onchange: (event) => {
          const typed = event.target.value.normalize("NFKC").replace(/[,\s]/g, "");
          this.#typed = null;
          if (/^\d+$/.test(typed)) this.#edit(row, Number(typed));
          refresh();
        },
        onblur: () => { this.#typed = null; refresh(); },
      }),
      h("button", { type: "button", class: "step", "aria-label": t("desk.stock.more"), disabled: !row.known, onclick: () => step(1) }, "+"));
  }

  #edit(row, stock) {
    clearTimeout(this.#edited.get(row.product)?.timer);
    this.#edited.set(row.product, { stock, name: row.name, timer: setTimeout(() => this.#commit(row.product), STEPS_MS) });
    refresh();
  }

  #commit(product) {
    const { stock, name, timer } = this.#edited.get(product);
    clearTimeout(timer);
    this.#edited.delete(product);
    this.act({ action: "stock", product, stock }, { name });
  }
}

/** The stock as text, for a list of what was done. */
export const stockText = (stock) => (stock === 0 ? t("dash.sold_out") : number(stock));
