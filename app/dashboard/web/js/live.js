/**
 * The live screen of a session.
 *
 * In: a session's stream, and a few reads that explain it. Out: one screen that tells what happens and what to do. Never here:
 * figures of its own; nothing that is not of this moment looks as if it were.
 */

import { find, get } from "./api.js";
import { app, refresh } from "./state.js";
import { h } from "./dom.js";
import { figures, strip } from "./live_figures.js";
import { products } from "./live_products.js";
import { alerts, hints, platforms } from "./live_sidebar.js";
import { Resource, every } from "./resource.js";
import { badge, chartPanel, failure, heading, notice, waiting } from "./components.js";
import { link } from "./router.js";
import { Stream } from "./stream.js";
import { theme } from "./theme.js";
import { TREND_METRICS, trends } from "./trend.js";
import { ago, clock, date, hour, language, moment, platformName, t } from "./i18n.js";

/** Charts and trends follow the figures, but not at every second: an eye needs time to read. */
const FAST_MS = 5000;
const SLOW_MS = 15_000;
const CHARTS = { timeline: FAST_MS, funnel: SLOW_MS, sources: SLOW_MS };

export class LiveView {
  constructor(id) {
    this.base = `/v1/sessions/${encodeURIComponent(id)}`;
    this.id = id;
    this.documents = {};
    this.changes = 0;
    this.session = new Resource(() => get(this.base));
    this.timeline = new Resource(() => find(`${this.base}/timeline?metrics=${TREND_METRICS.join(",")}`));
    this.insights = new Resource(() => find(`${this.base}/insights`));
    this.charts = Object.fromEntries(Object.keys(CHARTS).map((name) => [
      name, new Resource(() => find(`${this.base}/charts/${name}?lang=${language()}&theme=${theme()}`)),
    ]));
    this.stream = new Stream(encodeURIComponent(id), {
      document: (name, value) => {
        this.documents[name] = value;
        this.changes += 1;
        refresh();
      },
      state: refresh,
    });
    this.all = [this.session, this.timeline, this.insights, ...Object.values(this.charts)];
    for (const one of this.all) one.load();
    this.stops = [
      every(1000, refresh),
      this.#following(FAST_MS, [this.timeline, this.charts.timeline]),
      this.#following(SLOW_MS, [this.charts.funnel, this.charts.sources, this.session]),
      this.#following(60_000, [this.insights]),
    ];
  }

