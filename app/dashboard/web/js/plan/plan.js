/**
 * The plan of a show: one page, saved while it is typed.
 *
 * In: a session's plan, or the request for a new one. Out: the plan, changed. Never here: what happens on air.
 */

import { find, get, remove } from "../server/api.js";
import { may } from "../page/state.js";
import { h } from "../page/dom.js";
import { basics } from "./basics.js";
import { Conflict } from "./conflict.js";
import { CopyDialog } from "./copy.js";
import { Lineup } from "./lineup.js";
import { PromotionsBlock } from "./promotions.js";
import { RoomsBlock } from "./rooms_block.js";
import { SavedPlan } from "./saving.js";
import { PlanTargets } from "./targets.js";
import { NewPlan } from "./new.js";
import { Resource, change } from "../server/resource.js";
import { badge, failure, fieldErrors, heading, notice, problemWords, waiting } from "../components/components.js";
import { ask } from "../components/forms.js";
import { go, link } from "../page/router.js";
import { READER_ZONE, hour, t } from "../page/i18n.js";

export class View {
  constructor(id, kind) {
    this.id = id === "new" ? null : id;
    this.brands = new Resource(() => get("/v1/brands?limit=200"));
    this.brands.load();
    if (!this.id) {
      this.form = new NewPlan(kind, this.brands);
      return;
    }
    this.base = `/v1/sessions/${encodeURIComponent(id)}`;
    this.session = new Resource(() => get(this.base));
    this.saved = new SavedPlan(`${this.base}/plan`);
    this.loading = new Resource(async () => (await this.saved.load(), true));
    this.kpis = new Resource(() => find(`${this.base}/kpis`));
    this.targets = new PlanTargets(this.saved, this.kpis);
    this.lineup = new Lineup(this.saved, () => this.session.data?.brand);
    this.rooms = new RoomsBlock(this.saved);
    this.promotions = new PromotionsBlock(this.saved);
    this.conflict = new Conflict();
    /** Why the session could not be deleted, or null. */
    this.problem = null;
    this.copy = new CopyDialog();
    for (const one of [this.session, this.loading, this.kpis]) one.load();
    addEventListener("beforeunload", this.#warn);
    addEventListener("online", this.#online);
  }

  title() {
    return this.saved?.plan?.title ?? t("plan.new");
  }

  leave() {
    this.brands.stop();
    if (!this.id) return;
    this.saved.leave();
    this.copy.leave();
    for (const one of [this.session, this.loading, this.kpis]) one.stop();
    removeEventListener("beforeunload", this.#warn);
    removeEventListener("online", this.#online);
  }

  #online = () => this.saved.save();

  /** A tab that is closed while something is not saved asks first. */
  #warn = (event) => {
    if (!this.saved.unsaved) return;
    this.saved.save();
    event.preventDefault();
  };

  render() {
    if (!may.write()) return notice("warning", t("dash.error.forbidden"));
    if (!this.id) return this.form.render();
    const error = this.session.error ?? this.loading.error;
    if (error && !this.saved.plan) return failure(error, () => [this.session, this.loading].forEach((one) => one.load()));
    // The figures that may have a target are fields of the first block.
    if (!this.saved.plan || !this.session.data || this.kpis.pending) return waiting();
    const { plan } = this.saved;
    return h("div", { class: "plan", key: "plan" },
      this.#head(plan),
      this.saved.state === "stale" && this.conflict.render(this.saved),
      this.saved.problem && this.#problem(this.saved.problem),
      h("div", { key: "form", class: "plan-form" },
        basics(this.saved, this.session.data, this.targets),
        this.rooms.render(plan),
        this.lineup.render(plan),
        this.promotions.render(plan)),
      this.#deletion(plan),
      this.copy.render());
  }

  /** What was released is the client's too: only an administrator deletes it. */
  #deletion(plan) {
    if (this.session.data.status === "final" && !may.administer()) return null;
    return h("div", { key: "deletion", class: "form-buttons" },
      h("button", { type: "button", class: "button button-quiet button-danger", onclick: () => this.#delete(plan.title) }, t("plan.delete")),
      this.problem && h("div", { key: "problem" }, failure(this.problem)));
  }

  async #delete(title) {
    if (!(await ask(t("plan.delete"), t("plan.delete.question", { title }), t("plan.delete")))) return;
    // What was typed last must not arrive after the deletion.
    await this.saved.save();
    await change(this, async () => {
      await remove(this.base);
      go(link("today"));
    });
  }

  #head(plan) {
    const session = this.session.data;
    const { state, savedAt } = this.saved;
    const words = state === "saved" && savedAt ? t("plan.state.saved_at", { time: hour(new Date(savedAt), READER_ZONE, true) }) : this.saved.words;
    return h("header", { key: "head", class: "live-head" },
      h("div", { class: "live-name" },
        h("div", { class: "live-kicker" }, badge(session.status), plan.kind === "rehearsal" && h("span", { class: "chip" }, t("dash.rehearsal")), h("span", null, session.brand)),
        heading(1, plan.title || t("plan.untitled"))),
      h("p", { class: `plan-state is-${state}`, role: "status", "data-state": state }, words),
      h("div", { class: "live-buttons" },
        h("button", { type: "button", class: "button", onclick: () => this.copy.open(this.id) }, t("plan.copy.this")),
        plan.kind === "rehearsal" && h("button", { key: "show", type: "button", class: "button", onclick: () => this.#becomeShow() }, t("plan.rehearsal.to_show")),
        h("a", { class: "button button-main", href: link("live", this.id) }, t("dash.live"))));
  }

  /** A rehearsal that has begun stays one: the show is a copy of it. Before, its kind is changed. */
  #becomeShow() {
    if (this.session.data.status === "scheduled") this.saved.change((plan) => { plan.kind = "live"; });
    else this.copy.open(this.id, "move");
  }

  #problem(problem) {
    return h("div", { key: "problem", class: "notice notice-critical", role: "alert" },
      h("p", null, problemWords(problem)),
      problem.errors.length > 0 && fieldErrors(problem.errors),
      h("button", { type: "button", class: "button", onclick: () => this.saved.save() }, t("dash.again")));
  }
}
