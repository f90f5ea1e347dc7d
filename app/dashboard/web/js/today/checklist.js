/**
 * What a show needs before it begins; each item tests itself.
 *
 * In: the checklist of the API. Out: a list. Never here: the tests.
 */

import { find } from "../server/api.js";
import { h } from "../page/dom.js";
import { Resource, every } from "../server/resource.js";
import { labelOr, number, t } from "../page/i18n.js";

const EVERY_MS = 30_000;
const SIGNS = { ok: "✓", missing: "!", waiting: "…" };

export class Checklist {
  constructor(session) {
    this.list = new Resource(() => find(`/v1/sessions/${encodeURIComponent(session)}/checklist`));
    this.list.load();
    this.stop = every(EVERY_MS, () => this.list.load());
  }

  leave() {
    this.stop();
    this.list.stop();
  }

  render() {
    const items = this.list.data?.items ?? [];
    if (!items.length) return null;
    return h("ul", { key: "checklist", class: "checklist", "aria-label": t("today.checklist") }, ...items.map((item) => h("li", { key: item.code, class: `check-${item.state}` },
      h("span", { class: "check-sign", "aria-hidden": "true" }, SIGNS[item.state]),
      h("span", null, labelOr(`today.check.${item.code}`, item.code), h("span", { class: "unseen" }, ` ${t(`today.state.${item.state}`)}`), detail(item)))));
  }
}

/** What is missing, where a number says more than the state. */
function detail({ code, state, figures }) {
  if (code !== "products" || state === "ok") return null;
  return h("small", null, t("today.check.products_missing", { products: number(figures.products), price: number(figures.without_price), stock: number(figures.without_stock) }));
}