  /** Load again every so often, if anything has changed since. */
  #following(milliseconds, loaded) {
    let seen = 0;
    return every(milliseconds, () => {
      if (seen === this.changes) return;
      seen = this.changes;
      for (const one of loaded) one.load();
    });
  }

  title() {
    return this.session.data?.title ?? t("dash.live");
  }

  leave() {
    this.stream.close();
    for (const stop of this.stops) stop();
    for (const one of this.all) one.stop();
  }

  /** The language has changed: texts that the server wrote come anew. */
  languageChanged() {
    this.stream.restart();
    this.themeChanged();
  }

  themeChanged() {
    for (const one of Object.values(this.charts)) one.load();
  }

  get status() {
    return this.documents.kpis?.status ?? this.session.data?.status;
  }

  get fresh() {
    return this.stream.state === "open";
  }

  render() {
    if (this.session.error && !this.session.data) return failure(this.session.error, () => this.session.load());
    const session = this.session.data;
    if (!session) return waiting();
    return h(
      "div",
      { class: `live ${this.fresh ? "" : "stale"} is-${this.status}` },
      this.#head(session),
      this.#state(session),
      this.#board(session),
    );
  }

  #head(session) {
    const { kpis } = this.documents;
    const running = this.status === "live" && this.fresh && kpis;
    const elapsed = kpis && kpis.duration_seconds !== null ? kpis.duration_seconds + (running ? (Date.now() - this.stream.heardAt) / 1000 : 0) : null;
    const rooms = [...new Set(session.streams.map((stream) => platformName(stream.platform)))].join(" · ");
    return h(
      "div",
      { class: "live-head" },
      h("div", { class: "live-name" },
        h("div", { class: "live-kicker" }, badge(this.status), h("span", null, [session.brand, session.host, rooms].filter(Boolean).join(" · "))),
        heading(1, session.title)),
      h("div", { class: "live-clock" },
        h("span", { class: "quiet", id: "clock-label" }, t("dash.live.on_air_for")),
        h("span", { class: "clock", role: "timer", "aria-labelledby": "clock-label" }, clock(elapsed))),
      h("div", { class: "live-tools" },
        this.#age(session),
        h("div", { class: "live-buttons" },
          h("a", { class: "button button-quiet", href: link("report", this.id) }, t("dash.report")),
          document.fullscreenEnabled && h("button", { type: "button", class: "button button-quiet roomy", onclick: fullscreen },
            t(document.fullscreenElement ? "dash.live.exit_fullscreen" : "dash.live.fullscreen")))),
    );
  }

  #age(session) {
    const { state, heardAt } = this.stream;
    const words = {
      connecting: "dash.stream.connecting", open: "dash.stream.open", reconnecting: "dash.stream.reconnecting", refused: "dash.stream.refused",
    };
    const seconds = heardAt ? (Date.now() - heardAt) / 1000 : null;
    return h(
      "p",
      { class: `age age-${state}` },
      h("span", { class: "age-dot", "aria-hidden": "true" }),
      h("span", { role: "status" }, t(words[state])),
      seconds !== null && h("span", { class: "quiet" },
        t("dash.stream.as_of", { time: hour(new Date(heardAt), session.time_zone, true) }), seconds >= 5 && ` (${ago(seconds)})`),
    );
  }

  /** What must be known before any figure is believed. */
  #state(session) {
    const { state, heardAt } = this.stream;
    if (heardAt && (state === "reconnecting" || state === "refused")) {
      return h("div", { class: "notice notice-critical", role: "alert", key: "state" },
        h("span", null, t("dash.live.stale", { time: hour(new Date(heardAt), session.time_zone, true) })),
        h("button", { type: "button", class: "button", onclick: () => this.stream.restart() }, t("dash.live.reconnect")));
    }
    if (state === "refused") return h("div", { key: "state" }, notice("warning", t("dash.live.no_stream")));
    if (this.status === "scheduled") {
      const at = session.scheduled_at;
      return h("div", { key: "state" }, notice("info", at ? t("dash.live.scheduled", { time: moment(at, session.time_zone) }) : t("dash.live.unscheduled")));
    }
    if (this.status === "provisional" || this.status === "final") {
      const at = session.ended_at;
      return h("div", { key: "state" }, notice("info",
        h("span", null, at ? t("dash.live.ended", { time: `${date(at, session.time_zone)} ${hour(at, session.time_zone)}` }) : t("dash.live.over"), " "),
        h("a", { href: link("report", this.id) }, t("dash.live.to_report"))));
    }
    return null;
  }

  #board(session) {
    const { kpis, products: sold } = this.documents;
    if (!kpis) return this.stream.state === "refused" ? null : waiting();
    // The alerts tell the session's own clock: a replay is at a moment of another day.
    const now = this.documents.alerts?.as_of ?? kpis.as_of;
    const begun = this.status !== "scheduled";
    const trend = this.timeline.data && begun ? trends(this.timeline.data, now) : {};
    return h(
      "div",
      { class: "board" },
      figures(kpis, trend, this.status),
      strip(kpis),
      h("div", { class: "main" }, begun && chartPanel("timeline", this.charts.timeline, { tall: true }), sold && products(sold, session.time_zone)),
      h("div", { class: "middle" }, begun && chartPanel("funnel", this.charts.funnel), begun && platforms(kpis), begun && chartPanel("sources", this.charts.sources)),
      h("div", { class: "side" }, alerts(this.documents.alerts, this.status, session.time_zone), hints(this.insights.data)),
    );
  }
}

function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

document.addEventListener("fullscreenchange", refresh);
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (event.key === "f" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && app.view instanceof LiveView) fullscreen();
});
