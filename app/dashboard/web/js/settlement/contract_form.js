/**
 * The form of a contract: a plan as preset, shares, fees, tax, exchange rate, subsidy, deliverables.
 *
 * In: plans of the API, or an earlier contract. Out: a contract as the API takes it. Never here: checks; the server's errors stand
 * beside their fields.
 */

import { post } from "../server/api.js";
import { panel } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { labelled, language, money, t } from "../page/i18n.js";
import { partyName } from "./statement_tables.js";

const DELIVERABLES = ["article", "rehearsal", "promotion", "broadcast"];
const TERMS = ["collected_by", "shares", "fees", "tax", "share_rounding", "fx", "subsidy", "deliverables"];
const roundings = () => ["floor", "half_up", "ceil"].map((name) => [name, t(`brand.rounding.${name}`)]);

/** The values of a form: of a contract if one is given, else to be filled by the plan. */
export const formOf = (plan, startsOn, terms = null) => ({
  plan, starts_on: startsOn, ends: "plan", ends_on: null, filled: terms !== null, subsidized: Boolean(terms?.subsidy), ...termsOf(terms),
});

function termsOf(terms) {
  const own = structuredClone(terms) ?? {};
  return {
    collected_by: own.collected_by ?? "agency", shares: own.shares ?? [{ to: "agency", rate: null, of: "net_gmv" }], fees: own.fees ?? [],
    tax: { rate: "0.10", rounding: "floor", registration_number: null, share_taxed: true, ...own.tax },
    share_rounding: own.share_rounding ?? "floor", fx: own.fx ?? { kind: "TTM", date: "session" },
    subsidy: { eligible: own.subsidy?.eligible ?? null, rate: own.subsidy?.rate ?? "2/3" }, deliverables: own.deliverables ?? {},
  };
}

/** Return eligible × rate, rounded down to the yen, or null; exact, since amounts are no floats. */
export function subsidyAmount({ eligible, rate }) {
  const decimal = /^([01])(?:\.(\d{1,6}))?$/.exec(rate ?? "");
  const fraction = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(rate ?? "");
  if (!/^\d{1,13}$/.test(eligible ?? "") || !(decimal || fraction)) return null;
  const [over, under] = fraction ? [BigInt(fraction[1]), BigInt(fraction[2])]
    : [BigInt(decimal[1] + (decimal[2] ?? "")), 10n ** BigInt(decimal[2]?.length ?? 0)];
  return String((BigInt(eligible) * over) / under);
}

export class ContractForm {
  /** @param created called after the contract was created */
  constructor(slug, values, created) {
    this.form = new Form("contract", values, async (filled) => {
      const { tax, subsidy, subsidized, ends, ends_on, ...rest } = filled;
      const terms = Object.fromEntries(TERMS.map((name) => [name, rest[name]]));
      const sent = { brand: slug, plan: rest.plan, starts_on: rest.starts_on, ...terms,
        // The day after which the plan is over is the server's to compute.
        ...(ends === "plan" ? {} : { ends_on: ends === "none" ? null : ends_on }),
        deliverables: Object.fromEntries(Object.entries(rest.deliverables).filter(([, count]) => count !== null)),
        tax: Object.fromEntries(Object.entries(tax).filter(([, value]) => value !== null)), subsidy: subsidized ? subsidy : null };
      await post("/v1/contracts", sent);
      await created();
    });
  }

