/**
 * What was done last at the desk, by everybody, with a way back.
 *
 * In: the actions of the API, and what still waits on this device. Out: a list. Never here: the queue.
 */

import { get } from "../server/api.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { hour, labelOr, labelled, number, t } from "../page/i18n.js";

const SHOWN = 10;

export class DeskLog {
  /** @param undo `(action)`, with `source` and `event` */
  constructor(base, undo) {
    this.list = new Resource(() => get(`${base}/desk?limit=${SHOWN}`));
    this.undo = undo;
    this.load();
  }

  load() {
    return this.list.load();
  }

  stop() {
    this.list.stop();
  }

  get actions() {
    return this.list.data?.actions ?? [];
  }

  /** An action in words. */
  words(action, rows) {
    const name = action.name ?? rows.find((row) => row.product === action.product)?.name ?? action.product ?? "";
    const figures = {
      name,
      stock: action.stock === 0 ? t("dash.sold_out") : number(action.stock),
      host: action.host ?? "",
      label: labelOr(`mark.${action.label}`, action.label ?? ""),
    };
    return t(`desk.action.${action.action}`, figures);
  }

  /** @param waiting entries of this device's queue, the oldest first */
  render(waiting, zone, rows) {
    const voiding = new Set(waiting.filter(({ body }) => body.event).map(({ body }) => body.event));
    const sent = new Set(this.actions.map((one) => one.event));
    const own = waiting.filter(({ body }) => !body.event && !sent.has(body.id)).map((entry) => ({
      ...entry.body, ...(entry.body.text === undefined || entry.body.action ? {} : { action: "note" }), event: entry.body.id, at: entry.at, entry,
    })).reverse();
    const all = [...own, ...this.actions].slice(0, SHOWN);
    return h("section", { key: "log", class: "desk-part", "aria-labelledby": "desk-log" },
      h("h3", { id: "desk-log", class: "desk-title" }, t("desk.log")),
      all.length === 0 && h("p", { key: "none", class: "quiet small" }, t("desk.log.none")),
      h("ol", { key: "list", class: "desk-log" }, ...all.map((one) => this.#line(one, zone, rows, voiding))));
  }

  #line(one, zone, rows, voiding) {
    const words = one.action === "note" ? t("desk.action.note", { text: one.text.slice(0, 60) }) : this.words({ ...one, name: null }, rows);
    const gone = Boolean(one.voided) || voiding.has(one.event);
    const state = one.entry ? t(one.entry.refused ? "desk.log.refused" : "desk.log.waiting") : gone ? t("desk.log.undone") : one.name;
    return h("li", { key: one.event, class: gone ? "is-undone" : null },
      h("span", { class: "desk-at" }, hour(one.at, zone, true)),
      h("span", { class: "desk-what" }, words, state && h("small", null, state)),
      // What may have arrived and has no answer yet cannot be named in a void.
      !gone && one.action !== "note" && !one.entry?.tried && h("button", { type: "button", class: "button button-quiet", "aria-label": labelled(t("desk.undo"), words), onclick: () => this.undo(one) }, t("desk.undo")));
  }
}
