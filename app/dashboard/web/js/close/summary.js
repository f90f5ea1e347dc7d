/**
 * The fourth step: drafts to take, edit or drop; notes to edit, order and share.
 *
 * In: insights and notes of the API. Out: notes. Never here: statements of its own.
 */

import { Problem, find, get, patch, post, remove } from "../api.js";
import { preference, refresh } from "../state.js";
import { h } from "../dom.js";
import { Resource } from "../resource.js";
import { failure, field } from "../components.js";
import { ask } from "../forms.js";
import { language, t } from "../i18n.js";

const SECTIONS = { live: "section.live", ec: "section.ec", promotion: "section.promotion" };
const KINDS = { observation: "sheet.observations", summary: "sheet.summary" };

export class SummaryStep {
  #editing = null;
  #text = "";
  #problem = null;
  #form = { section: "live", kind: "summary", text: "" };

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
    const list = this.notes.data?.notes ?? [];
    return [
      this.#problem && h("div", { key: "problem" }, failure(this.#problem)),
      h("h3", { key: "drafts-title", class: "title title-3" }, t("dash.drafts")),
      this.drafts.length
        ? h("ul", { key: "drafts", class: "cards" }, ...this.drafts.map((insight) => this.#draft(insight)))
        : h("p", { key: "drafts", class: "quiet" }, t("close.drafts.none")),
      ...Object.keys(SECTIONS).flatMap((section) => Object.keys(KINDS).map((kind) => {
        const notes = list.filter((note) => note.section === section && note.kind === kind);
        return notes.length > 0 && h("section", { key: `${section} ${kind}`, "aria-label": `${t(SECTIONS[section])} – ${t(KINDS[kind])}` },
          h("h3", { class: "title title-3" }, `${t(SECTIONS[section])} – ${t(KINDS[kind])}`),
          h("ul", { class: "cards" }, ...notes.map((note) => this.#note(note))));
      })),
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
    return h("textarea", { key: "editor", rows: 3, maxlength: 4000, "aria-label": `${t("close.edit")}: ${label.slice(0, 40)}`, value: this.#text, oninput: (event) => { this.#text = event.target.value; } });
  }

  #note(note) {
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
        editing
          ? h("button", { key: "save", type: "button", class: "button button-main", onclick: save }, t("close.save"))
          : h("button", { key: "edit", type: "button", class: "button", "aria-label": `${t("close.edit")}: ${short}`, onclick: () => this.#edit(note.id, note.text) }, t("close.edit")),
        h("button", { key: "share", type: "button", class: "button", "aria-pressed": String(note.share), onclick: () => this.#change(() => patch(`${base}/${note.id}`, { share: !note.share })) }, t("dash.notes.shared")),
        h("button", { key: "remove", type: "button", class: "button button-quiet", "aria-label": `${t("dash.notes.remove")}: ${short}`, onclick: async () => (await ask(t("dash.notes.remove"), t("dash.notes.confirm_delete"), t("dash.notes.remove"))) && this.#change(() => remove(`${base}/${note.id}`)) }, t("dash.notes.remove"))));
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
