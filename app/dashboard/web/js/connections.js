/**
 * Connections, for administrators: what is connected, what came through, what went wrong last.
 *
 * In: connections without their secrets. Out: a table. Never here: secrets, changes; they belong to the API and the command.
 */

import { get } from "./api.js";
import { refresh } from "./state.js";
import { h } from "./dom.js";
import { Resource, every } from "./resource.js";
import { failure, heading, table, waiting } from "./components.js";
import { labelOr, moment, number, t } from "./i18n.js";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export class ConnectionsView {
  constructor() {
    this.list = new Resource(() => get("/v1/connections?limit=200"));
    this.list.load();
    this.stop = every(10_000, () => this.list.load());
    this.copied = null;
  }

  title() {
    return t("dash.nav.connections");
  }

  leave() {
    this.stop();
    this.list.stop();
  }

  render() {
    const list = this.list.data?.connections ?? [];
    return [
      h("div", { class: "view-head" }, heading(1, this.title())),
      this.list.error && failure(this.list.error, () => this.list.load()),
      this.list.pending && waiting(),
      this.list.data && (list.length ? this.#table(list) : h("p", { class: "empty" }, t("dash.connections.none"))),
    ];
  }

  #table(list) {
    const columns = [
      { label: t("dash.name"), cell: (one) => [h("span", { class: "strong" }, one.name), h("small", null, [one.kind, one.brand].filter(Boolean).join(" · "))] },
      { label: t("dash.state"), cell: state },
      { label: t("dash.connections.last"), cell: (one) => one.last_delivery_at && h("span", { class: "nowrap" }, moment(one.last_delivery_at, ZONE)) },
      { label: t("dash.connections.deliveries"), numeric: true, cell: (one) => number(one.counts.deliveries) },
      { label: t("dash.connections.events"), numeric: true, cell: (one) => number(one.counts.events) },
      { label: t("dash.connections.refused"), numeric: true, cell: (one) => number(one.counts.refused) },
      { label: t("dash.connections.dead_letters"), numeric: true, cell: (one) => number(one.counts.dead_letters) },
      { label: t("dash.connections.pending"), numeric: true, cell: (one) => number(one.counts.pending) },
      { label: t("dash.connections.url"), cell: (one) => one.webhook_url && this.#copy(one) },
    ];
    return table("connections", this.title(), columns, list);
  }

  #copy(one) {
    const copy = async () => {
      await navigator.clipboard.writeText(one.webhook_url);
      this.copied = one.id;
      refresh();
    };
    return h("button", { type: "button", class: "button button-quiet", onclick: copy, title: one.webhook_url }, t(this.copied === one.id ? "dash.copied" : "dash.copy"));
  }
}

/** An error is over once a delivery came after it. */
function state(one) {
  if (!one.enabled) return h("span", { class: "chip" }, t("dash.connections.off"));
  const failing = one.last_error && (!one.last_delivery_at || new Date(one.last_error_at) >= new Date(one.last_delivery_at));
  return [
    failing ? h("span", { class: "chip chip-out" }, t("dash.connections.failing"))
      : one.last_delivery_at ? h("span", { class: "chip chip-good" }, t("dash.connections.working"))
        : h("span", { class: "chip" }, t("dash.connections.idle")),
    one.last_error && h("small", null, `${moment(one.last_error_at, ZONE)}: `,
      one.last_error_code && `${labelOr(`connection_error.${one.last_error_code}`, "")} `, h("code", null, one.last_error)),
  ];
}
