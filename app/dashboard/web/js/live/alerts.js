/**
 * The alerts of a live session: what needs action now, who is at it, and what may wait.
 *
 * In: the alerts document. Out: a panel; alerts are taken, given back and snoozed through the API. Never here: conditions of alerts.
 */

import { Problem, exchange, post } from "../server/api.js";
import { may, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { panel } from "../components/components.js";
import { hour, labelled, t } from "../page/i18n.js";

const SIGNS = { critical: "!", warning: "▲", info: "i" };
const SNOOZE_MINUTES = 15;
/** The next document of the event stream has what was done; until then it is shown from here. */
const SETTLES_MS = 5000;

export class LiveAlerts {
  #done = new Map();
  #problem = null;

  constructor(base) {
    this.base = base;
  }

  async #act(alert, work) {
    this.#problem = null;
    try {
      const changed = await work(`${this.base}/alerts/${encodeURIComponent(alert.id)}`);
      this.#done.set(alert.id, { changed, at: Date.now() });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // An alert that was cleared meanwhile needs no care any more.
      this.#problem = problem.status === 404 ? null : problem;
    }
    refresh();
  }

  #current(alert) {
    const done = this.#done.get(alert.id);
    return done && Date.now() - done.at < SETTLES_MS ? { ...alert, taken_by: done.changed.taken_by, snoozed_until: done.changed.snoozed_until } : alert;
  }

  /** Alerts are announced when they come; a figure that changes inside of one is not read out again. */
  render(document, status, zone) {
    const list = (document?.alerts ?? []).map((alert) => this.#current(alert));
    if (!document || status === "provisional" || status === "final") return null;
    return panel("alerts", t("dash.alerts"), { class: list.length ? "alerting" : "", aside: list.length > 0 && h("span", { class: "count" }, list.length) },
      h("ul", { class: "alerts", "aria-live": "polite", "aria-relevant": "additions" }, ...list.map((alert) => h(
        "li",
        { key: `${alert.code} ${alert.product ?? ""}`, class: `alert alert-${alert.level} ${alert.taken_by || snoozed(alert) ? "is-quiet" : ""}`, "data-code": alert.code },
        h("span", { class: "alert-sign", "aria-hidden": "true" }, SIGNS[alert.level]),
        h("div", null,
          h("p", null, h("span", { class: "unseen" }, labelled(t(`dash.level.${alert.level}`), "")), alert.text),
          h("small", null, [t("dash.since", { time: hour(alert.since, zone) }), alert.taken_by && t("desk.alert.taken", { name: alert.taken_by }),
            snoozed(alert) && t("desk.alert.snoozed", { time: hour(alert.snoozed_until, zone) })].filter(Boolean).join(" · ")),
          may.write() && alert.id && this.#buttons(alert)),
      ))),
      this.#problem && h("p", { key: "problem", role: "alert", class: "low" }, this.#problem.words),
      list.length === 0 && (status === "live"
        ? h("p", { class: "calm" }, h("span", { "aria-hidden": "true" }, "✓ "), t("dash.alerts.none"))
        : h("p", { class: "quiet" }, t("dash.alerts.later"))));
  }

  #buttons(alert) {
    const button = (label, work) => h("button", {
      key: label, type: "button", class: "button button-quiet", "aria-label": labelled(t(label, { minutes: SNOOZE_MINUTES }), alert.text), onclick: () => this.#act(alert, work),
    }, t(label, { minutes: SNOOZE_MINUTES }));
    return h("div", { class: "alert-buttons" },
      alert.taken_by
        ? button("desk.alert.give_back", async (path) => (await exchange(`${path}/take`, { method: "DELETE" })).data)
        : button("desk.alert.take", (path) => post(`${path}/take`)),
      button(snoozed(alert) ? "desk.alert.wake" : "desk.alert.snooze", (path) => post(`${path}/snooze`, { minutes: snoozed(alert) ? 0 : SNOOZE_MINUTES })));
  }
}

const snoozed = ({ snoozed_until: until }) => Boolean(until) && new Date(until) > new Date();
