/**
 * The first block of a plan: what, who, when, in which currency, and how much is aimed at.
 *
 * In: a saved plan. Out: fields. Never here: requests.
 */

import { h } from "../dom.js";
import { field, panel } from "../components.js";
import { ZONES, localInput, momentOf } from "./zones.js";
import { t } from "../i18n.js";

/** KPIs that shows are planned by. */
export const TARGETS = ["gmv", "viewers", "buyers", "units_sold", "new_followers"];

export function basics(saved, session) {
  const { plan } = saved;
  const set = (name, read = (value) => value || null) => (event) => {
    const value = read(event.target.value);
    saved.change((one) => { one[name] = value; });
  };
  const text = (name, properties) => h("input", { type: "text", maxlength: 256, value: plan[name] ?? "", oninput: set(name), ...properties });
  return panel("plan-basics", t("plan.basics"), null,
    h("div", { class: "form-grid" },
      field(t("plan.title"), text("title", { required: true })),
      field(t("plan.host"), text("host")),
      field(t("plan.kind"), h("select", { value: plan.kind, onchange: set("kind") },
        h("option", { value: "live" }, t("dash.session")), h("option", { value: "rehearsal" }, t("dash.rehearsal")))),
      field(t("plan.scheduled_at"), h("input", {
        type: "datetime-local", value: plan.scheduled_at ? localInput(new Date(plan.scheduled_at), plan.time_zone) : "",
        onchange: (event) => saved.change((one) => { one.scheduled_at = momentOf(event.target.value, one.time_zone); }),
      })),
      field(t("plan.planned_minutes"), h("input", {
        type: "number", min: 1, max: 1440, step: 1, inputmode: "numeric", value: plan.planned_minutes ?? "",
        onchange: set("planned_minutes", (value) => (Number.isInteger(Number(value)) && Number(value) > 0 ? Number(value) : null)),
      })),
      field(t("plan.time_zone"), h("select", {
        value: plan.time_zone,
        // The hour on the calendar is what was agreed: it stays when the zone is corrected.
        onchange: (event) => saved.change((one) => {
          const local = one.scheduled_at && localInput(new Date(one.scheduled_at), one.time_zone);
          one.time_zone = event.target.value;
          one.scheduled_at = momentOf(local, one.time_zone);
        }),
      }, ...[...new Set([plan.time_zone, ...ZONES])].map((zone) => h("option", { value: zone }, zone)))),
      field(t("plan.currency"), h("input", { type: "text", maxlength: 3, pattern: "[A-Z]{3}", value: plan.currency, disabled: session.status !== "scheduled", onchange: set("currency", (value) => value.trim().toUpperCase()) }))),
    h("fieldset", { class: "form-grid plan-targets" },
      h("legend", { class: "title title-3" }, t("plan.targets")),
      ...TARGETS.map((slug) => field(t(`metric.${slug}`), h("input", {
        type: "text", inputmode: slug === "gmv" ? "decimal" : "numeric", maxlength: 20, value: plan.targets?.[slug] ?? "",
        onchange: (event) => saved.change((one) => { one.targets = withTarget(one.targets, slug, event.target.value); }),
      }))),
      h("label", { class: "choice" }, h("input", {
        type: "checkbox", checked: plan.targets_shared, onchange: (event) => saved.change((one) => { one.targets_shared = event.target.checked; }),
      }), " ", t("plan.targets_shared"))));
}

/** Amounts are decimal strings, the other targets whole numbers; an empty field is no target. */
function withTarget(targets, slug, text) {
  const plain = text.normalize("NFKC").replace(/[\s,¥元円]/g, "");
  const { [slug]: _, ...rest } = targets ?? {};
  if (!plain) return rest;
  return { ...rest, [slug]: slug === "gmv" || !/^\d+$/.test(plain) ? plain : Number(plain) };
}
