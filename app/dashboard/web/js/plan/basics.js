/**
 * The first block of a plan: what, who, when, in which currency, and how much is aimed at.
 *
 * In: a saved plan, its block of targets. Out: fields. Never here: requests.
 */

import { h } from "../page/dom.js";
import { field, panel } from "../components/components.js";
import { ZONES, localInput, momentOf } from "./zones.js";
import { t } from "../page/i18n.js";

export function basics(saved, session, targets) {
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
    targets.render(plan));
}
