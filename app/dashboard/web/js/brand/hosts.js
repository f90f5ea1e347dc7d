/**
 * A brand's hosts over its shows: time, orders, GMV, and GMV per minute, in total and show by show.
 *
 * In: the brand's hosts. Out: a table, and the shows of each host. Never here: figures of its own.
 */

import { get } from "../server/api.js";
import { failure, panel, phrase, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { day, money, number, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { link } from "../page/router.js";

const hours = (minutes) => `${number(minutes / 60, 1)}${t("unit.hours")}`;
const name = (host) => host ?? t("hosts.unnamed");

export class Hosts {
  constructor(slug) {
    this.hosts = new Resource(() => get(`/v1/brands/${encodeURIComponent(slug)}/hosts?limit=50`));
    this.hosts.load();
  }

  leave() {
    this.hosts.stop();
  }

  render() {
    const { data, error, pending } = this.hosts;
    if (error) return failure(error, () => this.hosts.load());
    if (pending) return waiting();
    if (!data.hosts.length) return panel("brand-hosts", t("brand.part.hosts"), null, h("p", { class: "empty" }, t("brand.hosts.none")));
    // Amounts of two currencies do not add up: a host has a row for each.
    const rows = data.hosts.flatMap((one) => one.totals.map((total) => ({ ...total, host: one.host, shows: one.shows.filter((show) => show.currency === total.currency) })));
    return [
      panel("brand-hosts", t("section.hosts"), { aside: h("span", { class: "quiet small" }, t("brand.hosts.read", { count: data.sessions })) },
        table("host-table", t("section.hosts"), [
          { label: t("hosts.column.host"), class: "name-cell", cell: (one) => h("span", { class: "strong" }, phrase(name(one.host))) },
          { label: t("hosts.column.sessions"), numeric: true, cell: (one) => number(one.shows.length) },
          ...FIGURES(),
        ], rows, { rowKey: (one) => `${one.host} ${one.currency}` })),
      // A name is no id: it may have spaces.
      ...data.hosts.map((one, index) => panel(`host-${index}`, name(one.host), null,
        table(`host-shows-${index}`, name(one.host), [
          { label: t("dash.session"), class: "name-cell", cell: (show) => h("a", { class: "session-link", href: link(show.status === "live" ? "live" : "report", show.session) }, phrase(show.title)) },
          { label: t("sheet.date"), cell: (show) => h("span", { class: "nowrap" }, day(show.started_at.slice(0, 10))) },
          ...FIGURES(),
        ], [...one.shows].reverse(), { rowKey: (show) => show.session }))),
    ];
  }
}

const FIGURES = () => [
  { label: t("hosts.column.time"), numeric: true, cell: (one) => hours(one.minutes) },
  { label: t("hosts.column.orders"), numeric: true, class: "roomy", cell: (one) => number(one.orders) },
  { label: t("hosts.column.gmv"), numeric: true, cell: (one) => money(one.gmv, one.currency) },
  { label: t("hosts.column.gmv_per_minute"), numeric: true, cell: (one) => money(one.gmv_per_minute, one.currency) },
];
