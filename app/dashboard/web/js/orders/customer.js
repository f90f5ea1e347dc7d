/**
 * One customer of a brand: the orders over all shows, and forgetting.
 *
 * In: a pseudonym. Out: a table, a question. Never here: who the person is.
 */

import { get, path, remove } from "../server/api.js";
import { panel, phrase, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { ask } from "../components/forms.js";
import { READER_ZONE, moment, money, number, platformName, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { go, link } from "../page/router.js";
import { may } from "../page/state.js";
import { Work } from "../components/brand_frame.js";

const TIMES = ["placed", "paid", "cancelled", "refunded", "shipped", "delivered"];

/** The latest state of an order, and when it came to it. */
export function state(order) {
  const name = TIMES.findLast((one) => order[`${one}_at`]) ?? "placed";
  return [h("span", { class: `chip state-${name}` }, t(`brand.order.${name}`)), h("small", { class: "nowrap" }, moment(order[`${name}_at`], READER_ZONE))];
}

export const lines = (order) => h("ul", { class: "plain-list" }, ...order.lines.map((line, index) => h("li", { key: index },
  [line.product, line.sku].filter(Boolean).join(" / "), " ×\u00a0", number(line.quantity), line.gift && ` (${t("brand.order.gift")})`)));

export class Customer {
  constructor(slug, customer) {
    Object.assign(this, { slug, customer });
    this.path = `/v1/brands/${encodeURIComponent(slug)}/customers/${encodeURIComponent(customer)}`;
    this.list = new Pages("orders", (cursor) => get(path(this.path, { limit: 50, cursor })));
    this.list.load();
    this.work = new Work();
  }

  leave() {
    this.list.stop();
  }

  async #forget() {
    if (!(await ask(t("brand.forget"), [h("code", null, this.customer), " ", t("brand.forget.confirm")], t("brand.forget")))) return;
    this.work.run(async () => {
      await remove(this.path);
      go(link("brand", this.slug, "customers"));
    });
  }

  render() {
    return [
      h("p", null, h("a", { href: link("brand", this.slug, "customers") }, t("brand.customers.all"))),
      panel("customer", `${t("packing.customer")} ${this.customer}`, {
        aside: may.write() && h("button", { type: "button", class: "button button-quiet button-danger", onclick: () => this.#forget() }, t("brand.forget")),
      },
      this.work.render(),
      this.list.render((orders) => table("customer-order-table", t("packing.orders"), [
        { label: t("packing.orders"), cell: (one) => [h("span", { class: "strong nowrap" }, one.order), h("small", null, platformName(one.platform))] },
        { label: t("dash.session"), class: "name-cell", cell: (one) => h("a", { href: link("report", one.session) }, phrase(one.title)) },
        { label: t("dash.state"), cell: state },
        { label: t("product.name"), class: "text-cell", cell: lines },
        { label: t("brand.amount"), numeric: true, cell: (one) => money(one.amount, one.currency) },
        { label: t("product.refund_amount"), numeric: true, cell: (one) => money(one.refunded_amount, one.currency) },
      ], orders, { rowKey: (one) => `${one.session} ${one.platform} ${one.order}` }), t("brand.customers.no_orders"))),
    ];
  }
}
