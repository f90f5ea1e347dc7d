/**
 * Closing a show: five steps from the exports to the release.
 *
 * In: a session. Out: a strip of steps, and the step that is chosen. Never here: what a step does.
 */

import { find, get } from "../server/api.js";
import { may, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { ContradictionsStep } from "./contradictions.js";
import { ImportStep } from "./import.js";
import { ProductsStep } from "./products.js";
import { ReleaseStep } from "./release.js";
import { SummaryStep } from "./summary.js";
import { badge, failure, heading, notice, phrase, waiting } from "../components/components.js";
import { keep, link, route } from "../page/router.js";
import { date, hour, number, t } from "../page/i18n.js";

const STEPS = ["import", "products", "contradictions", "summary", "release"];

/** The step that the address names. */
function wanted() {
  const step = route().query.get("step");
  return STEPS.includes(step) ? step : STEPS[0];
}

export class View {
  constructor(id) {
    this.id = id;
    this.base = `/v1/sessions/${encodeURIComponent(id)}`;
    this.session = new Resource(() => get(this.base));
    this.kpis = new Resource(() => find(`${this.base}/kpis`));
    this.results = new Resource(() => get(`${this.base}/products?limit=200`));
    this.all = [this.session, this.kpis, this.results];
    for (const one of [this.kpis, this.results]) one.load();
    this.session.load().then(() => this.steps.products.look());
    const changed = () => [this.kpis, this.results].forEach((one) => one.load());
    this.steps = {
      import: new ImportStep(this, changed),
      products: new ProductsStep(this, changed),
      contradictions: new ContradictionsStep(this),
      summary: new SummaryStep(this),
      release: new ReleaseStep(this, () => [this.session, this.kpis].forEach((one) => one.load())),
    };
    this.step = wanted();
    this.steps[this.step].enter?.();
  }

  title() {
    return `${this.session.data?.title ?? ""} – ${t("close.title")}`;
  }

  leave() {
    for (const step of Object.values(this.steps)) step.leave?.();
    for (const one of this.all) one.stop();
  }

  languageChanged() {
    this.kpis.load();
    for (const step of Object.values(this.steps)) step.languageChanged?.();
  }

  /** Another step in the address: what the open ones hold stays. */
  moved() {
    if (wanted() !== this.step) this.#show(wanted());
    return true;
  }

  go(step) {
    keep({ step });
    this.#show(step);
    refresh();
  }

  #show(step) {
    this.step = step;
    this.steps[step].enter?.();
    requestAnimationFrame(() => document.getElementById("close-step")?.focus());
  }

  render() {
    if (!may.write()) return notice("warning", t("dash.error.forbidden"));
    const error = this.session.error ?? this.kpis.error;
    // The strip counts what the results and the catalogue say.
    const counted = !this.results.pending && !this.steps.products.catalogue.pending;
    if (!this.session.data || !this.kpis.data || !counted) return error ? failure(error, () => this.all.forEach((one) => one.load())) : waiting();
    const session = this.session.data;
    const index = STEPS.indexOf(this.step);
    return h("div", { class: "close" },
      h("header", { key: "head", class: "live-head" },
        h("div", { class: "live-name" },
          h("div", { class: "live-kicker" }, badge(this.kpis.data.status), h("span", null, [session.brand, session.ended_at && `${date(session.ended_at, session.time_zone)} ${hour(session.ended_at, session.time_zone)}`].filter(Boolean).join(" · "))),
          heading(1, session.title)),
        h("div", { class: "live-buttons" },
          h("a", { class: "button button-quiet", href: link("live", this.id) }, t("dash.live")),
          h("a", { class: "button button-quiet", href: link("report", this.id) }, t("dash.report")))),
      h("nav", { key: "strip", class: "steps", "aria-label": t("close.steps") }, h("ol", null, ...STEPS.map((step, place) => this.#tab(step, place)))),
      h("section", { key: this.step, id: "close-step", class: "panel close-step", tabindex: "-1", "aria-labelledby": "close-step-title" },
        h("h2", { id: "close-step-title", class: "title title-2" }, phrase(`${index + 1}. ${t(`close.step.${this.step}`)}`)),
        this.steps[this.step].render(session)),
      !this.steps[this.step].pending && h("div", { key: "next", class: "form-buttons" },
        index > 0 && h("button", { key: "back", type: "button", class: "button", onclick: () => this.go(STEPS[index - 1]) }, t("close.back")),
        index < STEPS.length - 1 && h("button", { key: "on", type: "button", class: "button button-main", onclick: () => this.go(STEPS[index + 1]) }, t("close.next"))));
  }

  #tab(step, place) {
    const count = this.steps[step].count?.() ?? null;
    return h("li", { key: step },
      h("button", { type: "button", class: "step-tab", "aria-current": step === this.step ? "step" : null, onclick: () => this.go(step) },
        h("span", { class: "step-number", "aria-hidden": "true" }, String(place + 1)),
        h("span", null, phrase(t(`close.step.${step}`))),
        count > 0 && h("span", { class: "count" }, number(count))));
  }
}
