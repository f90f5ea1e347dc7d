/**
 * The live screen of a session.
 *
 * In: a session's stream, and a few reads that explain it. Out: one screen that tells what happens and what to do. Never here:
 * figures of its own; nothing that is not of this moment looks as if it were.
 */

import { find, get, path } from "../server/api.js";
import { app, may, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Desk } from "../desk/desk.js";
import { benchmarksPanel } from "./benchmarks.js";
import { LiveDetails } from "./details.js";
import { FrontFigures } from "./front.js";
import { hostsPanel } from "./hosts.js";
import { byKpi, targetsPanel } from "./targets.js";
import { LiveAlerts } from "./alerts.js";
import { figures, strip } from "./figures.js";
import { LiveProducts } from "./products.js";
import { insights, platforms } from "./sidebar.js";
import { hostNow, latest } from "../components/marks.js";
import { Resource, every } from "../server/resource.js";
import { badge, chartPanel, failure, heading, notice, waiting } from "../components/components.js";
import { link } from "../page/router.js";
import { Stream } from "../server/stream.js";
import { theme } from "../page/theme.js";
import { advertisingPanel } from "../traffic/advertising.js";
import { funnel } from "../traffic/funnel.js";
import { LiveSources } from "../traffic/sources.js";
import { RECENT_MINUTES, TREND_METRICS, trends } from "../components/trend.js";
import { READER_ZONE, ago, clock, date, hour, language, moment, platformName, t } from "../page/i18n.js";

/** The chart and the trends follow the figures, but not every second: an eye needs time to read. */
const FAST_MS = 5000;
const SLOW_MS = 15_000;

