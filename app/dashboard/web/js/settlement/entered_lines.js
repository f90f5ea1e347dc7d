/**
 * Lines that an operator enters on a draft: advertising, an adjustment with its reason, withheld tax.
 *
 * In: a draft's path. Out: a form; the draft as the API computes it again. Never here: arithmetic.
 */

import { post } from "../server/api.js";
import { panel } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { t } from "../page/i18n.js";

const KINDS = ["ad_cost", "adjustment", "withholding"];
/** Which fields a kind has. */
const FIELDS = { ad_cost: ["amount", "name"], adjustment: ["amount", "reason", "taxed"], withholding: ["rate", "base", "name"] };
const blank = (kind) => ({ kind, amount: null, rate: null, base: null, name: null, reason: null, taxed: false });

export class EnteredLines {
  /** @param changed called with the draft that the API answers */
  constructor(path, changed) {
    this.form = new Form("entered-line", blank("adjustment"), async (values) => {
      const sent = Object.fromEntries(["kind", ...FIELDS[values.kind]].map((name) => [name, values[name]]).filter(([, value]) => value !== null));
      const statement = await post(`${path}/lines`, sent);
      this.form.replace(blank(values.kind));
      changed(statement);
    });
  }

  render() {
    const { kind } = this.form.values;
    const draw = {
      amount: () => this.form.field("/amount", t("brand.entered.amount"), { kind: "money", required: true, help: t(`brand.entered.amount.${kind}`) }),
      rate: () => this.form.field("/rate", t("brand.entered.rate"), { kind: "percent", required: true }),
      base: () => this.form.field("/base", t("settlement.column.base"), { kind: "money", required: true }),
      name: () => this.form.field("/name", t("dash.name"), { maxlength: 200, help: t("brand.entered.name_help") }),
      reason: () => this.form.field("/reason", t("settlement.column.reason"), { required: true, maxlength: 200 }),
      taxed: () => this.form.field("/taxed", t("brand.taxed"), { kind: "checkbox" }),
    };
    return panel("entered", t("brand.entered"), null, this.form.render(t("brand.entered"), () => h("div", { class: "form-row" },
      this.form.field("/kind", t("settlement.column.kind"), { kind: "select", options: KINDS.map((name) => [name, t(`settlement.kind.${name}`)]) }),
      ...FIELDS[kind].map((name) => draw[name]())), { submit: t("form.add") }));
  }
}