  #fill(plan, plans) {
    const { values } = this.form;
    const preset = plans.find((one) => one.plan === plan);
    this.form.replace({ ...values, plan, filled: true, ends: preset?.months ? "plan" : "date", subsidized: Boolean(preset?.terms.subsidy), ...termsOf(preset?.terms) });
  }

  #list(name, blank) {
    const rows = this.form.get(`/${name}`);
    return {
      add: () => this.form.set(`/${name}`, [...rows, blank()]),
      remove: (place) => this.form.replace({ ...this.form.values, [name]: rows.filter((_, index) => index !== place) }),
    };
  }

  render(plans, cancel) {
    const { form } = this;
    if (!form.values.filled && plans.length) this.#fill(form.values.plan, plans);
    const names = [...plans.map((one) => [one.plan, one.names[language()]]), ["custom", t("brand.plan.custom")]];
    const ends = [["plan", t("brand.contract.by_plan")], ["date", t("brand.contract.on_day")], ["none", t("brand.contract.no_end")]];
    return panel("contract-new", t("brand.contract.new"), null, form.render(t("brand.contract.new"), () => [
      h("fieldset", null, h("legend", null, t("brand.plan")),
        h("div", { class: "plans" }, ...names.map(([plan, words]) => h("label", { key: plan, class: "plan-choice" },
          h("input", { type: "radio", name: "plan", checked: form.values.plan === plan, onchange: () => this.#fill(plan, plans) }), h("span", null, words))))),
      h("div", { class: "form-row" },
        form.field("/starts_on", t("brand.contract.starts_on"), { kind: "date", required: true }),
        form.field("/ends", t("brand.contract.end"), { kind: "select", options: ends }),
        form.values.ends === "date" && form.field("/ends_on", t("brand.contract.ends_on"), { kind: "date", required: true }),
        form.field("/collected_by", t("brand.collected_by"), { kind: "select", options: ["agency", "brand"].map((name) => [name, t(`brand.collected_by.${name}`)]) })),
      this.#shares(), this.#fees(), this.#tax(), this.#subsidy(),
      h("fieldset", null, h("legend", null, t("settlement.section.deliverables")), h("div", { class: "form-row" },
        ...DELIVERABLES.map((kind) => form.field(`/deliverables/${kind}`, t(`settlement.deliverable.${kind}`), { kind: "whole", maxlength: 4 })))),
    ], { submit: t("brand.contract.create"), aside: h("button", { type: "button", class: "button button-quiet", onclick: cancel }, t("form.cancel")) }));
  }

  #shares() {
    const { form } = this;
    const { shares } = form.values;
    const rows = this.#list("shares", () => ({ to: null, rate: null, of: "agency" }));
    return h("fieldset", null, h("legend", null, t("brand.shares")),
      h("p", { class: "quiet small" }, t("brand.shares.help")),
      ...shares.map((_, place) => h("div", { key: place, class: "form-row row-of-list" },
        form.field(`/shares/${place}/to`, t("settlement.column.to"), { required: true, maxlength: 64, placeholder: "kol:kobayashi", autocapitalize: "none" }),
        form.field(`/shares/${place}/rate`, t("brand.percent"), { kind: "percent", required: true, maxlength: 12 }),
        form.field(`/shares/${place}/of`, t("brand.shares.of"), { kind: "select", options: [["net_gmv", t("metric.net_gmv")], ...shares.slice(0, place).filter((one) => one.to).map((one) => [one.to, partyName(one.to)])] }),
        place > 0 && this.#remove(rows, place, t("brand.shares")))),
      h("div", null, h("button", { type: "button", class: "button", onclick: rows.add }, t("brand.shares.add"))));
  }

  #fees() {
    const { form } = this;
    const rows = this.#list("fees", () => ({ kind: "monthly", name: null, amount: null, taxed: true }));
    return h("fieldset", null, h("legend", null, t("brand.fees")),
      ...form.values.fees.map((_, place) => h("div", { key: place, class: "form-row row-of-list" },
        form.field(`/fees/${place}/kind`, t("settlement.column.kind"), { kind: "select", options: ["initial", "monthly", "once"].map((name) => [name, t(`brand.fee.${name}`)]) }),
        form.field(`/fees/${place}/name`, t("dash.name"), { required: true, maxlength: 200 }),
        form.field(`/fees/${place}/amount`, t("brand.fee.amount"), { kind: "money", required: true, maxlength: 20 }),
        form.field(`/fees/${place}/taxed`, t("brand.taxed"), { kind: "checkbox" }),
        this.#remove(rows, place, t("brand.fees")))),
      h("div", null, h("button", { type: "button", class: "button", onclick: rows.add }, t("brand.fees.add"))));
  }

  #remove(rows, place, what) {
    return h("button", { type: "button", class: "button button-quiet", "aria-label": labelled(t("form.remove"), `${what} ${place + 1}`), onclick: () => rows.remove(place) }, t("form.remove"));
  }

  #tax() {
    const { form } = this;
    return h("fieldset", null, h("legend", null, t("brand.terms")), h("div", { class: "form-row" },
      form.field("/tax/rate", t("brand.tax_rate"), { kind: "percent", required: true, maxlength: 8 }),
      form.field("/tax/rounding", t("brand.tax_rounding"), { kind: "select", options: roundings() }),
      form.field("/tax/registration_number", t("settlement.registration_number"), { maxlength: 14, placeholder: "T8700110005901", help: t("brand.registration_help") }),
      form.field("/tax/share_taxed", t("brand.share_taxed"), { kind: "checkbox" }),
      form.field("/share_rounding", t("brand.share_rounding"), { kind: "select", options: roundings() }),
      form.field("/fx/kind", t("brand.rates.kind"), { required: true, maxlength: 16, help: t("brand.rates.kind_help") }),
      form.field("/fx/date", t("brand.fx.day"), { kind: "select", options: ["session", "month_end"].map((name) => [name, t(`brand.fx.${name}`)]) })));
  }

  #subsidy() {
    const { form } = this;
    const amount = subsidyAmount(form.values.subsidy);
    return h("fieldset", null, h("legend", null, t("brand.subsidy")),
      form.field("/subsidized", t("brand.subsidy.has"), { kind: "checkbox" }),
      form.values.subsidized && h("div", { class: "form-row" },
        form.field("/subsidy/eligible", t("brand.subsidy.eligible"), { kind: "money", required: true, maxlength: 20 }),
        form.field("/subsidy/rate", t("brand.subsidy.rate"), { kind: "percent", required: true, maxlength: 12 }),
        h("div", { class: "field" }, h("span", { class: "field-label" }, t("brand.subsidy.amount")), h("output", { class: "subsidy-amount", for: "contract-subsidy-eligible contract-subsidy-rate" }, money(amount, "JPY")))));
  }
}
