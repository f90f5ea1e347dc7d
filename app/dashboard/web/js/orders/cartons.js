/**
 * Cartons of a show: which customer is packed into which, with number, gross weight and size.
 *
 * In: the packing list, the cartons that are stored. Out: a table, and the plan that an operator saves. Never here: pieces.
 */

import { Problem, get, put } from "../server/api.js";
import { notice, panel, phrase, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { number, t } from "../page/i18n.js";
import { may, refresh } from "../page/state.js";

export class Cartons {
  error = null;
  #packed = new Map();
  #stored = [];
  #loaded = false;
  #edited = false;

  /** @param saved called after the plan was saved */
  constructor(base, saved) {
    this.path = `${base}/cartons`;
    this.form = new Form("cartons", { cartons: {} }, async ({ cartons }) => {
      const plan = this.#numbers().map((carton) => ({
        number: carton, customers: this.#customersOf(carton), gross_weight_g: cartons[carton]?.gross_weight_g ?? null, size: cartons[carton]?.size ?? null,
      }));
      this.#take((await put(this.path, { cartons: plan })).cartons);
      await saved();
    });
  }

  /** Load the stored cartons, unless a plan is being made that was not saved yet. */
  async load() {
    if (this.#edited) return;
    try {
      this.#take((await get(this.path)).cartons);
      this.error = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.error = error;
    }
    refresh();
  }

  stop() {
    this.#packed.clear();
  }

  #take(cartons) {
    this.#stored = cartons;
    this.#packed = new Map(cartons.flatMap((one) => one.customers.map((customer) => [customer, one.number])));
    this.form.values.cartons = Object.fromEntries(cartons.map((one) => [one.number, { gross_weight_g: one.gross_weight_g, size: one.size }]));
    this.#loaded = true;
    this.#edited = false;
  }

  #numbers() {
    return [...new Set(this.#packed.values())].sort((a, b) => a - b);
  }

  get pending() {
    return !this.#loaded && !this.error;
  }

  #customersOf(carton) {
    return [...this.#packed].filter(([, in_]) => in_ === carton).map(([customer]) => customer);
  }

  #put(customer, carton) {
    if (carton) this.#packed.set(customer, Number(carton));
    else this.#packed.delete(customer);
    this.#changed();
  }

  #rest(customers, carton) {
    for (const one of customers) if (!this.#packed.has(one.customer)) this.#packed.set(one.customer, carton);
    this.#changed();
  }

  #changed() {
    this.#edited = true;
    this.form.saved = false;
    refresh();
  }

  render({ customers }) {
    if (!this.#loaded) return null;
    const numbers = this.#numbers();
    const next = (numbers.at(-1) ?? 0) + 1;
    const loose = customers.filter((one) => !this.#packed.has(one.customer));
    const edits = may.write();
    return panel("cartons-panel", t("brand.cartons"), null,
      customers.length > 0 && table("packing-table", t("packing.sheet.customers"), [
        { label: t("packing.customer"), cell: (one) => h("code", null, one.customer) },
        { label: t("packing.carton"), cell: (one) => (edits ? this.#choice(one, numbers, next) : number(this.#packed.get(one.customer))) },
        { label: t("packing.units"), numeric: true, cell: (one) => number(one.units) },
        { label: t("product.name"), class: "text-cell", cell: (one) => h("ul", { class: "plain-list" }, ...one.lines.map((line, index) => h("li", { key: index }, phrase([line.name, line.sku].filter(Boolean).join(" / ")), " ×\u00a0", number(line.quantity)))) },
        { label: t("packing.orders"), class: "text-cell", cell: (one) => one.orders.join(t("insight.separator")) },
      ], customers, { rowKey: (one) => one.customer, tall: customers.length > 12 }),
      customers.length === 0 && notice("info", t("brand.packing.nothing")),
      edits && loose.length > 0 && h("div", { class: "form-end packing-rest" },
        h("span", { class: "quiet" }, t("brand.cartons.loose", { count: number(loose.length) })),
        ...numbers.map((carton) => h("button", { key: carton, type: "button", class: "button button-quiet", onclick: () => this.#rest(customers, carton) }, t("brand.cartons.rest_into", { number: carton }))),
        h("button", { key: "next", type: "button", class: "button", onclick: () => this.#rest(customers, next) }, t("brand.cartons.rest_into_new", { number: next }))),
      edits ? this.#form(numbers) : this.#list());
  }

  #choice({ customer }, numbers, next) {
    return h("select", { class: "carton-choice", "aria-label": t("brand.cartons.of", { customer }), value: String(this.#packed.get(customer) ?? ""), onchange: (event) => this.#put(customer, event.target.value) },
      h("option", { value: "" }, "—"),
      ...numbers.map((carton) => h("option", { key: carton, value: String(carton) }, t("packing.sheet.carton", { number: carton }))),
      h("option", { key: "next", value: String(next) }, t("brand.cartons.new", { number: next })));
  }

  #form(numbers) {
    return this.form.render(t("brand.cartons"), () => numbers.map((carton) => h("fieldset", { key: carton, class: "carton" },
      h("legend", null, t("packing.sheet.carton", { number: carton })),
      h("ul", { class: "packed" }, ...this.#customersOf(carton).map((customer) => h("li", { key: customer }, h("code", null, customer),
        h("button", { type: "button", class: "button button-quiet", "aria-label": t("brand.cartons.take_out", { customer }), title: t("brand.cartons.take_out", { customer }), onclick: () => this.#put(customer, null) }, "×")))),
      h("div", { class: "form-row" },
        this.form.field(`/cartons/${carton}/gross_weight_g`, t("brand.cartons.weight"), { kind: "whole", maxlength: 10 }),
        this.form.field(`/cartons/${carton}/size`, t("packing.size"), { maxlength: 100, placeholder: "60x40x40 cm" })))), { submit: t("brand.cartons.save") });
  }

  #list() {
    return this.#stored.length > 0 && table("carton-table", t("brand.cartons"), [
      { label: t("packing.carton"), cell: (one) => number(one.number) },
      { label: t("packing.orders"), numeric: true, cell: (one) => number(one.orders) },
      { label: t("packing.units"), numeric: true, cell: (one) => number(one.units) },
      { label: t("brand.cartons.weight"), numeric: true, cell: (one) => number(one.gross_weight_g) },
      { label: t("packing.size"), cell: (one) => one.size },
    ], this.#stored, { rowKey: (one) => one.number });
  }
}
