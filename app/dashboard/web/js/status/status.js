/**
 * The status of the deployment, for administrators: what was checked, the largest tables, recurring work.
 *
 * In: the status of the API. Out: tables. Never here: checks.
 */

import { get, path } from "../server/api.js";
import { failure, heading, panel, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { READER_ZONE, language, moment, number, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";

const MB = 1_000_000;
const LOOKS = { ok: "chip chip-good", warning: "chip chip-draft", failed: "chip chip-out" };

export class View {
  constructor() {
    this.status = new Resource(() => get(path("/v1/status", { lang: language() })));
    this.status.load();
  }

  title() {
    return t("system.title");
  }

  leave() {
    this.status.stop();
  }

  languageChanged() {
    this.status.load();
  }

  render() {
    const { data, error } = this.status;
    return [
      h("div", { class: "view-head" }, heading(1, this.title()),
        h("button", { type: "button", class: "button", onclick: () => this.status.load() }, t("dash.reload"))),
      h("p", { class: "quiet intro" }, t("system.intro")),
      error && failure(error, () => this.status.load()),
      !data && !error && waiting(),
      data && h("div", { class: "status" }, checks(data), h("div", { class: "report-tables" }, tables(data), schedules(data))),
    ];
  }
}

const checks = (data) => panel("status-checks", t("system.check"), null, table("status-check-table", t("system.check"), [
  { label: t("system.check"), cell: (one) => one.title },
  { label: t("dash.state"), cell: (one) => h("span", { class: LOOKS[one.status] }, t(`system.level.${one.status}`)) },
  { label: t("system.detail"), class: "name-cell", cell: (one) => one.detail },
], data.checks, { rowKey: (one) => `${one.name} ${one.code}` }));

const tables = (data) => panel("status-tables", t("system.tables"), null, table("status-size-table", t("system.tables"), [
  { label: t("system.table"), cell: (one) => h("code", null, one.name) },
  { label: t("system.size"), numeric: true, cell: (one) => `${number(one.bytes / MB, 1)} MB` },
  { label: t("system.rows"), numeric: true, cell: (one) => number(one.rows) },
], data.tables, { rowKey: (one) => one.name, wide: false }));

const schedules = (data) => panel("status-schedules", t("system.schedules"), null, table("status-schedule-table", t("system.schedules"), [
  { label: t("system.schedule"), cell: (one) => h("code", null, one.name) },
  { label: t("system.last_run"), cell: (one) => (one.last_run ? h("span", { class: "nowrap" }, moment(one.last_run, READER_ZONE)) : t("system.not_yet")) },
  { label: t("system.next_run"), cell: (one) => h("span", { class: "nowrap" }, moment(one.next_run, READER_ZONE)) },
], data.schedules, { rowKey: (one) => one.name, wide: false }));
