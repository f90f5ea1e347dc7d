/**
 * Packing and shipping of a show: the packing list, cartons, files for the warehouse and the carrier, tracking numbers.
 *
 * In: the packing list and the cartons of the API. Out: a page; cartons that an operator packs. Never here: which pieces are packed.
 */

import { get, path } from "../server/api.js";
import { failure, heading, notice, panel, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { language, number, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { link } from "../page/router.js";
import { may, refresh } from "../page/state.js";
import { Cartons } from "./cartons.js";
import { Saving } from "../components/brand_frame.js";
import { leadTimes } from "./lead_times.js";
import { Tracking } from "./tracking.js";

/** Warnings that are settled in the catalogue. */
const CATALOGUED = new Set(["customs_missing", "product_without_name"]);

export class Packing {
  constructor(slug, id) {
    this.slug = slug;
    this.base = `/v1/sessions/${encodeURIComponent(id)}`;
    this.session = new Resource(() => get(this.base));
    this.list = new Resource(() => get(path(`${this.base}/packing-list`, { lang: language() })));
    this.times = new Resource(() => get(`${this.base}/lead-times`));
    this.cartons = new Cartons(this.base, () => this.list.load());
    this.tracking = new Tracking(id, () => this.#load());
    this.saving = new Saving();
    this.shipOn = "";
    this.#load();
    this.session.load();
  }

  #load() {
    return Promise.all([this.list.load(), this.times.load(), this.cartons.load()]);
  }

  languageChanged() {
    this.list.load();
  }

  leave() {
    for (const one of [this.session, this.list, this.times, this.cartons]) one.stop();
  }

  render() {
    const { data, error } = this.list;
    const problem = this.session.error ?? error ?? this.cartons.error;
    const back = h("p", null, h("a", { href: link("brand", this.slug, "shipping") }, t("brand.orders.all")));
    if (!problem && [this.session, this.list, this.times, this.cartons].some(({ pending }) => pending)) return [back, waiting()];
    return [
      back,
      this.session.data && heading(2, this.session.data.title),
      problem && failure(problem, () => { this.session.load(); this.#load(); }),
      data && this.#warnings(data),
      this.times.data && leadTimes(this.times.data),
      data && this.#files(),
      data && this.cartons.render(data),
      data && totals(data),
      data?.excluded.length > 0 && excluded(data),
      may.write() && this.tracking.render(),
    ];
  }

  #warnings({ warnings }) {
    return warnings.length > 0 && panel("packing-warnings", t("packing.warnings"), { class: "panel-warnings" },
      h("ul", null, ...warnings.map((one) => h("li", { key: one.code }, one.message,
        CATALOGUED.has(one.code) && [" ", h("a", { href: link("brand", this.slug, "catalogue") }, t("brand.packing.to_catalogue"))]))));
  }

  #files() {
    const list = path(`${this.base}/packing-list.xlsx`, { lang: language() });
    const carrier = path(`${this.base}/packing-list.csv`, { carrier: "yamato_b2", ship_on: this.shipOn });
    return panel("packing-files", t("dash.release.files"), null,
      h("div", { class: "form-end" },
        this.saving.button(t("brand.packing.xlsx"), list, "packing-list.xlsx", "button button-main"),
        h("label", { class: "inline-field" }, h("span", { class: "field-label" }, t("brand.packing.ship_on")),
          h("input", { type: "date", value: this.shipOn, onchange: (event) => { this.shipOn = event.target.value; refresh(); } })),
        this.saving.button(t("brand.packing.yamato"), carrier, "yamato_b2.csv", "button")),
      this.saving.render(),
      h("p", { class: "quiet small" }, t("brand.packing.no_addresses")));
  }
}

const totals = (list) => panel("pick-list", t("packing.sheet.totals"), null, list.totals.length
  ? table("pick-table", t("packing.sheet.totals"), [
      { label: t("product.name"), class: "name-cell", cell: (one) => [one.name, one.name !== one.product && h("small", null, one.product)] },
      { label: "SKU", cell: (one) => one.sku },
      { label: t("packing.units"), numeric: true, cell: (one) => number(one.quantity) },
    ], list.totals, { rowKey: (one) => `${one.product} ${one.sku}`, tall: list.totals.length > 15, foot: [{ product: "", name: t("packing.total"), sku: "", quantity: list.totals.reduce((sum, one) => sum + one.quantity, 0) }] })
  : notice("info", t("brand.packing.nothing")));

const excluded = (list) => panel("excluded", t("brand.packing.excluded"), null, table("excluded-table", t("brand.packing.excluded"), [
  { label: t("packing.orders"), cell: (one) => one.order },
  { label: t("packing.reason"), cell: (one) => t(`brand.order.${one.reason}`) },
], list.excluded, { rowKey: (one) => `${one.platform} ${one.order}`, tall: list.excluded.length > 12 }));
