/**
 * The desk: what an operator does while a session is on air, beside the live screen.
 *
 * In: the session and its documents. Out: actions, through a queue that survives a lost connection and a reload. Never here:
 * figures.
 */

import { preference, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { DeskLog } from "./log.js";
import { DeskNote } from "./note.js";
import { DeskProducts } from "./products.js";
import { nextOf, onAir, rowsOf } from "./present.js";
import { hostNow, markName } from "../components/marks.js";
import { ActionQueue, newId } from "./queue.js";
import { link } from "../page/router.js";
import { now } from "../server/api.js";
import { problemWords } from "../components/components.js";
import { ask } from "../components/forms.js";
import { t } from "../page/i18n.js";

const MARKS = ["coupon", "giveaway", "highlight", "violation"];
const OVER = new Set(["provisional", "final"]);
const TYPING = "input, select, textarea, [contenteditable]";

export class Desk {
  #rows = [];
  #host = null;
  /** The source of this person's actions, as the server names it. */
  #source = null;
  #at = 0;

  constructor(session) {
    this.session = session;
    this.base = `/v1/sessions/${encodeURIComponent(session)}`;
    /** Null until the session's status is known: the desk of a session that is over is closed at first. */
    this.open = preference("desk") === "closed" ? false : null;
    this.log = new DeskLog(this.base, (action) => this.#undo(action));
    this.queue = new ActionQueue(session, {
      changed: refresh,
      sent: (entry, answer) => {
        this.#source = answer.source ?? this.#source;
        this.log.load();
      },
    });
    this.products = new DeskProducts((body, about) => this.act(body, about));
    this.note = new DeskNote(this.base, this.queue);
    document.addEventListener("keydown", this.#key);
    addEventListener("pagehide", this.#hidden);
  }

  leave() {
    this.products.commit();
    this.log.stop();
    this.queue.close();
    document.removeEventListener("keydown", this.#key);
    removeEventListener("pagehide", this.#hidden);
  }

  #hidden = () => this.products.commit();

  act(body, about = {}) {
    // What a stepper still holds was done before.
    if (body.action !== "stock") this.products.commit();
    // No two actions have the same moment: their order is the order of their times.
    this.#at = Math.max(now().getTime(), this.#at + 1);
    this.queue.add(`${this.base}/desk`, { ...body, id: newId(), at: new Date(this.#at).toISOString() }, about);
  }

  /** What has not left this device is simply taken back; the rest is voided, and the log keeps it. */
  #undo({ source, event, entry }) {
    if (entry && this.queue.discard(entry)) return;
    this.queue.add(`${this.base}/voids`, { source: source ?? this.#source, event, reason: t("desk.undo.reason") }, {});
  }

  get isOpen() {
    return this.open === true;
  }

  toggleOpen() {
    this.open = !this.open;
    preference("desk", this.open ? null : "closed");
    refresh();
  }

  /** `n` note, `1`–`9` choose a product, space puts the chosen one on air or off air. */
  #key = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !this.isOpen) return;
    if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
    if (event.key === "n") {
      document.getElementById("desk-note")?.focus();
    } else if (/^[1-9]$/.test(event.key)) {
      document.querySelector(`.desk-air[data-key="${event.key}"]`)?.focus();
    } else if (event.key === " " && !event.target.closest?.("button, a, summary, [tabindex='0']")) {
      // A focused button is pressed by the browser itself.
      const row = this.#rows.find((one) => one.onAir) ?? nextOf(this.#rows);
      if (row) this.products.toggle(row);
    } else return;
    event.preventDefault();
  };

  render(session, documents, status) {
    this.open ??= !status || status === "scheduled" || status === "live" || this.queue.waiting.length > 0;
    this.#rows = rowsOf(documents.products, session.lineup, this.queue.unseen);
    const live = onAir(status, this.queue.unseen);
    return h("aside", { key: "desk", class: `desk ${this.open ? "is-open" : ""}`, "aria-labelledby": "desk-title" },
      this.#head(live, status),
      this.open && h("div", { key: "body", class: "desk-body" },
        this.#trouble(),
        this.#broadcast(live),
        this.products.render(this.#rows, session.currency),
        this.#people(session, documents),
        this.#marks(),
        this.note.render(this.#rows.find((row) => row.onAir), session.time_zone),
        this.log.render(this.queue.waiting, session.time_zone, this.#rows)));
  }

  #head(live, status) {
    const current = this.#rows.find((row) => row.onAir);
    return h("header", { key: "head", class: "desk-head" },
      h("h2", { id: "desk-title", class: "panel-title" },
        h("button", { type: "button", class: "desk-handle", "aria-expanded": String(this.open), onclick: () => this.toggleOpen() },
          h("span", { "aria-hidden": "true" }, this.open ? "▾ " : "▸ "), t("desk.title"))),
      !this.open && h("span", { key: "current", class: "desk-current" }, current ? [h("span", { class: "lamp", "aria-hidden": "true" }), ` ${current.name}`] : t(live ? "desk.nothing_on_air" : OVER.has(status) ? "desk.over" : "desk.not_started")),
      this.#sync(),
      h("a", { key: "host", class: "desk-host-link", href: link("host", this.session) }, t("desk.host_view")));
  }

  /** How much waits, in words: what is not sent must never look sent. */
  #sync() {
    const count = this.queue.waiting.length;
    const key = this.queue.refused ? "desk.sync.refused" : count === 0 ? "desk.sync.done" : this.queue.interrupted ? "desk.sync.waiting" : "desk.sync.sending";
    return h("p", { key: "sync", role: "status", class: `desk-sync ${count ? "is-waiting" : ""}`, "data-waiting": count }, t(key, { count }));
  }

  #trouble() {
    const { refused } = this.queue;
    return [
      !this.queue.kept && h("div", { key: "storage", class: "notice notice-warning" }, t("desk.sync.no_storage")),
      refused && h("div", { key: "refused", class: "notice notice-critical", role: "alert" },
        h("p", null, t("desk.refused", { action: this.#words(refused) })),
        h("p", null, problemWords(refused.refused)),
        h("button", { type: "button", class: "button", onclick: () => this.queue.retry(refused) }, t("desk.refused.again")),
        h("button", { type: "button", class: "button", onclick: async () => (await ask(t("desk.refused.drop"), t("desk.refused.confirm"), t("desk.refused.drop"))) && this.queue.drop(refused) }, t("desk.refused.drop"))),
    ];
  }

  /** What was refused, in words; a void and a note are no actions. */
  #words({ body, about }) {
    if (body.action) return this.log.words({ ...body, name: about.name }, this.#rows);
    return body.event ? t("desk.undo") : t("desk.action.note", { text: body.text.slice(0, 60) });
  }

  #broadcast(live) {
    const start = () => this.act({ action: "start" });
    const end = async () => (await ask(t("desk.end"), t("desk.end.confirm"), t("desk.end"))) && this.act({ action: "end" });
    return h("div", { key: "broadcast", class: "desk-broadcast" },
      live
        ? h("button", { key: "end", type: "button", class: "button desk-end", onclick: end }, t("desk.end"))
        : h("button", { key: "start", type: "button", class: "button button-main desk-start", onclick: start }, t("desk.start")));
  }

  #people(session, documents) {
    const waiting = this.queue.unseen.findLast(({ body }) => body.action === "host")?.body.host;
    const present = waiting ?? hostNow(documents.marks, session);
    const set = (event) => {
      event.preventDefault();
      const host = this.#host?.trim();
      if (host && host !== present) this.act({ action: "host", host });
      this.#host = null;
      refresh();
    };
    return h("form", { key: "people", class: "desk-part desk-line", onsubmit: set },
      h("label", { class: "field" }, h("span", { class: "field-label" }, t("desk.host")),
        h("input", { type: "text", maxlength: 256, value: this.#host ?? present ?? "", oninput: (event) => { this.#host = event.target.value; refresh(); } })),
      this.#host !== null && this.#host.trim() !== (present ?? "") && h("button", { key: "set", class: "button" }, t("desk.host.set")));
  }

  #marks() {
    return h("div", { key: "marks", class: "desk-part", role: "group", "aria-labelledby": "desk-marks" },
      h("h3", { id: "desk-marks", class: "desk-title" }, t("desk.marks")),
      h("div", { class: "desk-marks" }, ...MARKS.map((mark) =>
        h("button", { key: mark, type: "button", class: "button", onclick: () => this.act({ action: "mark", label: mark }) }, markName({ kind: "mark", label: mark })))));
  }
}
