/**
 * The targets of a plan: the usual ones, and any other figure.
 *
 * In: a saved plan, the units of the figures. Out: fields. Never here: requests, a pace.
 */

import { field } from "../components/components.js";
import { h } from "../page/dom.js";
import { percentageOf, ratioOf } from "../components/forms.js";
import { t } from "../page/i18n.js";
import { refresh } from "../page/state.js";

/** KPIs that most shows are planned by. */
const USUAL = ["gmv", "viewers", "buyers", "units_sold", "new_followers"];
/** Ratios that are shown as a number of times. */
const TIMES = ["roi", "net_roi"];

export class PlanTargets {
  /** Figures that were added and have no target yet. */
  #added = [];

  /** @param kpis the resource of the session's KPIs, which know their units */
  constructor(saved, kpis) {
    Object.assign(this, { saved, kpis });
  }

  render(plan) {
    const targets = plan.targets ?? {};
    const shown = [...new Set([...USUAL, ...Object.keys(targets), ...this.#added])];
    const cells = this.kpis.data?.kpis ?? {};
    const rest = Object.keys(cells).filter((slug) => !shown.includes(slug));
    return h("fieldset", { key: "targets", class: "form-grid plan-targets" },
      h("legend", { class: "title title-3" }, t("plan.targets")),
      ...shown.map((slug) => this.#field(slug, targets[slug], cells[slug]?.unit)),
      rest.length > 0 && h("div", { key: "more" }, field(t("plan.targets.more"), h("select", {
        id: "target-more", value: "", onchange: (event) => this.#add(event.target.value),
      }, h("option", { key: "", value: "" }, t("plan.targets.choose")), ...rest.map((slug) => h("option", { key: slug, value: slug }, t(`metric.${slug}`)))))),
      h("label", { key: "shared", class: "choice" }, h("input", {
        type: "checkbox", checked: plan.targets_shared, onchange: (event) => this.saved.change((one) => { one.targets_shared = event.target.checked; }),
      }), " ", t("plan.targets_shared")));
  }

  #add(slug) {
    if (!slug) return;
    this.#added.push(slug);
    refresh();
    requestAnimationFrame(() => document.getElementById(`target-${slug}`)?.focus());
  }

  #field(slug, target, unit) {
    const kind = TIMES.includes(slug) ? "times" : unit ?? (slug === "gmv" || typeof target === "string" ? "money" : null);
    const sign = { ratio: t("unit.ratio"), seconds: t("unit.seconds"), hours: t("unit.hours") }[kind];
    const value = target === undefined ? "" : kind === "ratio" ? percentageOf(String(target)) : String(target);
    return h("div", { key: slug }, field(sign ? t("plan.targets.in", { name: t(`metric.${slug}`), unit: sign.trim() }) : t(`metric.${slug}`), h("input", {
      id: `target-${slug}`, type: "text", inputmode: "decimal", maxlength: 20, value,
      onchange: (event) => this.saved.change((one) => { one.targets = withTarget(one.targets, slug, event.target.value, kind); }),
    })));
  }
}

/** Amounts are decimal strings, the other targets numbers; what is none stays, and the server names it. An empty field is no target. */
function withTarget(targets, slug, text, kind) {
  const plain = text.normalize("NFKC").replace(/[\s,¥元円%]/g, "");
  const { [slug]: _, ...rest } = targets ?? {};
  if (!plain) return rest;
  const value = kind === "ratio" ? ratioOf(plain) : plain;
  return { ...rest, [slug]: kind === "money" || !/^\d+(\.\d+)?$/.test(value) ? value : Number(value) };
}
