/**
 * The agency's month over all brands: GMV, shares, and what is not released or not issued yet.
 *
 * In: the month of the API. Out: a page that prints. Never here: sums of its own.
 */

import { get } from "../server/api.js";
import { failure, heading, panel, phrase, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { money, month as monthName, number, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { go, link } from "../page/router.js";
import { agencyTabs, facts } from "../components/brand_frame.js";
import { statementChip } from "./month.js";
import { stepper, thisMonth } from "./stepper.js";

export class View {
  constructor(month = thisMonth()) {
    this.month = month;
    this.document = new Resource(() => get(`/v1/months/${encodeURIComponent(month)}`));
    this.document.load();
  }

  title() {
    return t("brand.agency_month");
  }

  leave() {
    this.document.stop();
  }

  render() {
    const { data, error } = this.document;
    return [
      h("div", { class: "view-head" }, heading(1, this.title())),
      agencyTabs("month"),
      h("div", { class: "month-head" },
        stepper(this.month, (month) => go(link("month", month))),
        h("button", { type: "button", class: "button unprinted", onclick: () => print() }, t("brand.print"))),
      error && failure(error, () => this.document.load()),
      !data && !error && waiting(),
      data && h("div", { class: "month-page" },
        heading(2, monthName(data.month)),
        panel("agency-total", t("dash.live.figures"), null, facts([
          ...Object.entries(data.gmv).map(([currency, amount]) => [`${t("metric.gmv")} (${currency})`, money(amount, currency)]),
          [t("brand.agency.not_released"), number(data.not_released)],
          [t("brand.agency.not_issued"), number(data.not_issued.length)],
        ])),
        data.brands.length ? this.#brands(data) : h("p", { class: "empty" }, t("brand.agency.none")),
        data.shares.length > 0 && shares(data)),
    ];
  }

  #brands(data) {
    return panel("agency-brands", t("brand.nav"), null, table("agency-brand-table", t("brand.nav"), [
      { label: t("dash.brand"), class: "name-cell", cell: (one) => h("a", { href: link("brand", one.brand, "month", data.month) }, phrase(one.name)) },
      { label: t("brand.part.shows"), numeric: true, cell: (one) => number(one.sessions) },
      { label: t("metric.gmv"), numeric: true, cell: (one) => Object.entries(one.gmv).map(([currency, amount]) => h("span", { class: "figure" }, money(amount, currency))) },
      { label: t("brand.agency.not_released"), class: "text-cell", cell: (one) => (one.not_released.length ? h("ul", { class: "plain-list" }, ...one.not_released.map((show) =>
        h("li", { key: show.session }, h("a", { href: link("report", show.session) }, phrase(show.title))))) : number(0)) },
      { label: t("settlement.title"), cell: (one) => (one.statement
        ? [statementChip(one.statement), " ", h("a", { href: link("brand", one.brand, "settlement", one.statement.id) }, one.statement.number ?? t("brand.statement.open"))]
        : h("a", { href: link("brand", one.brand, "settlement") }, t("brand.agency.no_statement"))) },
      { label: t("brand.statement.payable"), numeric: true, cell: (one) => one.statement && money(one.statement.totals.payable_to_brand, one.statement.currency) },
    ], data.brands, { rowKey: (one) => one.brand }));
  }
}

function shares(data) {
  return panel("agency-shares", t("brand.agency.shares"), null, table("agency-share-table", t("brand.agency.shares"), [
    { label: t("settlement.column.to"), cell: (one) => (one.to === "agency" ? t("settlement.party.agency") : one.to) },
    { label: t("dash.state"), cell: statementChip },
    { label: t("brand.amount"), numeric: true, cell: (one) => money(one.amount, one.currency) },
  ], data.shares, { rowKey: (one) => `${one.to} ${one.currency} ${one.status}`, wide: false }));
}
