/**
 * The second step: codes that were sold and that no product of the line-up has.
 *
 * In: the products outside the line-up, the brand's catalogue. Out: aliases, after a look at what moves. Never here: figures.
 */

import { Problem, post, put } from "../server/api.js";
import { codesOf, productName, productsOf } from "../server/brand_catalogue.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { failure, phrase } from "../components/components.js";
import { money, number, t } from "../page/i18n.js";

export class ProductsStep {
  #chosen = new Map();
  #previews = new Map();
  #problem = null;
  #busy = null;
  #said = "";

  /** @param changed called after an alias was added */
  constructor(view, changed) {
    this.view = view;
    this.changed = changed;
    this.catalogue = new Resource(() => productsOf(view.session.data.brand));
  }

  /** Load the catalogue once the session's brand is known. */
  look() {
    if (this.view.session.data) this.catalogue.load();
  }

  enter() {
    this.view.results.load();
    this.look();
  }

  leave() {
    this.catalogue.stop();
  }

  /** What was sold by a code that the catalogue does not have. */
  get unknown() {
    const known = codesOf(this.catalogue.data ?? []);
    return this.catalogue.data ? (this.view.results.data?.other.products ?? []).filter((row) => !known.has(row.product)) : [];
  }

  count() {
    return this.unknown.length;
  }

  async #look(code, id) {
    this.#chosen.set(code, id);
    this.#previews.delete(code);
    refresh();
    if (!id) return;
    try {
      this.#previews.set(code, await post(`/v1/products/${id}/aliases/preview`, { aliases: [code] }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    refresh();
  }

  async #bind(row) {
    const id = this.#chosen.get(row.product);
    this.#busy = row.product;
    this.#problem = null;
    refresh();
    try {
      await put(`/v1/products/${id}/aliases/${encodeURIComponent(row.product)}`);
      this.#said = t("close.products.bound", { code: row.product });
      await this.view.results.load();
      this.changed();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    this.#busy = null;
    refresh();
  }

  render(session) {
    if (this.view.results.error) return failure(this.view.results.error, () => this.view.results.load());
    const products = this.catalogue.data ?? [];
    return [
      h("p", { key: "said", role: "status", class: "quiet" }, this.#said),
      this.#problem && h("div", { key: "problem" }, failure(this.#problem)),
      this.unknown.length === 0
        ? h("p", { key: "none", class: "calm" }, h("span", { "aria-hidden": "true" }, "✓ "), t("close.products.none"))
        : h("p", { key: "intro", class: "quiet" }, t("close.products.intro")),
      h("ul", { key: "list", class: "cards" }, ...this.unknown.map((row) => this.#card(row, products, session))),
    ];
  }

  #card(row, products, session) {
    const inLineup = new Set(session.lineup.map((item) => item.product));
    const nameOf = (product) => session.lineup.find((item) => item.product === product.code)?.name ?? productName(product);
    // Products of this show come first.
    const sorted = products.filter((product) => product.code !== row.product).sort((a, b) => inLineup.has(b.code) - inLineup.has(a.code));
    const chosen = this.#chosen.get(row.product) ?? "";
    const preview = this.#previews.get(row.product);
    const target = products.find((product) => product.id === chosen);
    return h("li", { key: row.product, class: "card" },
      h("p", null, h("span", { class: "strong" }, row.product), " ", row.name !== row.product && phrase(row.name)),
      h("p", { class: "quiet" }, t("close.products.sold", { units: number(row.units), orders: number(row.orders), gmv: money(row.gmv, session.currency) })),
      h("div", { class: "card-form" },
        h("select", { value: chosen, "aria-label": t("close.products.of", { code: row.product }), onchange: (event) => this.#look(row.product, event.target.value) },
          h("option", { value: "" }, t("close.products.choose")), ...sorted.map((product) => h("option", { value: product.id }, `${nameOf(product)} (${product.code})`))),
        h("button", { type: "button", class: "button button-main", disabled: !preview || preview.taken.length > 0 || this.#busy !== null, onclick: () => this.#bind(row) }, t("close.products.bind"))),
      target && preview && h("ul", { key: "moves", role: "status" },
        ...preview.taken.map((one) => h("li", { key: one.alias }, t("close.products.taken", { code: one.alias, product: one.product }))),
        ...preview.sessions.map((one) => h("li", { key: one.session }, t("close.products.moves", { title: one.title, units: number(one.units), gmv: money(one.gmv, one.currency), name: nameOf(target) })))));
  }
}
