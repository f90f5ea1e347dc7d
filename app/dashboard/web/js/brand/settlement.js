/**
 * The statements of a brand: the list, and a draft of a month.
 *
 * In: statements of the API. Out: a table, a form. Never here: figures of its own.
 */

import { get, path, post } from "../api.js";
import { panel, table } from "../components.js";
import { h } from "../dom.js";
import { READER_ZONE, date, money, month as monthName, number, t } from "../i18n.js";
import { Pages } from "../pages.js";
import { go, link } from "../router.js";
import { may, refresh } from "../state.js";
import { Work } from "./frame.js";
import { statementChip } from "./month.js";
import { shifted, stepper, thisMonth } from "./stepper.js";

export class Settlements {
  constructor(slug) {
    this.slug = slug;
    // A month is stated once it is over.
    this.month = shifted(thisMonth(), -1);
    this.list = new Pages("settlements", (cursor) => get(path("/v1/settlements", { brand: slug, limit: 50, cursor })));
    this.list.load();
    this.work = new Work();
    if (may.write()) this.#latest();
  }

  /** The month of the latest show is the one that waits for its statement. */
  async #latest() {
    await this.work.run(async () => {
      const { sessions } = await get(path(`/v1/brands/${encodeURIComponent(this.slug)}/history`, { limit: 1 }));
      if (sessions.length) this.month = sessions[0].started_at.slice(0, 7);
    });
  }

  leave() {
    this.list.stop();
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
        this.work.render()),
      panel("statements", t("brand.part.settlement"), null, this.list.render((statements) => table("statement-table", t("brand.part.settlement"), [
        { label: t("settlement.column.month"), cell: (one) => h("a", { class: "strong nowrap", href: link("brand", this.slug, "settlement", one.id) }, monthName(one.month)) },
        { label: t("dash.state"), cell: statementChip },
        { label: t("settlement.number"), cell: (one) => one.number && h("span", { class: "nowrap" }, one.number) },
        { label: t("settlement.section.missing"), numeric: true, class: "roomy", cell: (one) => (one.status === "issued" ? null : h("span", { class: one.missing ? "low" : null }, number(one.missing))) },
        { label: t("settlement.date"), class: "roomy", cell: (one) => one.issued_at && h("span", { class: "nowrap" }, date(one.issued_at, READER_ZONE)) },
        { label: t("brand.statement.payable"), numeric: true, cell: (one) => money(one.payable_to_brand, one.currency) },
      ], statements), t("brand.settlement.none"))),
    ];
  }
}
