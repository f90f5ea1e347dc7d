/**
 * The fourth step: drafts to take, edit or drop; notes to edit, order and share.
 *
 * In: insights and notes of the API. Out: notes. Never here: statements of its own.
 */

import { Problem, find, get, patch, post, remove } from "../server/api.js";
import { preference, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { failure, field, waiting } from "../components/components.js";
import { Dragging } from "../components/dragging.js";
import { ask } from "../components/forms.js";
import { labelled, language, t } from "../page/i18n.js";

const SECTIONS = { live: "section.live", ec: "section.ec", promotion: "section.promotion" };
const KINDS = { observation: "sheet.observations", summary: "sheet.summary" };

export class SummaryStep {
  #editing = null;
  #text = "";
  #problem = null;
  #form = { section: "live", kind: "summary", text: "" };
  /** By section and kind: the dragging of its notes. */
  #dragging = new Map();
  /** By section and kind: the ids of its notes in an order that the server does not have yet. */
  #orders = new Map();
  #moving = 0;
  #moved = Promise.resolve();
  /** Where a note went, for screen readers. */
  #said = "";

  constructor(view) {
    this.view = view;
    this.notes = new Resource(() => get(`${view.base}/notes?limit=200`));
    this.insights = new Resource(() => find(`${view.base}/insights`));
    this.dropped = new Set(JSON.parse(preference(`dropped.${view.id}`) ?? "[]"));
  }

  enter() {
    this.notes.load();
    this.insights.load();
  }

  leave() {
    this.notes.stop();
    this.insights.stop();
  }

  get pending() {
    return this.notes.pending || this.insights.pending;
  }

  /** Drafts that are neither taken nor dropped. */
  get drafts() {
    const taken = new Set((this.notes.data?.notes ?? []).map((note) => note.text));
    return (this.insights.data?.insights ?? []).filter((insight) => !this.dropped.has(keyOf(insight)) && !Object.values(insight.text).some((text) => taken.has(text)));
  }

  async #change(work) {
    this.#problem = null;
    try {
      await work();
      await this.notes.load();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    refresh();
  }

  #drop(insight) {
    this.dropped.add(keyOf(insight));
    preference(`dropped.${this.view.id}`, JSON.stringify([...this.dropped]));
    refresh();
  }

  #take(insight, text) {
    this.#change(async () => {
      await post(`${this.view.base}/notes`, { section: insight.section, kind: "summary", text: text.trim() });
      // Edited, its text is not the draft's any more.
      this.#drop(insight);
      this.#editing = null;
    });
  }

  render() {
    if (this.notes.error) return failure(this.notes.error, () => this.notes.load());
    if (this.pending) return waiting();
    return [
      this.#problem && h("div", { key: "problem" }, failure(this.#problem)),
      h("h3", { key: "drafts-title", class: "title title-3" }, t("dash.drafts")),
      this.drafts.length
        ? h("ul", { key: "drafts", class: "cards" }, ...this.drafts.map((insight) => this.#draft(insight)))
        : h("p", { key: "drafts", class: "quiet" }, t("close.drafts.none")),
      ...Object.keys(SECTIONS).flatMap((section) => Object.keys(KINDS).map((kind) => {
        const notes = this.#beside({ section, kind });
        return notes.length > 0 && h("section", { key: `${section} ${kind}`, "aria-label": `${t(SECTIONS[section])} – ${t(KINDS[kind])}` },
          h("h3", { class: "title title-3" }, `${t(SECTIONS[section])} – ${t(KINDS[kind])}`),
          h("ul", { class: "cards" }, ...notes.map((note, index) => this.#note(note, index, notes))));
      })),
      h("p", { key: "said", class: "unseen", "aria-live": "polite" }, this.#said),
      this.#adding(),
    ];
  }

  #draft(insight) {
    const key = keyOf(insight);
    const text = insight.text[language()];
    const editing = this.#editing === key;
    return h("li", { key, class: "card" },
      h("small", null, t(SECTIONS[insight.section])),
      editing ? this.#editor(text) : h("p", null, text),
      h("div", { class: "form-buttons" },
        h("button", { key: "take", type: "button", class: "button button-main", onclick: () => this.#take(insight, editing ? this.#text : text) }, t("close.drafts.take")),
        !editing && h("button", { key: "edit", type: "button", class: "button", onclick: () => this.#edit(key, text) }, t("close.edit")),
        h("button", { key: "drop", type: "button", class: "button button-quiet", onclick: () => this.#drop(insight) }, t("close.drafts.drop"))));
  }

  #edit(key, text) {
    this.#editing = key;
    this.#text = text;
    refresh();
    requestAnimationFrame(() => document.querySelector(".card textarea")?.focus());
  }

  #editor(label) {
    return h("textarea", { key: "editor", rows: 3, maxlength: 4000, "aria-label": labelled(t("close.edit"), label.slice(0, 40)), value: this.#text, oninput: (event) => { this.#text = event.target.value; } });
  }

  /** The notes of a section and kind, in the order that is shown: the server's, or the one that it is being sent. */
  #beside({ section, kind }) {
    const notes = (this.notes.data?.notes ?? []).filter((note) => note.section === section && note.kind === kind);
    const ids = this.#orders.get(`${section} ${kind}`);
    return ids ? notes.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)) : notes;
  }

  /** Show a note at another place; a list that is loaded meanwhile does not move it back. */
  #shift(group, from, to) {
    const ids = this.#beside(group).map(({ id }) => id);
    ids.splice(to, 0, ...ids.splice(from, 1));
    this.#orders.set(`${group.section} ${group.kind}`, ids);
    refresh();
  }

  /** Tell the server a note's place, one after the other: the last move of a note is the last to arrive. */
  #place(note, position, count) {
    this.#said = t("close.notes.moved", { name: note.text.slice(0, 40), position, count });
    this.#moving += 1;
    this.#moved = this.#moved.then(async () => {
      await this.#change(() => patch(`${this.view.base}/notes/${note.id}`, { position }));
      this.#moving -= 1;
      const dragged = [...this.#dragging.values()].some(({ from }) => from !== null);
      if (this.#moving === 0 && !dragged) this.#orders.clear();
      refresh();
    });
  }

  #handle(note, index, notes) {
    const group = `${note.section} ${note.kind}`;
    if (!this.#dragging.has(group)) {
      this.#dragging.set(group, new Dragging((from, to) => this.#shift(note, from, to), (to) => {
        const beside = this.#beside(note);
        this.#place(beside[to], to + 1, beside.length);
      }));
    }
    const keys = (event) => {
      const to = index + ({ ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0);
      if (to === index || to < 0 || to >= notes.length) return;
      event.preventDefault();
      this.#shift(note, index, to);
      this.#place(note, to + 1, notes.length);
      // An element that is moved loses the focus.
      requestAnimationFrame(() => document.getElementById(`move-${note.id}`)?.focus());
    };
    return h("button", {
      key: "handle", id: `move-${note.id}`, type: "button", class: "handle", title: t("close.notes.move_hint"),
      "aria-label": t("close.notes.move", { name: note.text.slice(0, 40), position: index + 1 }),
      onkeydown: keys, onpointerdown: (event) => this.#dragging.get(group).begin(event, index),
    }, h("span", { "aria-hidden": "true" }, "⠿"), ` ${index + 1}`);
  }

  #note(note, index, notes) {
    const base = `${this.view.base}/notes`;
    const editing = this.#editing === note.id;
    const save = () => this.#change(async () => {
      await patch(`${base}/${note.id}`, { text: this.#text.trim() });
      this.#editing = null;
    });
    const short = note.text.slice(0, 40);
    return h("li", { key: note.id, class: "card" },
      editing ? this.#editor(note.text) : h("p", null, note.text),
      h("div", { class: "form-buttons" },
        notes.length > 1 && this.#handle(note, index, notes),
        editing
          ? h("button", { key: "save", type: "button", class: "button button-main", onclick: save }, t("close.save"))
          : h("button", { key: "edit", type: "button", class: "button", "aria-label": labelled(t("close.edit"), short), onclick: () => this.#edit(note.id, note.text) }, t("close.edit")),
        h("button", { key: "share", type: "button", class: "button", "aria-pressed": String(note.share), onclick: () => this.#change(() => patch(`${base}/${note.id}`, { share: !note.share })) }, t("dash.notes.shared")),
        h("button", { key: "remove", type: "button", class: "button button-quiet", "aria-label": labelled(t("dash.notes.remove"), short), onclick: async () => (await ask(t("dash.notes.remove"), t("dash.notes.confirm_delete"), t("dash.notes.remove"))) && this.#change(() => remove(`${base}/${note.id}`)) }, t("dash.notes.remove"))));
  }

  #adding() {
    const form = this.#form;
    const set = (name) => (event) => { form[name] = event.target.value; refresh(); };
    const choice = (name, options) => h("select", { value: form[name], onchange: set(name) }, ...Object.entries(options).map(([value, label]) => h("option", { value }, t(label))));
    const add = (event) => {
      event.preventDefault();
      const text = form.text.trim();
      if (text) this.#change(async () => {
        await post(`${this.view.base}/notes`, { ...form, text });
        form.text = "";
      });
    };
    return h("form", { key: "add", class: "note-form", onsubmit: add, "aria-label": t("dash.notes.add") },
      field(t("dash.notes.section"), choice("section", SECTIONS)),
      field(t("dash.notes.kind"), choice("kind", KINDS)),
      field(t("dash.notes.text"), h("textarea", { rows: 2, required: true, maxlength: 4000, value: form.text, oninput: set("text") })),
      h("button", { class: "button" }, t("dash.notes.add")));
  }
}

const keyOf = (insight) => `${insight.code} ${JSON.stringify(insight.figures)}`.slice(0, 200);
