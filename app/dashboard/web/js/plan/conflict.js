/**
 * Both versions of a plan that two people changed: the reader chooses, part by part.
 *
 * In: a saved plan that is stale. Out: the plan that the choices make. Never here: requests.
 */

import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { table } from "../components/components.js";
import { changes, conflicts, merged } from "./merge.js";
import { NOTHING, moment, t } from "../page/i18n.js";

const NAMES = {
  title: "plan.title", host: "plan.host", kind: "plan.kind", scheduled_at: "plan.scheduled_at", time_zone: "plan.time_zone",
  currency: "plan.currency", targets: "plan.targets", planned_minutes: "plan.planned_minutes", targets_shared: "plan.targets_shared", streams: "plan.streams", promotions: "plan.promotions",
};

export class Conflict {
  #mine = new Map();

  /** @param saved the plan with `base`, `plan` and `theirs` */
  render(saved) {
    const { base, plan: mine, theirs } = saved;
    const contradictions = conflicts(base, mine, theirs.data);
    const others = changes(base, theirs.data).filter((part) => !contradictions.some((one) => one.part === part));
    const done = (plan) => {
      this.#mine.clear();
      saved.resolve(plan);
    };
    const choose = (part, value) => () => {
      this.#mine.set(part, value);
      refresh();
    };
    const option = (part, value, text) => h("label", { class: "choice" },
      h("input", { type: "radio", name: `choice-${part}`, checked: (this.#mine.get(part) ?? true) === value, onchange: choose(part, value) }), " ", text);
    const columns = [
      { label: t("plan.conflict.part"), cell: ({ part }) => nameOf(part) },
      { label: t("plan.conflict.mine"), cell: ({ part, mine: value }) => option(part, true, words(part, value, mine)) },
      { label: t("plan.conflict.theirs"), cell: ({ part, theirs: value }) => option(part, false, words(part, value, theirs.data)) },
    ];
    return h("section", { key: "conflict", class: "panel conflict", role: "alert", "aria-labelledby": "conflict-title" },
      h("h2", { id: "conflict-title", class: "panel-title" }, t("plan.conflict.title")),
      h("p", null, t(contradictions.length ? "plan.conflict.choose" : "plan.conflict.joined")),
      contradictions.length > 0 && table("conflict-table", t("plan.conflict.title"), columns, contradictions, { rowKey: ({ part }) => part }),
      others.length > 0 && h("p", { class: "quiet" }, t("plan.conflict.others"), " ", others.map(nameOf).join(" · ")),
      h("div", { class: "form-buttons" },
        h("button", { type: "button", class: "button button-main", onclick: () => done(merged(base, mine, theirs.data, (part) => this.#mine.get(part) ?? true)) }, t("plan.conflict.go")),
        h("button", { type: "button", class: "button", onclick: () => done(structuredClone(theirs.data)) }, t("plan.conflict.take_theirs"))));
  }
}

function nameOf(part) {
  if (part.startsWith("lineup/")) return part.slice("lineup/".length);
  return t(NAMES[part]);
}

/** A value in words. */
function words(part, value, plan) {
  if (value === null) return part.startsWith("lineup/") ? t("plan.conflict.removed") : NOTHING;
  if (part === "scheduled_at") return moment(value, plan.time_zone);
  if (part === "kind") return t(value === "rehearsal" ? "dash.rehearsal" : "dash.session");
  if (part === "streams") return value.map(({ platform, room }) => `${platform}:${room}`).join(", ") || NOTHING;
  if (part === "promotions") return value.map(({ title, url, kind }) => title ?? url ?? kind).join(", ") || NOTHING;
  if (part === "targets_shared") return t(value ? "plan.targets_shared" : "plan.targets_internal");
  if (part === "targets") return Object.entries(value).map(([slug, target]) => `${t(`metric.${slug}`)} ${target}`).join(" · ") || NOTHING;
  if (typeof value !== "object") return String(value);
  return Object.entries(value).filter(([name, one]) => name !== "product" && one !== null && one !== "" && typeof one !== "object")
    .map(([name, one]) => `${t(`plan.field.${name}`)} ${one}`).join(" · ") || NOTHING;
}
