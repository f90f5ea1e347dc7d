/**
 * The statements of a brand: the list, and a draft of a month.
 *
 * In: statements of the API. Out: a table, a form. Never here: figures of its own.
 */

import { get, path, post } from "../server/api.js";
import { field, panel, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { READER_ZONE, date, money, month as monthName, number, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { go, keep, link, route } from "../page/router.js";
import { may, refresh } from "../page/state.js";
import { Work } from "../components/brand_frame.js";
import { statementChip } from "./month.js";
import { shifted, stepper, thisMonth } from "./stepper.js";

/** By month and by amount, as the law on electronic books asks. */
const FILTERS = ["from", "to", "min", "max"];

export class Settlements {
  constructor(slug) {
    this.slug = slug;
    const { query } = route();
    this.filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
    // A month is stated once it is over.
    this.month = shifted(thisMonth(), -1);
    this.list = new Pages("settlements", (cursor) => get(path("/v1/settlements", { brand: slug, ...this.filters, limit: 50, cursor })));
    this.list.load();
    this.work = new Work();
    // Apart from what people ask for: a click is not lost while the month is looked up.
    this.opening = new Work();
    if (may.write()) this.#latest();
  }

  /** The month of the latest show is the one that waits for its statement. */
  async #latest() {
    const shown = this.month;
    await this.opening.run(async () => {
      const { sessions } = await get(path(`/v1/brands/${encodeURIComponent(this.slug)}/history`, { limit: 1 }));
      if (sessions.length && this.month === shown) this.month = sessions[0].started_at.slice(0, 7);
    });
  }

  leave() {
    clearTimeout(this.typing);
    this.list.stop();
  }

  #filter(name, value) {
    this.filters[name] = value.normalize("NFKC").replace(/[,\s]/g, "");
    keep(this.filters);
    clearTimeout(this.typing);
    // A month that is half typed is no month yet.
    if (name === "min" || name === "max" || /^(\d{4}-\d{2})?$/.test(this.filters[name])) this.typing = setTimeout(() => this.list.load(), 300);
    refresh();
  }

  #search() {
    const text = (name, label, properties) => field(label, h("input", { type: "search", name, value: this.filters[name], oninput: (event) => this.#filter(name, event.target.value), ...properties }));
    return h("form", { class: "form-row order-filters", role: "search", onsubmit: (event) => event.preventDefault() },
      text("from", t("brand.settlement.from"), { maxlength: 7, placeholder: "2021-09" }), text("to", t("brand.settlement.to"), { maxlength: 7, placeholder: "2021-12" }),
      text("min", t("brand.settlement.min"), { maxlength: 20, inputmode: "numeric" }), text("max", t("brand.settlement.max"), { maxlength: 20, inputmode: "numeric" }));
  }

  #draft() {
    this.work.run(async () => {
      const statement = await post("/v1/settlements", { brand: this.slug, month: this.month });
      go(link("brand", this.slug, "settlement", statement.id));
    });
  }

  render() {
    return [
      h("p", { class: "quiet intro" }, t("brand.settlement.intro")),
      may.write() && panel("draft", t("brand.settlement.draft"), null,
        h("div", { class: "form-end" },
          stepper(this.month, (month) => { this.month = month; refresh(); }),
          h("button", { type: "button", class: "button button-main", onclick: () => this.#draft() }, t("brand.settlement.make"))),
        (this.work.problem ? this.work : this.opening).render()),
      panel("statements", t("brand.part.settlement"), null, this.#search(), this.list.render((statements) => table("statement-table", t("brand.part.settlement"), [
        { label: t("settlement.column.month"), cell: (one) => h("a", { class: "strong nowrap", href: link("brand", this.slug, "settlement", one.id) }, monthName(one.month)) },
        { label: t("dash.state"), cell: statementChip },
        { label: t("settlement.number"), cell: (one) => one.number && h("span", { class: "nowrap" }, one.number) },
        { label: t("settlement.section.missing"), numeric: true, class: "roomy", cell: (one) => (one.status === "issued" ? null : h("span", { class: one.missing ? "low" : null }, number(one.missing))) },
        { label: t("settlement.date"), class: "roomy", cell: (one) => one.issued_at && h("span", { class: "nowrap" }, date(one.issued_at, READER_ZONE)) },
        { label: t("brand.statement.payable"), numeric: true, cell: (one) => money(one.payable_to_brand, one.currency) },
      ], statements), t(FILTERS.some((name) => this.filters[name]) ? "brand.none_found" : "brand.settlement.none"))),
    ];
  }
}
