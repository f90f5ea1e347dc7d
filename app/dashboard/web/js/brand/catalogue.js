/**
 * The catalogue of a brand: products with names, aliases and customs data.
 *
 * In: products of the API. Out: a table, and a form for one of them. Never here: prices and stock, which belong to a show.
 */

import { get, patch, path, post, remove } from "../server/api.js";
import { productName } from "../server/brand_catalogue.js";
import { field, notice, panel, phrase, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form, ask } from "../components/forms.js";
import { LANGUAGES, labelled, number, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { keep, route } from "../page/router.js";
import { may, refresh } from "../page/state.js";
import { Work } from "../components/brand_frame.js";
import { ProductImport } from "./product_import.js";

const CUSTOMS = ["name_zh", "name_en", "material", "hs_code", "origin", "net_weight_g"];
/** What a list of contents needs of a product. */
const DECLARED = ["name_zh", "hs_code", "origin", "net_weight_g"];
const blank = () => ({ code: null, names: {}, aliases: null, customs: {} });
const filled = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== ""));
const listed = (text) => (text ?? "").split(/[\n,、，]/).map((one) => one.trim()).filter(Boolean);

export class Catalogue {
  constructor(slug) {
    this.slug = slug;
    this.q = route().query.get("q") ?? "";
    this.list = new Pages("products", (cursor) => get(path("/v1/products", { brand: slug, q: this.q.trim(), limit: 100, cursor })));
    this.list.load();
    this.work = new Work();
    /** The product that is edited; null for a new one, undefined while the form is closed. */
    this.open = undefined;
    this.pending = 0;
    this.file = new ProductImport(slug, () => this.list.load());
    this.form = new Form("product", blank(), (values) => this.#save(values));
  }

  leave() {
    clearTimeout(this.typing);
    this.list.stop();
  }

  async #save(values) {
    const customs = filled(values.customs);
    const sent = { names: filled(values.names), aliases: listed(values.aliases), customs: Object.keys(customs).length ? customs : null };
    const saved = this.open ? await patch(`/v1/products/${this.open.id}`, sent) : await post("/v1/products", { brand: this.slug, code: values.code, ...sent });
    this.pending = saved.rebuilds?.length ?? 0;
    this.open = undefined;
    await this.list.load();
  }

  #edit(product) {
    this.open = product;
    this.form.replace(product ? { code: product.code, names: { ...product.names }, aliases: product.aliases.join("\n"), customs: { ...product.customs } } : blank());
    requestAnimationFrame(() => document.getElementById("product-panel")?.scrollIntoView({ block: "start" }));
  }

  async #remove() {
    const product = this.open;
    if (!(await ask(t("brand.product.remove"), [h("code", null, product.code), " ", t("brand.product.confirm")], t("form.remove")))) return;
    this.work.run(async () => {
      await remove(`/v1/products/${product.id}`);
      this.open = undefined;
      await this.list.load();
    });
  }

  #search(text) {
    this.q = text;
    keep({ q: text });
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.list.load(), 250);
  }

  render() {
    return [
      this.open !== undefined && this.#form(),
      h("div", { role: "status" }, this.pending > 0 && notice("info", t("brand.product.rebuilds", { count: number(this.pending) }))),
      panel("products", t("brand.part.catalogue"), { aside: may.write() && h("button", { type: "button", class: "button", onclick: () => this.#edit(null) }, t("brand.product.new")) },
        h("form", { class: "table-tools", role: "search", onsubmit: (event) => event.preventDefault() },
          field(t("brand.product.search"), h("input", { type: "search", value: this.q, maxlength: 200, oninput: (event) => this.#search(event.target.value) }))),
        this.work.render(),
        this.list.render((products) => this.#table(products), t(this.q ? "brand.none_found" : "brand.product.none"))),
      may.write() && this.file.render(),
    ];
  }

  #table(products) {
    return table("catalogue-table", t("brand.part.catalogue"), [
      { label: t("product.name"), class: "name-cell", cell: (one) => { const name = productName(one); return [phrase(name), name !== one.code && h("small", null, one.code)]; } },
      { label: t("brand.product.aliases"), class: "text-cell", cell: (one) => one.aliases.join(t("insight.separator")) || null },
      { label: t("brand.product.customs"), class: "text-cell", cell: (one) => { const lacks = DECLARED.filter((name) => !one.customs?.[name]); return lacks.length
        ? h("span", { class: "low" }, t("brand.product.lacks", { what: lacks.map((name) => t(`brand.customs.${name}`)).join(" · ") })) : t("brand.product.complete"); } },
      { label: t("packing.hs_code"), class: "roomy", cell: (one) => one.customs?.hs_code },
      { label: t("packing.origin"), class: "roomy", cell: (one) => one.customs?.origin },
      { label: t("packing.net_weight"), class: "roomy", numeric: true, cell: (one) => number(one.customs?.net_weight_g) },
      may.write() && { label: h("span", { class: "unseen" }, t("brand.edit")), class: "narrow", cell: (one) => h("button", { type: "button", class: "button button-quiet", "aria-label": labelled(t("brand.edit"), one.code), onclick: () => this.#edit(one) }, t("brand.edit")) },
    ].filter(Boolean), products, { tall: products.length > 15 });
  }

  #form() {
    const form = this.form;
    const title = this.open ? labelled(t("brand.edit"), this.open.code) : t("brand.product.new");
    const kinds = { net_weight_g: { kind: "whole", maxlength: 8 }, hs_code: { inputmode: "numeric", maxlength: 16 }, origin: { maxlength: 2, placeholder: "JP" } };
    return panel("product-panel", title, null, form.render(title, () => [
      !this.open && form.field("/code", t("product.product"), { required: true, maxlength: 128, help: t("brand.product.code_help") }),
      h("fieldset", null, h("legend", null, t("product.name")), h("div", { class: "form-row" },
        ...Object.entries(LANGUAGES).map(([code, name]) => form.field(`/names/${code}`, name, { maxlength: 200, lang: code })))),
      form.field("/aliases", t("brand.product.aliases"), { kind: "textarea", help: t("brand.product.aliases_help") }),
      h("fieldset", null, h("legend", null, t("brand.product.customs")), h("div", { class: "form-row" },
        ...CUSTOMS.map((name) => form.field(`/customs/${name}`, t(`brand.customs.${name}`), { maxlength: 200, ...kinds[name] })))),
    ], { aside: [
      h("button", { type: "button", class: "button button-quiet", onclick: () => { this.open = undefined; refresh(); } }, t("form.cancel")),
      this.open && h("button", { type: "button", class: "button button-quiet button-danger", onclick: () => this.#remove() }, t("form.remove")),
    ] }));
  }
}
