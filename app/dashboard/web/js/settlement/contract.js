/**
 * The contracts of a brand: their terms in words, and a form for the next one.
 *
 * In: contracts and plans of the API. Out: a list; writes of administrators. Never here: rules of terms.
 */

import { get, patch, path, remove } from "../server/api.js";
import { heading, panel } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form, ask } from "../components/forms.js";
import { day, labelled, language, money, number, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { Resource } from "../server/resource.js";
import { route } from "../page/router.js";
import { may, refresh } from "../page/state.js";
import { ContractForm, formOf } from "./contract_form.js";
import { Work, facts } from "../components/brand_frame.js";
import { partyName, rateText } from "./statement_tables.js";

export class Contracts {
  constructor(slug) {
    this.slug = slug;
    this.list = new Pages("contracts", (cursor) => get(path("/v1/contracts", { brand: slug, limit: 50, cursor })));
    this.list.load();
    this.plans = new Resource(() => get("/v1/plans"));
    this.plans.load();
    this.work = new Work();
    this.ends = new Map();
    /** The form of the next contract while it is open. */
    this.next = null;
    // A statement that lacks a contract leads here with the day.
    this.from = route().query.get("from");
    if (this.from && may.administer()) this.#open(formOf("normal", this.from));
  }

  leave() {
    this.list.stop();
    this.plans.stop();
  }

  #open(values) {
    this.next = new ContractForm(this.slug, values, async () => {
      this.next = null;
      await this.list.load();
    });
    refresh();
  }

  #end(contract) {
    if (!this.ends.has(contract.id)) {
      this.ends.set(contract.id, new Form(`end-${contract.id}`, { ends_on: contract.ends_on }, async ({ ends_on }) => {
        await patch(`/v1/contracts/${contract.id}`, { ends_on });
        await this.list.load();
      }));
    }
    return this.ends.get(contract.id);
  }

  async #remove(contract) {
    if (!(await ask(t("brand.contract.remove"), `${this.#plan(contract)} ${day(contract.starts_on)}`, t("form.remove")))) return;
    this.work.run(async () => {
      await remove(`/v1/contracts/${contract.id}`);
      await this.list.load();
    });
  }

  #plan({ plan }) {
    return this.plans.data?.plans.find((one) => one.plan === plan)?.names[language()] ?? t("brand.plan.custom");
  }

  render() {
    const edits = may.administer();
    return [
      this.work.render(),
      this.next ? this.next.render(this.plans.data?.plans ?? [], () => { this.next = null; refresh(); })
        : edits && h("p", null, h("button", { type: "button", class: "button button-main", onclick: () => this.#open(formOf("normal", null)) }, t("brand.contract.new"))),
      !edits && h("p", { class: "quiet" }, t("brand.contract.admin_only")),
      this.list.render((contracts) => contracts.map((one) => this.#contract(one, edits)), t("brand.contract.none")),
    ];
  }

  #contract(one, edits) {
    const period = `${day(one.starts_on)} – ${one.ends_on ? day(one.ends_on) : t("brand.contract.no_end")}`;
    const yen = (amount) => money(amount, one.currency);
    return panel(`contract-${one.id}`, `${this.#plan(one)} · ${period}`, { class: "contract" },
      heading(3, t("brand.shares")),
      h("ul", { class: "plain-list" }, ...one.shares.map((share) => h("li", { key: share.to }, labelled(partyName(share.to), `${rateText(share.rate)} × ${share.of === "net_gmv" ? t("metric.net_gmv") : partyName(share.of)}`)))),
      heading(3, t("brand.fees")),
      one.fees.length ? h("ul", { class: "plain-list" }, ...one.fees.map((fee, index) => h("li", { key: index }, labelled(t(`brand.fee.${fee.kind}`), `${fee.name} ${yen(fee.amount)}${fee.taxed ? "" : ` · ${t("settlement.untaxed")}`}`)))) : h("p", { class: "quiet" }, t("brand.fees.none")),
      heading(3, t("brand.terms")),
      facts([
        [t("brand.collected_by"), t(`brand.collected_by.${one.collected_by}`)],
        [t("settlement.tax.title"), `${rateText(one.tax.rate)} · ${t(`brand.rounding.${one.tax.rounding}`)} · ${t(one.tax.share_taxed ? "brand.share_taxed" : "brand.share_untaxed")}`],
        one.tax.registration_number && [t("settlement.registration_number"), one.tax.registration_number],
        [t("brand.share_rounding"), t(`brand.rounding.${one.share_rounding}`)],
        [t("settlement.column.fx_rate"), `${one.fx.kind} · ${t(`brand.fx.${one.fx.date}`)}`],
        one.subsidy && [t("brand.subsidy"), `${yen(one.subsidy.eligible)} × ${rateText(one.subsidy.rate)} = ${yen(one.subsidy.amount)}`],
        ...Object.entries(one.deliverables).map(([kind, count]) => [t(`settlement.deliverable.${kind}`), t("brand.per_month", { count: number(count) })]),
      ]),
      edits && h("div", { class: "contract-end" },
        this.#end(one).render(labelled(t("brand.contract.end"), period), () => this.#end(one).field("/ends_on", t("brand.contract.ends_on"), { kind: "date", help: t("brand.contract.end_help") }), { look: "form-inline", submit: t("brand.contract.change_end") }),
        h("div", { class: "form-end" },
          h("button", { type: "button", class: "button", onclick: () => this.#open(formOf(one.plan, null, one)) }, t("brand.contract.next")),
          h("button", { type: "button", class: "button button-quiet button-danger", onclick: () => this.#remove(one) }, t("form.remove")))));
  }
}
