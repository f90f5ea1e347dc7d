/**
 * The hosts of a session: what was sold while each presented, in total and per minute.
 *
 * In: the hosts document. Out: a panel. Never here: sums of its own.
 */

import { h } from "../page/dom.js";
import { panel, phrase, updated } from "../components/components.js";
import { hour, money, number, t } from "../page/i18n.js";

const minutes = (value) => `${number(value)}${t("unit.minutes")}`;
const name = (host) => host ?? t("hosts.unnamed");
/** The latest shifts; a show of many changes has the others in its report. */
const SHIFTS = 8;

export function hostsPanel(resource, zone) {
  const found = resource.data;
  if (!found) return null;
  const { hosts, windows, remainder, currency } = found;
  if (!hosts.length) return panel("hosts", t("section.hosts"), null, h("p", { class: "empty" }, t("hosts.none")));
  const onDuty = windows.find((one) => one.on_duty)?.host;
  const most = Math.max(...hosts.map((one) => Number(one.gmv ?? 0)), 1);
  return panel("hosts", t("section.hosts"), { class: "panel-bars", aside: updated(resource) },
    h("dl", { class: "bars" }, ...hosts.map((one) => h("div", { key: one.host ?? "", "data-host": one.host ?? "" },
      h("dt", null, h("strong", { class: "host-name" }, name(one.host)), " ", one.host === onDuty && windows.at(-1).on_duty && h("span", { class: "chip chip-live" }, t("hosts.on_duty"))),
      h("dd", null, money(one.gmv, currency)),
      h("span", { class: "bar-track", "aria-hidden": "true" }, h("span", { class: "bar-fill bar-money", style: { "--share": Number(one.gmv ?? 0) / most } })),
      h("dd", { class: "host-rate" }, h("small", null, [
        one.gmv_per_minute !== null && `${t("hosts.column.gmv_per_minute")} ${money(one.gmv_per_minute, currency)}`,
        one.orders !== null && `${t("hosts.column.orders")} ${number(one.orders)}`, minutes(one.minutes),
      ].filter(Boolean).join(" · ")))))),
    remainder.orders > 0 && h("p", { key: "rest", class: "quiet small" }, phrase(t("hosts.remainder")), " ", money(remainder.gmv, currency)),
    windows.length > 1 && h("div", { key: "shifts" }, h("h3", { class: "title title-3" }, t("hosts.shifts")),
      h("ol", { class: "shifts" }, ...windows.slice(-SHIFTS).map((one) => h("li", { key: one.from },
        h("span", { class: "nowrap" }, `${hour(one.from, zone)}–${one.on_duty ? "" : hour(one.to, zone)}`), h("span", null, name(one.host)),
        h("span", { class: "shift-gmv" }, money(one.gmv, currency)))))));
}
