/**
 * Shipping of a brand: the orders of all shows, what waits too long, and the shows whose orders are packed.
 *
 * In: filters, which the address keeps. Out: orders of the API. Never here: names or addresses; the API has none.
 */

import { get, path } from "../server/api.js";
import { failure, field, panel, phrase, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { READER_ZONE, date, money, moment, number, platformName, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { Resource } from "../server/resource.js";
import { keep, link, route } from "../page/router.js";
import { refresh } from "../page/state.js";
import { lines, state } from "./customer.js";

const FILTERS = ["order", "state", "customer", "product", "from", "to", "waiting_hours", "evidence"];
const STATES = ["placed", "paid", "cancelled", "refunded", "shipped", "delivered"];
const TYPED = new Set(["order", "customer", "product", "waiting_hours"]);
const DAY_MS = 86_400_000;

export class Shipping {
  constructor(slug) {
    const { query } = route();
    this.slug = slug;
    this.filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
    this.orders = new Pages("orders", (cursor) => get(path(`/v1/brands/${encodeURIComponent(slug)}/orders`, { ...this.#asked(), limit: 50, cursor })));
    this.shows = new Resource(() => get(path("/v1/sessions", { brand: slug, limit: 12 })));
    this.orders.load();
    this.shows.load();
  }

  leave() {
    clearTimeout(this.typing);
    this.orders.stop();
    this.shows.stop();
  }

  /** Days are the reader's own; the last one is included. */
  #asked() {
    const { from, to, ...rest } = this.filters;
    const begin = from && new Date(`${from}T00:00:00`).toISOString();
    const end = to && new Date(new Date(`${to}T00:00:00`).getTime() + DAY_MS).toISOString();
    return { ...rest, from: begin, to: end };
  }

  #filter(name, value) {
    this.filters[name] = value.trim();
    keep(this.filters);
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.orders.load(), TYPED.has(name) ? 300 : 0);
    refresh();
  }

  render() {
    const { data, error, pending } = this.shows;
    const sessions = data?.sessions.filter((one) => one.kind !== "rehearsal" && one.status !== "scheduled") ?? [];
    return [
      panel("packing", t("brand.packing"), null,
        h("p", { class: "quiet" }, t("brand.packing.choose")),
        error && failure(error, () => this.shows.load()),
        pending && waiting(),
        data && (sessions.length ? h("ul", { class: "show-links" }, ...sessions.map((one) => h("li", { key: one.id },
          h("a", { class: "button", href: link("brand", this.slug, "shipping", one.id) }, h("span", { class: "cut", title: one.title }, one.title),
            h("small", null, date(one.started_at ?? one.scheduled_at, one.time_zone)))))) : h("p", { class: "empty" }, t("brand.shows.none")))),
      panel("orders", t("brand.orders"), null,
        this.#form(),
        this.orders.render((orders) => [this.#table(orders), h("p", { class: "quiet small" }, t("brand.times", { zone: READER_ZONE }))], t(FILTERS.some((name) => this.filters[name]) ? "brand.none_found" : "brand.orders.none"))),
    ];
  }

  #form() {
    const change = (name) => (event) => this.#filter(name, event.target.value);
    const text = (name, label, properties) => field(label, h("input", { type: "search", name, value: this.filters[name], oninput: change(name), maxlength: 200, ...properties }));
    const select = (name, label, options) => field(label, h("select", { name, value: this.filters[name], onchange: change(name) },
      h("option", { value: "" }, t("dash.all")), ...options.map(([value, words]) => h("option", { key: value, value }, words))));
    const on = (name, label) => field(label, h("input", { type: "date", name, value: this.filters[name], onchange: change(name) }));
    return h("form", { class: "form-row order-filters", role: "search", onsubmit: (event) => event.preventDefault() },
      text("order", t("settlement.number")), select("state", t("dash.state"), STATES.map((name) => [name, t(`brand.order.${name}`)])),
      text("customer", t("packing.customer")), text("product", t("product.product")), on("from", t("dash.from")), on("to", t("dash.to")),
      text("waiting_hours", t("brand.orders.waiting"), { inputmode: "numeric", pattern: "[0-9]*", maxlength: 6 }),
      select("evidence", t("brand.orders.evidence"), [["missing", t("brand.orders.evidence.missing")]]));
  }

  #table(orders) {
    return table("order-table", t("brand.orders"), [
      { label: t("packing.orders"), cell: (one) => [h("span", { class: "strong nowrap" }, one.order), h("small", null, platformName(one.platform))] },
      { label: t("dash.state"), cell: (one) => [state(one), one.waiting_hours !== null && h("small", { class: "low nowrap" }, t("brand.orders.waits", { hours: number(one.waiting_hours, 0) }))] },
      { label: t("brand.order.paid"), class: "roomy", cell: (one) => one.paid_at && h("span", { class: "nowrap" }, moment(one.paid_at, READER_ZONE)) },
      { label: t("brand.order.shipped"), class: "roomy", cell: (one) => one.shipped_at && h("span", { class: "nowrap" }, moment(one.shipped_at, READER_ZONE)) },
      { label: t("brand.tracking.number"), cell: (one) => [one.parcels.map((parcel, index) => h("span", { key: index, class: "figure" }, [parcel.carrier, parcel.tracking].filter(Boolean).join(" "))),
        one.missing_evidence.length > 0 && h("small", { class: "low" }, one.missing_evidence.map((part) => t(`brand.evidence.${part}`)).join(" · "))] },
      { label: t("dash.session"), class: "name-cell", cell: (one) => h("a", { href: link("brand", this.slug, "shipping", one.session) }, phrase(one.title)) },
      { label: t("packing.customer"), cell: (one) => h("a", { href: link("brand", this.slug, "customers", one.customer) }, h("code", null, one.customer)) },
      { label: t("product.name"), class: "text-cell", cell: lines },
      { label: t("brand.amount"), numeric: true, cell: (one) => money(one.amount, one.currency) },
    ], orders, { rowKey: (one) => `${one.session} ${one.platform} ${one.order}`, tall: orders.length > 15 });
  }
}
