/**
 * The beginning of a plan: what the server needs before it can keep one.
 *
 * In: title and brand. Out: a session, whose plan is opened. Never here: the rest of the plan.
 */

import { Problem, post } from "../server/api.js";
import { app, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { momentOf } from "./zones.js";
import { failure, field, heading } from "../components/components.js";
import { link } from "../page/router.js";
import { t } from "../page/i18n.js";

const CURRENCIES = ["CNY", "JPY", "USD", "HKD", "TWD"];

export class NewPlan {
  #problem = null;
  #busy = false;

  constructor(kind, brands) {
    this.brands = brands;
    this.form = { title: "", brand: app.who?.brand ?? "", name: "", at: "", zone: "Asia/Tokyo", kind: kind === "rehearsal" ? "rehearsal" : "live", currency: "CNY" };
  }

  async #create(event) {
    event.preventDefault();
    if (this.#busy) return;
    const { title, brand, name, at, zone, kind, currency } = this.form;
    this.#busy = true;
    this.#problem = null;
    refresh();
    try {
      if (!brand) {
        // Once it is made it is the chosen one: another try must not make it again.
        this.form.brand = (await post("/v1/brands", { slug: slugOf(name), name: name.trim() })).slug;
        this.brands.load();
      }
      const made = await post("/v1/sessions", { title: title.trim(), brand: this.form.brand, kind, currency, time_zone: zone, scheduled_at: momentOf(at, zone) });
      // The empty form is no place to come back to.
      location.replace(link("plan", made.id));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#problem = error;
    }
    this.#busy = false;
    refresh();
  }

  render() {
    const { form } = this;
    const set = (name) => (event) => { form[name] = event.target.value; refresh(); };
    const brands = this.brands.data?.brands ?? [];
    const fresh = !form.brand;
    return h("form", { key: "new", class: "panel form plan-new", onsubmit: (event) => this.#create(event) },
      heading(1, t(form.kind === "rehearsal" ? "plan.new_rehearsal" : "plan.new")),
      field(t("plan.title"), h("input", { type: "text", required: true, maxlength: 256, autofocus: true, value: form.title, oninput: set("title") })),
      !app.who?.brand && field(t("dash.brand"), h("select", { value: form.brand, onchange: set("brand") },
        h("option", { value: "" }, t("plan.brand.new")), ...brands.map((brand) => h("option", { value: brand.slug }, brand.name ?? brand.slug)))),
      fresh && field(t("plan.brand.name"), h("input", { type: "text", required: true, maxlength: 256, value: form.name, oninput: set("name") })),
      field(`${t("plan.scheduled_at")} (${form.zone})`, h("input", { type: "datetime-local", value: form.at, oninput: set("at") })),
      field(t("plan.currency"), h("select", { value: form.currency, onchange: set("currency") }, ...CURRENCIES.map((code) => h("option", { value: code }, code)))),
      this.#problem && failure(this.#problem),
      h("button", { class: "button button-main", disabled: this.#busy }, t("plan.create")));
  }
}

/** A slug for a brand's name; where nothing of it fits, a number of the moment. */
function slugOf(name) {
  const plain = name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 50);
  return plain || `brand-${Date.now().toString(36)}`;
}
