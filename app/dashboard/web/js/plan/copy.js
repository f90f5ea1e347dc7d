/**
 * Copy an earlier show: which one, and when the new one begins. A rehearsal that has begun becomes the show in the same way.
 *
 * In: the latest sessions. Out: a new session with the plan of the earlier one. Never here: the plan itself.
 */

import { Problem, get, path, post } from "../server/api.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { dialog } from "../components/dialog.js";
import { Resource } from "../server/resource.js";
import { failure, field, waiting } from "../components/components.js";
import { localInput, momentOf } from "./zones.js";
import { go, link } from "../page/router.js";
import { date, t } from "../page/i18n.js";

const WEEK_MS = 7 * 86_400_000;

export class CopyDialog {
  #shown = false;
  #form = null;
  #problem = null;
  #busy = false;
  #rooms = "leave";
  #from = null;

  constructor() {
    this.list = new Resource(async () => {
      const { sessions } = await get(path("/v1/sessions", { limit: 50 }));
      if (!this.#from || sessions.some((one) => one.id === this.#from)) return sessions;
      return [await get(`/v1/sessions/${encodeURIComponent(this.#from)}`), ...sessions];
    });
  }

  leave() {
    this.list.stop();
  }

  /**
   * @param from id of the session that is chosen at first: the latest one if none is given
   * @param rooms `move` if it is the same show: its rooms are the copy's from now on
   */
  async open(from = null, rooms = "leave") {
    this.#rooms = rooms;
    this.#from = from;
    this.#shown = true;
    this.#form = null;
    this.#problem = null;
    refresh();
    await this.list.load();
    this.#choose(from ?? this.#sessions[0]?.id);
  }

  get #sessions() {
    const list = this.list.data ?? [];
    // Shows come first; a rehearsal can be copied too.
    return [...list].sort((a, b) => (a.kind === "rehearsal") - (b.kind === "rehearsal"));
  }

  /** True where a rehearsal becomes the show: it is this rehearsal, and its rooms are the show's. */
  get #moving() {
    return this.#rooms === "move";
  }

  /** The same hour, the next week that is still to come; of a rehearsal the time for which it was planned, while that is to come. */
  #choose(id) {
    const session = this.#sessions.find((one) => one.id === id);
    if (!session) return;
    const began = new Date(session.scheduled_at ?? session.started_at ?? session.created_at).getTime();
    const local = localInput(new Date(began), session.time_zone);
    const weeks = Math.max(1, Math.ceil((Date.now() - began) / WEEK_MS));
    const later = this.#moving ? (began > Date.now() ? local : "") : addDays(local, 7 * weeks);
    this.#form = { id, title: session.title, zone: session.time_zone, at: later, kind: "live" };
    refresh();
  }

  async #copy(event) {
    event.preventDefault();
    const { id, title, zone, at, kind } = this.#form;
    this.#busy = true;
    this.#problem = null;
    refresh();
    try {
      const made = await post(`/v1/sessions/${encodeURIComponent(id)}/copies`, { title, kind, rooms: this.#rooms, scheduled_at: momentOf(at, zone) });
      this.#shown = false;
      go(link("plan", made.id));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#problem = error;
    }
    this.#busy = false;
    refresh();
  }

  render() {
    if (!this.#shown) return null;
    const close = () => {
      this.#shown = false;
      refresh();
    };
    return dialog("copy", t(this.#moving ? "plan.rehearsal.to_show" : "plan.copy.title"), close, this.list.error ? failure(this.list.error) : this.list.pending ? waiting() : this.#body(close));
  }

  #body(close) {
    if (!this.#sessions.length) return [h("p", null, t("plan.copy.none")), h("button", { type: "button", class: "button", onclick: close }, t("plan.cancel"))];
    const form = this.#form;
    if (!form) return waiting();
    const set = (name) => (event) => { form[name] = event.target.value; refresh(); };
    return h("form", { class: "form", onsubmit: (event) => this.#copy(event) },
      this.#moving
        ? h("p", { class: "quiet" }, t("plan.rehearsal.moves"))
        : field(t("plan.copy.from"), h("select", { value: form.id, onchange: (event) => this.#choose(event.target.value) },
            ...this.#sessions.map((session) => h("option", { value: session.id }, [session.title, date(session.started_at ?? session.scheduled_at, session.time_zone), session.brand].join(" · "))))),
      field(t("plan.title"), h("input", { type: "text", required: true, maxlength: 256, value: form.title, oninput: set("title") })),
      field(`${t("plan.scheduled_at")} (${form.zone})`, h("input", { type: "datetime-local", required: true, value: form.at, oninput: set("at") })),
      !this.#moving && field(t("plan.kind"), h("select", { value: form.kind, onchange: set("kind") }, h("option", { value: "live" }, t("dash.session")), h("option", { value: "rehearsal" }, t("dash.rehearsal")))),
      this.#problem && failure(this.#problem),
      h("div", { class: "form-buttons" },
        h("button", { class: "button button-main", disabled: this.#busy }, t(this.#moving ? "plan.rehearsal.to_show" : "plan.copy.go")),
        h("button", { type: "button", class: "button button-quiet", onclick: close }, t("plan.cancel"))));
  }
}

function addDays(local, days) {
  const [day, clock] = local.split("T");
  const moved = new Date(`${day}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return `${moved.toISOString().slice(0, 10)}T${clock}`;
}
