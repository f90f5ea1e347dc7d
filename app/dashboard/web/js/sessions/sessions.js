/**
 * The list of sessions: find one, open it, or choose several to compare.
 *
 * In: filters, which the address keeps. Out: sessions with the KPIs of a list. Never here: other figures.
 */

import { Problem, get, path } from "../server/api.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource, every } from "../server/resource.js";
import { badge, failure, field, heading, phrase, table, waiting } from "../components/components.js";
import { go, keep, link, route } from "../page/router.js";
import { date, duration, hour, money, number, platformName, t } from "../page/i18n.js";
import { PLATFORMS } from "../page/platforms.js";

const PAGE = 25;
const MOST_COMPARED = 12;
const FILTERS = ["q", "status", "brand", "platform", "from", "to"];

export class SessionsView {
  constructor() {
    const { query } = route();
    this.filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
    this.chosen = new Set();
    this.list = new Resource(() => get(this.#path()));
    this.live = new Resource(() => get("/v1/sessions?status=live&limit=6"));
    this.brands = new Resource(() => get("/v1/brands?limit=200"));
    this.older = [];
    for (const one of [this.list, this.live, this.brands]) one.load();
    this.stop = every(15_000, () => {
      this.live.load();
      // Reloading would take away the pages that were added.
      if (!this.older.length) this.list.load();
    });
  }

  title() {
    return t("dash.nav.sessions");
  }

  leave() {
    this.stop();
    for (const one of [this.list, this.live, this.brands]) one.stop();
  }

  #path(cursor) {
    const { from, to, ...rest } = this.filters;
    // A day is meant as the reader's own; the end of the last one belongs to it.
    const begin = from && new Date(`${from}T00:00:00`).toISOString();
    const end = to && new Date(new Date(`${to}T00:00:00`).getTime() + 86_400_000).toISOString();
    return path("/v1/sessions", { ...rest, from: begin, to: end, limit: PAGE, cursor });
  }

  #filter(name, value) {
    this.filters[name] = value;
    this.older = [];
    keep(this.filters);
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.list.load(), name === "q" ? 250 : 0);
    refresh();
  }

  async #load(cursor) {
    try {
      this.older.push(await get(this.#path(cursor)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.list.error = error;
    }
    refresh();
  }

  render() {
    const pages = this.list.data ? [this.list.data, ...this.older] : [];
    const sessions = pages.flatMap((page) => page.sessions);
    const cursor = pages.at(-1)?.next_cursor;
    const head = h("div", { class: "view-head" }, heading(1, t("dash.nav.sessions")), this.#compare());
    // What is on air stands above the rest.
    if (this.live.pending) return [head, waiting()];
    return [
      head,
      this.#onAir(),
      this.#form(),
      this.list.error && failure(this.list.error, () => this.list.load()),
      this.list.pending && waiting(),
      this.list.data && (sessions.length ? this.#table(sessions) : h("p", { class: "empty" }, t(this.#filtered() ? "dash.sessions.none" : "dash.sessions.empty"))),
      cursor && h("button", { type: "button", class: "button", onclick: () => this.#load(cursor) }, t("dash.sessions.more")),
    ];
  }

  #filtered() {
    return FILTERS.some((name) => this.filters[name]);
  }

  #onAir() {
    const sessions = this.live.data?.sessions ?? [];
    return sessions.length > 0 && h(
      "section",
      { key: "on-air", class: "on-air", "aria-labelledby": "on-air-title" },
      h("h2", { id: "on-air-title", class: "panel-title" }, t("dash.sessions.on_air")),
      h("div", { class: "on-air-cards" }, ...sessions.map((session) => h(
        "a",
        { key: session.id, class: "on-air-card", href: link("live", session.id) },
        h("span", { class: "lamp", "aria-hidden": "true" }),
        h("span", { class: "on-air-title" }, phrase(session.title)),
        h("span", { class: "on-air-figures" },
          h("span", null, h("small", null, t("metric.viewers")), number(session.kpis.viewers)),
          h("span", null, h("small", null, t("metric.gmv")), money(session.kpis.gmv, session.currency))),
      ))),
    );
  }

  #form() {
    const change = (name) => (event) => this.#filter(name, event.target.value);
    const select = (name, options) =>
      h("select", { name, onchange: change(name), value: this.filters[name] },
        h("option", { value: "" }, t("dash.all")),
        ...options.map(([value, text]) => h("option", { value }, text)));
    const statuses = ["scheduled", "live", "provisional", "final"].map((status) => [status, t(`status.${status}`)]);
    const brands = (this.brands.data?.brands ?? []).map((brand) => [brand.slug, brand.name ?? brand.slug]);
    const platforms = PLATFORMS.map((name) => [name, platformName(name)]);
    return h(
      "form",
      { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      field(t("dash.sessions.search"), h("input", { type: "search", name: "q", value: this.filters.q, oninput: change("q"), maxlength: 200 })),
      field(t("dash.status"), select("status", statuses)),
      field(t("dash.brand"), select("brand", brands)),
      field(t("dash.platform"), select("platform", platforms)),
      field(t("dash.from"), h("input", { type: "date", name: "from", value: this.filters.from, onchange: change("from") })),
      field(t("dash.to"), h("input", { type: "date", name: "to", value: this.filters.to, onchange: change("to") })),
    );
  }

  #compare() {
    const ids = [...this.chosen];
    return ids.length > 0 && h("button", {
      type: "button", class: "button", disabled: ids.length < 2,
      onclick: () => go(`${link("comparison")}?sessions=${ids.join(",")}`),
    }, t("dash.sessions.compare", { count: ids.length }));
  }

  #table(sessions) {
    const choose = (session) => (event) => {
      if (event.target.checked && this.chosen.size < MOST_COMPARED) this.chosen.add(session.id);
      else this.chosen.delete(session.id);
      refresh();
    };
    const began = (session) => session.started_at ?? session.scheduled_at;
    const columns = [
      { label: h("span", { class: "unseen" }, t("dash.choose")), select: true, class: "narrow",
        cell: (s) => h("input", { type: "checkbox", checked: this.chosen.has(s.id), onchange: choose(s), "aria-label": t("dash.sessions.choose", { title: s.title }) }) },
      { label: t("dash.session"), class: "name-cell", cell: (s) => h("a", { class: "session-link", href: link(s.status === "live" || s.status === "scheduled" ? "live" : "report", s.id) },
        h("span", { class: "strong" }, phrase(s.title)),
        h("small", null, [s.host, s.platforms.map(platformName).join(" · ")].filter(Boolean).join(" — "), s.kind === "rehearsal" && ` (${t("dash.rehearsal")})`)) },
      { label: t("dash.status"), cell: (s) => badge(s.status) },
      { label: t("dash.brand"), class: "roomy", cell: (s) => h("span", { class: "nowrap" }, s.brand) },
      { label: t("sheet.date"), class: "roomy", cell: (s) => began(s) && h("span", { class: "nowrap" }, date(began(s), s.time_zone), " ", hour(began(s), s.time_zone)) },
      { label: t("sheet.duration"), class: "spacious", numeric: true, cell: (s) => s.status !== "live" && s.started_at && s.ended_at ? duration((new Date(s.ended_at) - new Date(s.started_at)) / 1000) : null },
      { label: t("metric.viewers"), class: "roomy", numeric: true, cell: (s) => number(s.kpis.viewers) },
      { label: t("metric.buyers"), class: "roomy", numeric: true, cell: (s) => number(s.kpis.buyers) },
      { label: t("metric.units_sold"), class: "spacious", numeric: true, cell: (s) => number(s.kpis.units_sold) },
      { label: t("metric.gmv"), numeric: true, cell: (s) => money(s.kpis.gmv, s.currency) },
    ];
    return table("sessions", t("dash.nav.sessions"), columns, sessions, {
      rowClass: (session) => (session.status === "live" ? "row-live" : null),
    });
  }
}
