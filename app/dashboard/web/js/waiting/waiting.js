/**
 * Data that waits for a decision: dead letters by cause, parked events by room; one action for a whole group.
 *
 * In: groups without personal data. Out: a list per kind, the progress of what was decided. Never here: changes of contents.
 */

import { Problem, get, post } from "../server/api.js";
import { failure, heading, notice, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { ask } from "../components/forms.js";
import { READER_ZONE, labelOr, moment, number, platformName, t } from "../page/i18n.js";
import { Resource, every } from "../server/resource.js";
import { refresh } from "../page/state.js";
import { Claims } from "./claims.js";
import { Register } from "./register.js";

const POLL_MS = 1000;
const FINISHED = new Set(["done", "cancelled", "failed"]);

export class View {
  constructor() {
    this.groups = new Resource(() => get("/v1/dead-letters/groups"));
    this.rooms = new Resource(() => get("/v1/parked?limit=200"));
    this.claims = new Claims();
    this.shown = new Map();
    /** Group or room → its job. */
    this.jobs = new Map();
    this.said = null;
    this.register = new Register(() => this.#load());
    this.#load();
    this.stop = every(POLL_MS, () => this.#follow());
  }

  title() {
    return t("waiting.title");
  }

  leave() {
    this.stop();
    this.groups.stop();
    this.rooms.stop();
    this.claims.list.stop();
  }

  #load() {
    this.groups.load();
    this.rooms.load();
    this.claims.list.load();
  }

  /** Ask how far the jobs are; once one has ended, the lists are others. */
  async #follow() {
    for (const [key, job] of this.jobs) {
      if (FINISHED.has(job.state)) continue;
      try {
        const now = await get(`/v1/jobs/${job.id}`);
        this.jobs.set(key, now);
        if (FINISHED.has(now.state)) {
          this.#say(now.failed ? "warning" : "info", t(now.failed ? "waiting.job.partly" : "waiting.job.done", { succeeded: number(now.succeeded), failed: number(now.failed) }));
          this.jobs.delete(key);
          this.#load();
        }
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (!error.passing) this.jobs.delete(key);
      }
      refresh();
    }
  }

  #say(level, text) {
    this.said = { level, text };
    refresh();
  }

  async #do(work) {
    this.said = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#say("warning", error.words);
      if (error.status === 404) this.#load();
    }
    refresh();
  }

  #decide(key, path, filter) {
    return this.#do(async () => this.jobs.set(key, await post(path, { filter })));
  }

  async #discard(key, path, filter, count) {
    const question = t("waiting.confirm", { count: number(count) });
    if (await ask(t("waiting.discard"), question, t("waiting.discard"))) this.#decide(key, path, filter);
  }

  async #inspect(group) {
    if (this.shown.delete(group.group)) return refresh();
    await this.#do(async () => this.shown.set(group.group, await get(`/v1/dead-letters/${group.newest}`)));
  }

  render() {
    const groups = this.groups.data?.groups ?? [];
    const rooms = this.rooms.data?.rooms ?? [];
    const loaded = this.groups.data && this.rooms.data && this.claims.list.data;
    return [
      h("div", { class: "view-head" }, heading(1, this.title()), h("button", { type: "button", class: "button button-quiet", onclick: () => this.#load() }, t("dash.reload"))),
      h("p", { class: "quiet intro" }, t("waiting.intro")),
      h("div", { role: "status" }, this.said && notice(this.said.level, this.said.text)),
      [this.groups, this.rooms, this.claims.list].map((one) => one.error && failure(one.error, () => one.load())),
      !loaded && !this.groups.error && !this.rooms.error && !this.claims.list.error && waiting(),
      loaded && groups.length + rooms.length + this.claims.count === 0 && h("p", { class: "empty" }, t("waiting.none")),
      this.claims.render((work) => this.#do(async () => {
        await work();
        this.#load();
      })),
      rooms.length > 0 && [heading(2, t("waiting.parked")), h("ul", { class: "waiting-groups" }, ...rooms.map((room) => this.#room(room)))],
      groups.length > 0 && [heading(2, t("waiting.dead_letters")), h("ul", { class: "waiting-groups" }, ...groups.map((group) => this.#group(group)))],
      this.groups.data?.complete === false && h("p", { class: "quiet" }, t("waiting.more")),
    ];
  }

  #group(group) {
    const content = this.shown.get(group.group);
    const filter = { group: group.group };
    return h("li", { key: group.group, class: "panel dead-letter" },
      h("div", { class: "dead-letter-head" },
        h("div", null,
          h("p", { class: "strong" }, group.type ?? t("dash.dead_letters.unreadable")),
          h("p", { class: "quiet small" }, `${sender(group)} · ${t("waiting.count", { count: number(group.count) })} · `, h("span", { class: "nowrap" }, period(group)))),
        this.#actions(group.group,
          button(t(content ? "dash.dead_letters.close" : "dash.dead_letters.inspect"), () => this.#inspect(group), { "aria-expanded": String(Boolean(content)) }),
          button(t("waiting.replay"), () => this.#decide(group.group, "/v1/dead-letters/replay", filter), { class: "button" }),
          button(t("waiting.discard"), () => this.#discard(group.group, "/v1/dead-letters/discard", filter, group.count)))),
      h("ul", { class: "errors" }, h("li", { title: group.detail }, h("code", null, group.pointer || "/"), " ", cause(group))),
      content && h("pre", { class: "content", tabindex: "0" }, JSON.stringify(content.event, null, 2)));
  }

  #room(room) {
    const key = `${room.platform}:${room.room}`;
    const filter = { platform: room.platform, room: room.room };
    return h("li", { key, class: "panel dead-letter" },
      h("div", { class: "dead-letter-head" },
        h("div", null,
          h("p", { class: "strong" }, `${platformName(room.platform)} `, h("code", null, room.room)),
          h("p", { class: "quiet small" }, `${t("waiting.events", { count: number(room.events) })} · `, h("span", { class: "nowrap" }, period(room)))),
        this.#actions(key,
          button(t("waiting.register"), () => this.register.toggle(key), { class: "button", "aria-expanded": String(this.register.open === key) }),
          button(t("waiting.discard"), () => this.#discard(key, "/v1/parked/discard", filter, room.events)))),
      h("p", { class: "errors" }, t(`waiting.reason.${room.reason}`)),
      this.register.open === key && this.register.render(room));
  }

  #actions(key, ...buttons) {
    const job = this.jobs.get(key);
    if (!job) return h("div", { class: "live-buttons" }, ...buttons);
    return h("div", { class: "live-buttons", role: "status" },
      h("progress", { max: Math.max(job.total, 1), value: job.done, "aria-label": t("waiting.progress") }),
      h("span", { class: "nowrap" }, `${number(job.done)} / ${number(job.total)}`),
      button(t("waiting.cancel"), () => this.#do(async () => this.jobs.set(key, await post(`/v1/jobs/${job.id}/cancel`)))));
  }
}

const button = (words, onclick, properties) => h("button", { type: "button", class: "button button-quiet", onclick, ...properties }, words);

const period = (one) => {
  const [first, last] = [moment(one.first_at, READER_ZONE), moment(one.last_at, READER_ZONE)];
  return first === last ? first : `${first} – ${last}`;
};

const sender = (group) => group.connection?.name ?? t(`waiting.origin.${group.origin.split(":")[0]}`);

/** The rule in the reader's language; a rule that names figures, which differ within a group, stands in the server's words. */
function cause({ code, detail }) {
  const words = code === "invalid" ? "" : labelOr(`field.${code}`, "");
  return words && !words.includes("{") ? words : detail;
}