export class LiveView {
  constructor(id) {
    this.base = `/v1/sessions/${encodeURIComponent(id)}`;
    this.id = id;
    this.documents = {};
    this.changes = 0;
    this.session = new Resource(() => get(this.base));
    this.recent = new Resource(() => find(path(`${this.base}/timeline`, { metrics: TREND_METRICS.join(","), step: "1m", from: this.#recently() })));
    this.insights = new Resource(() => (may.seeInternal() ? find(`${this.base}/insights`) : null));
    this.chart = new Resource(() => find(`${this.base}/charts/timeline?lang=${language()}&theme=${theme()}`));
    this.hosts = new Resource(() => find(`${this.base}/hosts`));
    this.products = new LiveProducts();
    this.sources = new LiveSources(this.base);
    this.details = new LiveDetails();
    this.front = new FrontFigures(() => this.session.load());
    this.alerts = new LiveAlerts(this.base);
    this.stream = new Stream(encodeURIComponent(id), {
      update: (documents) => {
        const first = !this.documents.kpis;
        Object.assign(this.documents, documents);
        this.changes += 1;
        if (first) this.recent.load();
        // Another host is on duty, or was.
        else if (documents.marks) this.hosts.load();
        refresh();
      },
      state: refresh,
    });
    this.desk = may.write() ? new Desk(id) : null;
    this.all = [this.session, this.recent, this.insights, this.chart, this.sources.sold, this.hosts];
    // The recent minutes are asked for once the session's own clock is known.
    for (const one of this.all) if (one !== this.recent) one.load();
    this.stops = [
      every(1000, refresh),
      this.#following(FAST_MS, [this.recent, this.chart, ...(this.desk ? [this.desk.log] : [])]),
      this.#following(SLOW_MS, [this.session, this.sources.sold, this.hosts]),
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
    this.desk?.leave();
    for (const stop of this.stops) stop();
    for (const one of this.all) one.stop();
  }

  /** The language has changed: load the texts of the server again. */
  languageChanged() {
    this.stream.restart();
    this.themeChanged();
  }

  themeChanged() {
    this.chart.load();
  }

  /** The session's own clock: a replay is at a moment of another day, and a session that is over at its end. */
  get #now() {
    return (this.over && this.session.data?.ended_at) || this.documents.alerts?.as_of || this.documents.kpis?.as_of;
  }

  #recently() {
    return this.#now && new Date(new Date(this.#now) - RECENT_MINUTES * 60_000).toISOString();
  }

  get over() {
    return this.status === "provisional" || this.status === "final";
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
    // Whether the desk is open, which the floor's columns depend on, is known once it was rendered.
    const desk = this.desk?.render(session, this.documents, this.status);
    return h(
      "div",
      { class: `live ${this.fresh ? "" : "stale"} is-${this.status}` },
      this.#head(session),
      h("div", { key: "floor", class: `floor ${this.desk?.isOpen ? "has-desk" : ""}` },
        // What is said of the state comes and goes: it moves figures, and never the desk under a thumb.
        h("div", { key: "frame", class: "board-frame" }, this.#state(session), this.#board(session)),
        desk),
      this.documents.kpis && this.front.render(session, Object.keys(this.documents.kpis.kpis)),
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
        h("div", { class: "live-kicker" }, badge(this.status), this.#revision(), h("span", null, [session.brand, hostNow(this.documents.marks, session), rooms, zoneNote(session)].filter(Boolean).join(" · "))),
        heading(1, session.title)),
      h("div", { class: "live-clock" },
        h("span", { class: "quiet", id: "clock-label" }, t("dash.live.on_air_for")),
        h("span", { class: "clock", role: "timer", "aria-labelledby": "clock-label" }, clock(elapsed))),
      h("div", { class: "live-tools" },
        this.#age(),
        h("div", { class: "live-buttons" },
          may.write() && h("a", { class: "button button-quiet", href: link("plan", this.id) }, t("plan.nav")),
          h("a", { class: "button button-quiet", href: link("report", this.id) }, t("dash.report")),
          may.write() && this.front.button(session, Boolean(this.documents.kpis)),
          document.fullscreenEnabled && h("button", { type: "button", class: "button button-quiet roomy", onclick: fullscreen },
            t(document.fullscreenElement ? "dash.live.exit_fullscreen" : "dash.live.fullscreen")))),
    );
  }

  #revision() {
    const final = this.documents.kpis?.final;
    return final && h("span", { class: "chip" }, t(final.changed ? "dash.release.changed_short" : "report.revision", { number: final.revision }));
  }

  #age() {
    const { state, heardAt } = this.stream;
    // A session that is not on air has nothing that happens in real time.
    const look = state === "open" && this.status !== "live" ? "connected" : state;
    const words = {
      connecting: "dash.stream.connecting", open: "dash.stream.open", connected: "dash.stream.connected",
      reconnecting: "dash.stream.reconnecting", refused: "dash.stream.refused",
    };
    const seconds = heardAt ? (Date.now() - heardAt) / 1000 : null;
    return h(
      "p",
      { class: `age age-${look}` },
      h("span", { class: "age-dot", "aria-hidden": "true" }),
      h("span", { role: "status" }, t(words[look])),
      seconds !== null && h("span", { class: "quiet" },
        t("dash.stream.as_of", { time: hour(new Date(heardAt), READER_ZONE, true) }), seconds >= 5 && ` (${ago(seconds)})`),
    );
  }

  /** What must be known before any figure is believed. */
  #state(session) {
    const { state, heardAt } = this.stream;
    if (heardAt && (state === "reconnecting" || state === "refused")) {
      return h("div", { class: "notice notice-critical", role: "alert", key: "state" },
        h("span", null, t("dash.live.stale", { time: hour(new Date(heardAt), READER_ZONE, true) })),
        h("button", { type: "button", class: "button", onclick: () => this.stream.restart() }, t("dash.live.reconnect")));
    }
    if (state === "refused") return h("div", { key: "state" }, notice("warning", t("dash.live.no_stream")));
    if (this.status === "scheduled") {
      const at = session.scheduled_at;
      return h("div", { key: "state" }, notice("info", at ? t("dash.live.scheduled", { time: moment(at, session.time_zone) }) : t("dash.live.unscheduled")));
    }
    if (this.over) {
      const at = session.ended_at;
      return h("div", { key: "state" }, notice("info",
        h("span", null, at ? t("dash.live.ended", { time: `${date(at, session.time_zone)} ${hour(at, session.time_zone)}` }) : t("dash.live.over"), " "),
        h("a", { href: link("report", this.id) }, t("dash.live.to_report")), may.write() && this.#afterwards(session)));
    }
    return null;
  }

  /** What is to be done after the end: a rehearsal becomes the show, a show is closed. */
  #afterwards(session) {
    return session.kind === "rehearsal"
      ? h("a", { href: link("plan", this.id) }, t("plan.rehearsal.to_show"))
      : h("a", { href: link("close", this.id) }, t("close.title"));
  }

  /** What has something to show of the second level, in its order. */
  #parts(session, kpis, audience, targets) {
    const several = Object.keys(kpis.by_platform).length > 1;
    return {
      audience: () => [funnel(kpis), audience && this.sources.render(audience), advertisingPanel(kpis)],
      ...(targets?.targets.length > 0 && { targets: () => targetsPanel(targets) }),
      ...(this.hosts.data && { hosts: () => hostsPanel(this.hosts, session.time_zone) }),
      ...((several || kpis.benchmarks.length > 0) && { platforms: () => [platforms(kpis), benchmarksPanel(kpis, session.time_zone)] }),
    };
  }

  #board(session) {
    const { kpis, products, audience, targets } = this.documents;
    if (!kpis) return this.stream.state === "refused" ? null : waiting();
    const begun = this.status !== "scheduled";
    const trend = this.recent.data && begun ? trends(this.recent.data, this.#now) : {};
    const front = session.front_figures;
    return h(
      "div",
      { class: "board" },
      figures(kpis, trend, this.status, front, byKpi(targets)),
      strip(kpis, front),
      h("div", { class: "main" }, begun && chartPanel("timeline", this.chart, { tall: true, dated: true }), products && this.products.render(products, session.time_zone)),
      begun && !this.hosts.pending && this.details.render(this.#parts(session, kpis, audience, targets)),
      h("div", { class: "side" }, this.alerts.render(this.documents.alerts, this.status, session.time_zone), latest(this.documents.marks, session.time_zone), insights(this.insights)),
    );
  }
}

/** The session's zone, named if it is not the reader's: times of what happened are the session's. */
const zoneNote = ({ time_zone: zone }) => zone !== READER_ZONE && zone;

function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

document.addEventListener("fullscreenchange", refresh);
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (event.key === "f" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && app.view instanceof LiveView) fullscreen();
});
