/**
 * What a draft lacks, in words, and where each is supplied: a rate in place, a release and a contract on their pages.
 *
 * In: the draft's `missing`. Out: a list with forms and links. Never here: rates of its own.
 */

import { post, put } from "../server/api.js";
import { panel, phrase } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { day, t } from "../page/i18n.js";
import { link } from "../page/router.js";
import { may } from "../page/state.js";
import { Work, ofAgency } from "../components/brand_frame.js";
import { ratePath } from "./rates.js";

/** One rate is missing once, however many sessions need it. */
const keyOf = (one) => (one.what === "exchange_rate" ? `${one.date} ${one.currency} ${one.to} ${one.rate_kind}` : `${one.what} ${one.session} ${one.date}`);

export class Missing {
  #forms = new Map();
  #source = null;

  /** @param changed called after something was supplied; the draft is computed again */
  constructor(slug, changed) {
    this.slug = slug;
    this.changed = changed;
    this.work = new Work();
  }

  #form(one) {
    const key = keyOf(one);
    if (!this.#forms.has(key)) {
      this.#forms.set(key, new Form(`rate-${key.replace(/\W+/g, "-")}`, { rate: null, source: this.#source }, async ({ rate, source }) => {
        await put(ratePath({ date: one.date, from: one.currency, to: one.to, kind: one.rate_kind }), { rate, source });
        // The rates of a month come from one source.
        this.#source = source;
        for (const form of this.#forms.values()) form.values.source ??= source;
        await this.changed();
      }));
    }
    return this.#forms.get(key);
  }

  #release(one) {
    return this.work.run(async () => {
      // What is missing is the first revision: a repeated request must not make a second one.
      await post(`/v1/sessions/${encodeURIComponent(one.session)}/finalize`, {}, { headers: { "Idempotency-Key": `first:${one.session}` } });
      await this.changed();
    });
  }

  render(missing) {
    const different = new Map(missing.map((one) => [keyOf(one), one]));
    return missing.length > 0 && panel("missing", t("settlement.section.missing"), { class: "panel-warnings" },
      h("p", { class: "quiet" }, t("brand.missing.intro")),
      this.work.render(),
      h("ul", { class: "missing" }, ...[...different].map(([key, one]) => h("li", { key },
        h("span", { class: "strong" }, phrase(t(`settlement.missing.${one.what}`, { day: day(one.date), title: one.title ?? "", pair: `${one.currency}/${one.to}`, kind: one.rate_kind }))),
        this.#way(one)))));
  }

  #way(one) {
    if (one.what === "exchange_rate") {
      return may.write() && ofAgency() && this.#form(one).render(t("brand.rates.enter"), () => h("div", { class: "form-row" },
        this.#form(one).field("/rate", t("brand.rates.rate"), { kind: "decimal", required: true, maxlength: 24 }),
        this.#form(one).field("/source", t("brand.rates.source"), { required: true, maxlength: 200, placeholder: t("brand.rates.source_example") })), { look: "missing-rate" });
    }
    if (one.what === "contract") return h("p", null, h("a", { href: `${link("brand", this.slug, "contract")}?from=${one.date}` }, t("brand.missing.contract")));
    return h("div", { class: "form-end" },
      h("a", { class: "button", href: link("report", one.session) }, t("dash.live.to_report")),
      may.write() && h("a", { class: "button", href: link("close", one.session) }, t("close.title")),
      may.write() && h("button", { type: "button", class: "button", onclick: () => this.#release(one) }, t("dash.release.go")));
  }
}
