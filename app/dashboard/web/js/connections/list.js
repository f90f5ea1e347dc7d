/**
 * Connections, for administrators: what is connected, what came through, what went wrong last; and a new one of a kind.
 *
 * In: connections without their secrets. Out: a table, links. Never here: forms.
 */

import { get } from "../server/api.js";
import { failure, heading, panel, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { READER_ZONE, labelOr, labelled, moment, number, t } from "../page/i18n.js";
import { Resource, every } from "../server/resource.js";
import { link } from "../page/router.js";
import { refresh } from "../page/state.js";

export class View {
  constructor() {
    this.list = new Resource(() => get("/v1/connections?limit=200"));
    this.kinds = new Resource(() => get("/v1/connections/kinds"));
    this.list.load();
    this.kinds.load();
    this.stop = every(10_000, () => this.list.load());
    this.copied = null;
  }

  title() {
    return t("dash.nav.connections");
  }

  leave() {
    this.stop();
    this.list.stop();
    this.kinds.stop();
  }

  render() {
    const list = this.list.data?.connections ?? [];
    return [
      h("div", { class: "view-head" }, heading(1, this.title())),
      this.list.error && failure(this.list.error, () => this.list.load()),
      this.list.pending && waiting(),
      this.list.data && (list.length ? this.#table(list) : h("p", { class: "empty" }, t("connection.none"))),
      this.kinds.data && panel("new-connection", t("connection.add"), {}, h("ul", { class: "kinds" }, ...this.kinds.data.kinds.map(({ kind }) =>
        h("li", { key: kind }, h("a", { class: "button", href: link("connection", "new", kind) }, kindName(kind)))))),
    ];
  }

  #table(list) {
    const columns = [
      { label: t("dash.name"), cell: (one) => [h("a", { class: "strong", href: link("connection", one.id) }, one.name), h("small", null, [kindName(one.kind), one.brand].filter(Boolean).join(" · "))] },
      { label: t("dash.state"), class: "state-cell", cell: state },
      { label: t("dash.connections.last"), cell: (one) => one.last_delivery_at && h("span", { class: "nowrap" }, moment(one.last_delivery_at, READER_ZONE)) },
      { label: t("dash.connections.deliveries"), class: "spacious", numeric: true, cell: (one) => number(one.counts.deliveries) },
      { label: t("dash.connections.events"), numeric: true, cell: (one) => number(one.counts.events) },
      { label: t("dash.connections.refused"), class: "spacious", numeric: true, cell: (one) => number(one.counts.refused) },
      { label: t("dash.connections.dead_letters"), numeric: true, cell: (one) => number(one.counts.dead_letters) },
      { label: t("dash.connections.pending"), class: "spacious", numeric: true, cell: (one) => number(one.counts.pending) },
      { label: t("dash.connections.url"), class: "spacious", cell: (one) => one.webhook_url && copyButton(one.webhook_url, this.copied === one.id, () => { this.copied = one.id; refresh(); }) },
    ];
    return table("connections", this.title(), columns, list);
  }
}

export const kindName = (kind) => labelOr(`connection_kind.${kind}`, kind);

/** A button that copies an address, and says so. */
export function copyButton(text, copied, done) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    done();
  };
  return h("button", { type: "button", class: "button button-quiet", onclick: copy, title: text }, t(copied ? "dash.copied" : "dash.copy"));
}

/** An error is over once a delivery came after it. */
export function state(one) {
  if (!one.enabled) return h("span", { class: "chip" }, t("dash.connections.off"));
  const failing = one.last_error && (!one.last_delivery_at || new Date(one.last_error_at) >= new Date(one.last_delivery_at));
  return [
    failing ? h("span", { class: "chip chip-out" }, t("dash.connections.failing"))
      : one.last_delivery_at ? h("span", { class: "chip chip-good" }, t("dash.connections.working"))
        : h("span", { class: "chip" }, t("dash.connections.idle")),
    one.last_error && h("small", null, labelled(moment(one.last_error_at, READER_ZONE), ""),
      one.last_error_code && `${labelOr(`connection_error.${one.last_error_code}`, "")} `, h("code", null, one.last_error)),
  ];
}
