/**
 * The last block of a plan: what is published to bring viewers.
 *
 * In: fields. Out: promotions of the plan. Never here: their figures.
 */

import { h } from "../page/dom.js";
import { panel } from "../components/components.js";
import { PLATFORMS } from "../page/platforms.js";
import { localInput, momentOf } from "./zones.js";
import { labelOr, labelled, platformName, t } from "../page/i18n.js";

const KINDS = ["video", "article", "group_post"];

export class PromotionsBlock {
  #number = 0;

  constructor(saved) {
    this.saved = saved;
  }

  render(plan) {
    const add = () => this.saved.change((one) => {
      this.#number += 1;
      one.promotions = [...one.promotions, { kind: "video", platform: null, url: null, title: null, published_at: null, local: `new-${this.#number}` }];
    });
    return panel("plan-promotions", t("plan.promotions"), { aside: h("button", { type: "button", class: "button", onclick: add }, t("plan.promotion.add")) },
      plan.promotions.length === 0 && h("p", { key: "none", class: "quiet" }, t("dash.promotions.none")),
      h("ul", { key: "list", class: "plan-promotions" }, ...plan.promotions.map((promotion, index) => this.#row(plan, promotion, index))));
  }

  #row(plan, promotion, index) {
    const set = (name, read = (value) => value || null) => (event) => {
      const value = read(event.target.value);
      this.saved.change(() => { promotion[name] = value; });
    };
    const named = (name) => `${t(`plan.promotion.${name}`)} ${index + 1}`;
    const choice = (name, values, words, first) => h("select", { value: promotion[name] ?? "", "aria-label": named(name), onchange: set(name) },
      first && h("option", { value: "" }, first), ...[...new Set([...values, promotion[name]])].filter(Boolean).map((value) => h("option", { value }, words(value))));
    return h("li", { key: promotion.id ?? promotion.local ?? promotion.url ?? index },
      choice("kind", KINDS, (kind) => labelOr(`plan.promotion.kind.${kind}`, kind)),
      choice("platform", PLATFORMS, platformName, "—"),
      h("input", { type: "url", maxlength: 2048, placeholder: "https://…", "aria-label": named("url"), value: promotion.url ?? "", oninput: set("url") }),
      h("input", { type: "text", maxlength: 256, placeholder: t("plan.promotion.title"), "aria-label": named("title"), value: promotion.title ?? "", oninput: set("title") }),
      h("input", {
        type: "datetime-local", "aria-label": named("published_at"), value: promotion.published_at ? localInput(new Date(promotion.published_at), plan.time_zone) : "",
        onchange: set("published_at", (value) => momentOf(value, plan.time_zone)),
      }),
      h("button", {
        type: "button", class: "button button-quiet", "aria-label": labelled(t("plan.remove"), promotion.title ?? promotion.url ?? index + 1),
        onclick: () => this.saved.change((one) => { one.promotions = one.promotions.filter((other) => other !== promotion); }),
      }, t("plan.remove")));
  }
}
