/**
 * The audit log, for administrators: who wrote what, when and from where.
 *
 * In: entries of the API, filters. Out: a table. Never here: changes.
 */

import { get, path } from "../server/api.js";
import { field, heading, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { READER_ZONE, moment, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { keep, route } from "../page/router.js";
import { refresh } from "../page/state.js";

const FILTERS = ["action", "principal", "brand", "session", "from", "to"];
/** A day of the reader's device as the moment at which it begins, `days` later. */
const instant = (day, days = 0) => day && new Date(new Date(`${day}T00:00`).getTime() + days * 86_400_000).toISOString();

export class View {
  constructor() {
    const { query } = route();
    this.filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
    this.list = new Pages("entries", (cursor) => get(path("/v1/audit", {
      ...this.filters, from: instant(this.filters.from), to: instant(this.filters.to, 1), limit: 100, cursor,
    })));
    this.list.load();
  }

  title() {
    return t("audit.title");
  }

  leave() {
    this.list.stop();
  }

  #filter(name, value) {
    this.filters[name] = value.trim();
    keep(this.filters);
    this.list.load();
    refresh();
  }

  render() {
    const columns = [
      { label: t("audit.at"), cell: (one) => h("span", { class: "nowrap" }, moment(one.at, READER_ZONE)) },
      { label: t("audit.principal"), cell: (one) => [h("span", { class: "strong" }, one.principal.name ?? one.principal.id), h("small", null, one.principal.kind)] },
      { label: t("audit.action"), cell: (one) => h("code", null, one.action) },
      { label: t("audit.object"), cell: (one) => one.object.id && h("code", null, one.object.id) },
      { label: t("dash.brand"), cell: (one) => one.brand },
      { label: t("audit.address"), cell: (one) => one.address },
    ];
    return [
      h("div", { class: "view-head" }, heading(1, this.title())),
      h("p", { class: "quiet intro" }, t("audit.intro")),
      h("div", { class: "filters" }, ...FILTERS.map((name) => field(t(`audit.filter.${name}`), h("input", {
        type: name === "from" || name === "to" ? "date" : "text", value: this.filters[name], autocomplete: "off",
        onchange: (event) => this.#filter(name, event.target.value),
      })))),
      this.list.render((items) => table("audit", this.title(), columns, items, { rowKey: (one) => one.id }), t("audit.none")),
    ];
  }
}
