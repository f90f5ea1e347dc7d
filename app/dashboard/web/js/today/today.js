/**
 * Today: what is next, what is on air, what waits.
 *
 * In: lists of sessions and of data that waits. Out: the first page after the sign-in. Never here: figures of its own.
 */

import { get, path } from "../server/api.js";
import { may, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource, every } from "../server/resource.js";
import { failure, heading, panel, phrase, waiting } from "../components/components.js";
import { CopyDialog } from "../plan/copy.js";
import { Checklist } from "./checklist.js";
import { link } from "../page/router.js";
import { clock, date, hour, labelled, money, number, t } from "../page/i18n.js";

const MOST = 8;
/** Reports that are looked at; each of the two lists shows the first of its own. */
const CLOSING = 50;
/** A show that is this late is still the next one: an operator has to start it, move it or delete it. */
const LATE_MS = 6 * 3600_000;

export class View {
  #shownId = null;
  #checklist = null;

  constructor() {
    this.planned = new Resource(() => get(path("/v1/sessions", { status: "scheduled", from: new Date(Date.now() - LATE_MS).toISOString(), limit: 200 })));
    this.live = new Resource(() => get("/v1/sessions?status=live&limit=12"));
    this.closing = new Resource(() => get(path("/v1/sessions", { status: "provisional", kind: "live", limit: CLOSING })));
    this.letters = new Resource(() => (may.write() ? get("/v1/dead-letters?limit=200") : null));
    this.parked = new Resource(() => (may.write() ? get("/v1/parked?limit=200") : null));
    this.claims = new Resource(() => (may.write() ? get("/v1/stream-claims?limit=200") : null));
    this.copy = new CopyDialog();
    this.all = [this.planned, this.live, this.closing, this.letters, this.parked, this.claims];
    for (const one of this.all) one.load();
    this.stops = [
      every(1000, refresh),
      every(15_000, () => this.live.load()),
      every(60_000, () => this.all.forEach((one) => one.load())),
    ];
  }

  title() {
    return t("today.title");
  }

  leave() {
    for (const stop of this.stops) stop();
    for (const one of this.all) one.stop();
    this.#checklist?.leave();
    this.copy.leave();
  }

