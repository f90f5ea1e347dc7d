/**
 * The customers of a brand, by pseudonym, and cohorts: who came back in which month.
 *
 * In: customers and cohorts of the API. Out: tables. Never here: names or ids of persons; the API has none.
 */

import { get, path } from "../server/api.js";
import { failure, field, panel, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { READER_ZONE, date, money, month as monthName, number, percent, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { Resource } from "../server/resource.js";
import { keep, link, route } from "../page/router.js";
import { refresh } from "../page/state.js";

export class Customers {
  constructor(slug) {
    const { query } = route();
    const base = `/v1/brands/${encodeURIComponent(slug)}`;
    this.slug = slug;
    this.filters = { kind: query.get("kind") ?? "", q: query.get("q") ?? "" };
    this.list = new Pages("customers", (cursor) => get(path(`${base}/customers`, { ...this.filters, limit: 50, cursor })));
    this.cohorts = new Resource(() => get(`${base}/cohorts`));
    this.list.load();
    this.cohorts.load();
  }

  leave() {
    clearTimeout(this.typing);
    this.list.stop();
    this.cohorts.stop();
  }

  #filter(name, value) {
    this.filters[name] = value;
    keep(this.filters);
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.list.load(), name === "q" ? 250 : 0);
    refresh();
  }

  render() {
    return [
      h("p", { class: "quiet intro" }, t("brand.customers.intro")),
      panel("customers", t("brand.part.customers"), null,
        h("form", { class: "table-tools", role: "search", onsubmit: (event) => event.preventDefault() },
          field(t("brand.customers.search"), h("input", { type: "search", value: this.filters.q, maxlength: 12, spellcheck: "false",
            oninput: (event) => this.#filter("q", event.target.value.toLowerCase().replace(/[^0-9a-f]/g, "")) })),
          field(t("brand.kind"), h("select", { value: this.filters.kind, onchange: (event) => this.#filter("kind", event.target.value) },
            h("option", { value: "" }, t("dash.all")), ...["new", "returning"].map((kind) => h("option", { key: kind, value: kind }, t(`brand.customers.${kind}`)))))),
        this.list.render((customers) => this.#table(customers), t(this.filters.q || this.filters.kind ? "brand.none_found" : "brand.customers.none"))),
      this.#cohorts(),
    ];
  }

  #table(customers) {
    return table("customer-table", t("brand.part.customers"), [
      { label: t("packing.customer"), cell: (one) => [h("a", { href: link("brand", this.slug, "customers", one.customer) }, h("code", null, one.customer)), one.returning && h("small", null, t("brand.customers.returning"))] },
      { label: t("metric.orders"), numeric: true, cell: (one) => number(one.orders) },
      { label: t("metric.units_sold"), numeric: true, cell: (one) => number(one.units) },
      { label: t("brand.part.shows"), numeric: true, class: "roomy", cell: (one) => number(one.sessions) },
      { label: t("brand.customers.net"), numeric: true, cell: (one) => Object.entries(one.net_amounts).map(([currency, amount]) => h("span", { key: currency, class: "figure" }, money(amount, currency))) },
      { label: t("brand.customers.first"), class: "roomy", cell: (one) => h("span", { class: "nowrap" }, date(one.first_order_at, READER_ZONE)) },
      { label: t("brand.customers.last"), class: "roomy", cell: (one) => h("span", { class: "nowrap" }, date(one.last_order_at, READER_ZONE)) },
    ], customers, { rowKey: (one) => one.customer, tall: customers.length > 20 });
  }

  #cohorts() {
    const { data, error, pending } = this.cohorts;
    const cohorts = data?.cohorts ?? [];
    const later = Math.max(0, ...cohorts.map((one) => one.returned.length));
    return panel("cohorts", t("brand.cohorts"), null,
      h("p", { class: "quiet" }, t("brand.cohorts.intro")),
      error && failure(error, () => this.cohorts.load()),
      pending && waiting(),
      data && (cohorts.length ? table("cohort-table", t("brand.cohorts"), [
        { label: t("brand.cohorts.month"), cell: (one) => h("span", { class: "nowrap" }, monthName(one.month)) },
        { label: t("brand.customers.buyers"), numeric: true, cell: (one) => number(one.buyers) },
        ...Array.from({ length: Math.max(0, later - 1) }, (_, index) => ({
          label: t("brand.cohorts.after", { count: index + 1 }), numeric: true,
          cell: ({ buyers, returned }) => (index + 1 < returned.length ? h("span", { class: "cohort", style: { "--share": buyers ? returned[index + 1] / buyers : 0 } },
            number(returned[index + 1]), h("small", null, buyers ? percent(returned[index + 1] / buyers, 0) : "")) : ""),
        })),
      ], cohorts, { rowKey: (one) => one.month }) : h("p", { class: "empty" }, t("brand.customers.none"))));
  }
}
