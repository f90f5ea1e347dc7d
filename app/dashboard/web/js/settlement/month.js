/**
 * The month of a brand, as the account manager shows it to the client.
 *
 * In: the month of the API. Out: a page that prints on A4. Never here: sums of its own.
 */

import { get, path } from "../server/api.js";
import { productName } from "../server/brand_catalogue.js";
import { failure, fitted, heading, panel, phrase, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { day, figure, lengthOf, money, month as monthName, number, signedPercent, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { go, link } from "../page/router.js";
import { may, refresh } from "../page/state.js";
import { facts } from "../components/brand_frame.js";
import { deliverableTable } from "./statement_tables.js";
import { stepper, thisMonth } from "./stepper.js";

/** What stands in large figures over the table of all. */
const KEY_FIGURES = ["viewers", "gmv", "orders", "buyers", "units_sold", "conversion_rate", "spend_per_buyer", "new_followers"];

export class Month {
  constructor(slug, month) {
    this.slug = slug;
    this.base = `/v1/brands/${encodeURIComponent(slug)}`;
    this.month = month ?? null;
    this.document = new Resource(() => get(`${this.base}/months/${encodeURIComponent(this.month)}`));
    this.#begin();
  }

  /** Without a month in the address: the month of the latest show, which is the one to be shown. */
  async #begin() {
    if (!this.month) {
      this.latest = new Resource(() => get(path(`${this.base}/history`, { limit: 1 })));
      await this.latest.load();
      this.month = this.latest.data?.sessions[0]?.started_at.slice(0, 7) ?? thisMonth();
    }
    this.document.load();
    refresh();
  }

  leave() {
    this.latest?.stop();
    this.document.stop();
  }

  render(name) {
    const { data, error } = this.document;
    return [
      h("div", { class: "month-head" },
        this.month && stepper(this.month, (month) => go(link("brand", this.slug, "month", month))),
        h("button", { type: "button", class: "button unprinted", onclick: () => print() }, t("brand.print"))),
      error && failure(error, () => this.document.load()),
      !data && !error && waiting(),
      data && h("div", { class: "month-page" },
        heading(2, `${name} ${monthName(data.month)}`, null),
        data.sessions.length === 0 && h("p", { class: "empty" }, t("brand.month.none")),
        ...data.figures.map((one) => keyFigures(one, data)),
        data.sessions.length > 0 && sessions(data),
        ...data.figures.map((one) => figures(one, data)),
        h("div", { class: "pair" }, customers(data), this.#deliverables(data)),
        data.products.length > 0 && products(data),
        this.#money(data)),
    ];
  }

  #deliverables({ deliverables }) {
    return panel("month-deliverables", t("settlement.section.deliverables"), null,
      deliverables.length ? deliverableTable("month-deliverable-table", deliverables) : h("p", { class: "empty" }, t("brand.month.no_deliverables")));
  }

  #money({ money: statement }) {
    if (!statement) return panel("month-money", t("settlement.title"), null, h("p", { class: "empty" }, t("brand.month.no_statement")));
    const { totals, currency } = statement;
    const payable = totals.payable_to_brand;
    const amount = (value) => money(value, currency);
    return panel("month-money", t("settlement.title"), { aside: statementChip(statement) },
      facts([
        [t(payable.startsWith("-") ? "settlement.owed" : "settlement.payable"), h("strong", null, amount(payable.replace("-", "")))],
        statement.number && [t("settlement.number"), statement.number],
        [t("settlement.kind.goods"), amount(totals.goods)],
        ...Object.entries(totals.shares).map(([to, value]) => [t("settlement.line.share", { to: to === "agency" ? t("settlement.party.agency") : to }), amount(value)]),
        [t("brand.fees"), amount(totals.fees)],
        [t("settlement.tax.total"), amount(totals.tax)],
      ]),
      statement.missing.length > 0 && may.write() && h("p", { class: "low" }, t("brand.statement.missing_count", { count: number(statement.missing.length) })),
      h("p", { class: "unprinted" }, h("a", { href: link("brand", this.slug, "settlement", statement.id) }, t("brand.statement.open"))));
  }
}

/** Whether a statement is a draft or issued. */
export const statementChip = (statement) =>
  h("span", { class: `chip ${statement.status === "issued" ? "chip-good" : "chip-draft"}` }, t(`brand.statement.${statement.status}`));

const titled = (label, { currency }, { figures: all }) => (all.length > 1 ? `${label} (${currency})` : label);
/** The same currency's figures of an earlier month. */
const earlier = (before, currency) => before.figures.find((one) => one.currency === currency)?.kpis;

function keyFigures(one, data) {
  const last = earlier(data.before.at(-1), one.currency);
  const shown = KEY_FIGURES.filter((slug) => one.kpis[slug].value !== null);
  return panel(`month-key-${one.currency}`, titled(t("dash.live.figures"), one, data), { class: "sheet" },
    h("dl", { class: "cells" }, ...shown.map((slug) => {
      const [now, before] = [one.kpis[slug], last?.[slug]];
      const text = figure(now, one.currency, slug);
      // Without a value before there is nothing to compare with.
      const change = before && Number(before.value) > 0 && now.unit !== "ratio" ? Number(now.value) / Number(before.value) - 1 : null;
      return h("div", { key: slug }, h("dt", null, phrase(t(`metric.${slug}`))),
        h("dd", null, fitted("span", null, lengthOf(text), text), change !== null && h("small", null, t("brand.month.change", { change: signedPercent(change) }))));
    })));
}

function sessions(data) {
  return panel("month-sessions", t("brand.part.shows"), null, table("month-session-table", t("brand.part.shows"), [
    { label: t("dash.session"), class: "name-cell", cell: (one) => h("a", { href: link("report", one.session) }, phrase(one.title)) },
    { label: t("sheet.date"), cell: (one) => one.date && h("span", { class: "nowrap" }, day(one.date)) },
    { label: t("brand.kind"), cell: (one) => t(`brand.kind.${one.kind}`) },
    { label: t("dash.release.revision"), numeric: true, cell: (one) => (one.revision === null ? h("span", { class: "low" }, t("brand.month.unreleased")) : number(one.revision)) },
    { label: t("metric.gmv"), numeric: true, cell: (one) => money(one.gmv, one.currency) },
  ], data.sessions, { rowKey: (one) => one.session }));
}

function figures(one, data) {
  // The month itself comes first: on a phone the others are scrolled to.
  const months = [[data.month, one.kpis], ...data.before.map((before) => [before.month, earlier(before, one.currency)]).reverse()];
  const slugs = Object.keys(one.kpis).filter((slug) => months.some(([, kpis]) => kpis && kpis[slug].value !== null));
  const title = titled(t("brand.month.figures"), one, data);
  return panel(`month-figures-${one.currency}`, title, null, table(`month-figure-table-${one.currency}`, title, [
    { label: t("dash.figure"), class: "figure-name", cell: (slug) => t(`metric.${slug}`) },
    ...months.map(([month, kpis]) => ({ label: monthName(month), numeric: true, class: month === data.month ? "strong" : null, cell: (slug) => (kpis ? figure(kpis[slug], one.currency, slug) : null) })),
  ], slugs, { rowKey: (slug) => slug }));
}

function customers(data) {
  const rows = [...data.before, data].reverse();
  return panel("month-customers", t("brand.part.customers"), null, table("month-customer-table", t("brand.part.customers"), [
    { label: t("settlement.column.month"), cell: (one) => h("span", { class: "nowrap" }, monthName(one.month)) },
    { label: t("brand.customers.buyers"), numeric: true, cell: (one) => number(one.customers.buyers) },
    { label: t("brand.customers.new"), numeric: true, cell: (one) => number(one.customers.new) },
    { label: t("brand.customers.returning"), numeric: true, cell: (one) => number(one.customers.returning) },
  ], rows, { rowKey: (one) => one.month, rowClass: (one) => (one === data ? "strong" : null) }));
}

function products(data) {
  return panel("month-products", t("brand.month.products"), null, table("month-product-table", t("brand.month.products"), [
    { label: t("product.name"), class: "name-cell", cell: (one) => { const name = productName({ names: one.names, code: one.product }); return [phrase(name), name !== one.product && h("small", null, one.product)]; } },
    { label: t("product.orders"), numeric: true, cell: (one) => number(one.orders) },
    { label: t("product.units"), numeric: true, cell: (one) => number(one.units) },
    { label: t("product.gmv"), numeric: true, cell: (one) => money(one.gmv, one.currency) },
  ], data.products, { rowKey: (one) => `${one.product} ${one.currency}`, tall: data.products.length > 20 }));
}
