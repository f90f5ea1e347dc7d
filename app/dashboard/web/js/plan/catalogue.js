/**
 * The codes of a plan that the brand's catalogue does not know: new products, or other names of known ones.
 *
 * In: rows of a line-up. Out: what is new, and a choice for each. Never here: the line-up's other fields.
 */

import { Problem, get, path, put, remove } from "../server/api.js";
import { codesOf, productName, productsOf } from "../server/brand_catalogue.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { failure } from "../components/components.js";
import { t } from "../page/i18n.js";

const SHOWN = 20;

export class CatalogueCodes {
  #codes = null;
  #products = [];
  #loading = false;
  #problem = null;

  /** @param brand returns the slug of the session's brand */
  constructor(saved, brand) {
    this.saved = saved;
    this.brand = brand;
  }

  /** Load the catalogue as it is before this page adds to it. */
  look() {
    if (this.#codes || this.#loading || !this.brand()) return;
    this.#load();
  }

  async #load() {
    this.#loading = true;
    try {
      this.#products = await productsOf(this.brand());
      this.#codes = codesOf(this.#products);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
    this.#loading = false;
    refresh();
  }

  isNew(code) {
    return Boolean(this.#codes && code && !this.#codes.has(code.trim().normalize("NFC")));
  }

  /**
   * Make a code another name of a product. The plan was saved with it, which made it a product of its own: that product, a few moments
   * old, gives way.
   */
  async #bind(row, id) {
    this.#problem = null;
    try {
      await this.saved.save();
      const { products } = await get(path("/v1/products", { brand: this.brand(), q: row.product, limit: 200 }));
      const made = products.find((product) => product.code === row.product);
      if (made) await remove(`/v1/products/${made.id}`);
      await put(`/v1/products/${id}/aliases/${encodeURIComponent(row.product)}`);
      this.#codes.add(row.product);
      // The line-up follows on the server.
      await this.saved.load();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    refresh();
  }

  render(rows) {
    const fresh = rows.filter((row) => this.isNew(row.product));
    if (!fresh.length || !this.#products.length) return null;
    return h("div", { key: "unknown", class: "plan-unknown" },
      h("h3", { class: "title title-3" }, t("plan.unknown")),
      h("p", { class: "quiet small" }, t("plan.unknown.intro")),
      this.#problem && failure(this.#problem),
      h("ul", { class: "plan-list" }, ...fresh.slice(0, SHOWN).map((row) => h("li", { key: row.product },
        h("span", { class: "strong" }, row.product), h("span", null, row.name ?? ""),
        h("select", { value: "", "aria-label": t("plan.unknown.of", { code: row.product }), onchange: (event) => event.target.value && this.#bind(row, event.target.value) },
          h("option", { value: "" }, t("plan.unknown.choose")),
          ...this.#products.map((product) => h("option", { value: product.id }, `${productName(product)} (${product.code})`)))))));
  }
}