  /** The scheduled show that begins first; the API lists the newest first. */
  get #next() {
    return (this.planned.data?.sessions ?? []).filter((session) => session.scheduled_at).at(-1) ?? null;
  }

  render() {
    const error = this.planned.error ?? this.live.error;
    if (error && !this.planned.data) return failure(error, () => this.all.forEach((one) => one.load()));
    if (this.planned.pending || this.live.pending) return waiting();
    return [
      h("div", { key: "head", class: "view-head" }, heading(1, t("today.title")), may.write() && this.#buttons()),
      h("div", { key: "today", class: "today" },
        this.#onAir(),
        this.#upcoming(),
        h("div", { key: "side", class: "today-side" }, this.#reports(), may.write() && this.#waiting())),
      this.copy.render(),
    ];
  }

  #buttons() {
    return h("div", { class: "live-buttons" },
      h("a", { class: "button button-main", href: link("plan", "new") }, t("today.new")),
      h("button", { type: "button", class: "button", onclick: () => this.copy.open() }, t("today.copy")),
      h("a", { class: "button", href: link("plan", "new", "rehearsal") }, t("today.rehearsal")));
  }

  #onAir() {
    const list = this.live.data.sessions;
    return panel("today-live", t("dash.sessions.on_air"), { class: list.length ? "today-live" : "" }, list.length
      ? h("div", { class: "on-air-cards" }, ...list.map((session) => h("a", { key: session.id, class: "on-air-card", href: link("live", session.id) },
          h("span", { class: "lamp", "aria-hidden": "true" }),
          h("span", { class: "on-air-title" }, phrase(session.title)),
          h("span", { class: "on-air-figures" },
            h("span", null, h("small", null, t("metric.viewers")), number(session.kpis.viewers)),
            h("span", null, h("small", null, t("metric.gmv")), money(session.kpis.gmv, session.currency))))))
      : h("p", { class: "quiet" }, t("today.nothing_on_air")));
  }

  #upcoming() {
    const next = this.#next;
    if (this.#shownId !== (next?.id ?? null)) {
      this.#shownId = next?.id ?? null;
      this.#checklist?.leave();
      this.#checklist = next && new Checklist(next.id);
    }
    const others = (this.planned.data?.sessions ?? []).filter((session) => session !== next).reverse();
    return panel("today-next", t("today.next"), { class: "today-next" },
      next ? this.#nextShow(next) : h("p", { key: "none", class: "quiet" }, t("today.none_planned")),
      others.length > 0 && h("div", { key: "others" }, h("h3", { class: "title title-3" }, t("today.later")),
        h("ul", { class: "today-list" }, ...others.slice(0, MOST).map((session) => h("li", { key: session.id },
          h("a", { href: link(may.write() ? "plan" : "live", session.id) }, phrase(session.title)),
          h("small", null, [planned(session), session.brand, rehearsal(session)].filter(Boolean).join(" · ")))))));
  }

  #nextShow(session) {
    const left = (new Date(session.scheduled_at) - Date.now()) / 1000;
    return h("div", { key: session.id, class: "today-show" },
      h("div", { class: "today-when" },
        h("span", { class: "quiet", id: "today-clock" }, t(left >= 0 ? "today.begins_in" : "today.late_by")),
        h("span", { class: "clock", role: "timer", "aria-labelledby": "today-clock" }, countdown(Math.abs(left)))),
      h("div", { class: "today-name" },
        h("p", { class: "title title-1" }, phrase(session.title)),
        h("p", { class: "quiet" }, [planned(session), `(${session.time_zone})`, session.brand, session.host, rehearsal(session)].filter(Boolean).join(" · "))),
      this.#checklist.render(),
      h("div", { class: "live-buttons" },
        may.write() && h("a", { class: "button", href: link("plan", session.id) }, t("today.to_plan")),
        h("a", { class: "button button-main", href: link("live", session.id) }, t("today.to_live"))));
  }

  #reports() {
    const list = this.closing.data?.sessions ?? [];
    const summary = list.filter((session) => session.summarized === false);
    const release = list.filter((session) => session.summarized !== false);
    return panel("today-reports", t("today.reports"), null,
      this.closing.pending ? waiting() : list.length
        ? [this.#closing("summary", summary), this.#closing("release", release)]
        : h("p", { class: "quiet" }, t("today.reports.none")),
      (this.closing.data?.next_cursor || Math.max(summary.length, release.length) > MOST) && h("a", { key: "more", href: `${link("sessions")}?status=provisional` }, t("dash.sessions.more")));
  }

  /** Reports that lack the same thing, each with the step that supplies it. */
  #closing(step, list) {
    return list.length > 0 && h("div", { key: step },
      h("h3", { class: "title title-3" }, t(`today.reports.${step}`), " ", h("span", { class: "quiet" }, number(list.length))),
      h("ul", { class: "today-list" }, ...list.slice(0, MOST).map((session) => h("li", { key: session.id },
        h("a", { href: link(may.write() ? "close" : "report", session.id) }, phrase(session.title)),
        h("small", null, [session.ended_at && date(session.ended_at, session.time_zone), session.brand].filter(Boolean).join(" · ")),
        may.write() && h("a", { class: "button button-quiet", href: `${link("close", session.id)}?step=${step}`, "aria-label": labelled(t(`today.reports.${step}.do`), session.title) }, t(`today.reports.${step}.do`))))));
  }

  #waiting() {
    const count = (resource, name) => {
      const list = resource.data?.[name] ?? [];
      return list.length === 0 ? null : number(list.length) + (resource.data.next_cursor ? "+" : "");
    };
    const rows = [
      ["dead_letters", count(this.letters, "dead_letters"), link("dead-letters")],
      ["parked", count(this.parked, "rooms"), link("dead-letters")],
      ["claims", count(this.claims, "claims"), link("dead-letters")],
    ].filter(([, amount]) => amount);
    return panel("today-waiting", t("today.waiting"), null, rows.length
      ? h("ul", { class: "today-list" }, ...rows.map(([name, amount, where]) => h("li", { key: name }, h("a", { href: where }, t(`today.waiting.${name}`)), h("span", { class: "count" }, amount))))
      : h("p", { class: "quiet" }, t("today.waiting.none")));
  }
}

const planned = ({ scheduled_at: at, time_zone: zone }) => at && `${date(at, zone)} ${hour(at, zone)}`;
const rehearsal = ({ kind }) => kind === "rehearsal" && t("dash.rehearsal");

/** Days while there are days; then a running clock. */
const countdown = (seconds) =>
  seconds >= 2 * 86_400 ? t("today.days", { count: number(Math.floor(seconds / 86_400)) }) : clock(seconds);
