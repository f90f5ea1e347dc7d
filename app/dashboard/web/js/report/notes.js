/**
 * Notes of a session: what operators saw, and how they sum it up.
 *
 * In: the notes of the API. Out: a list, and a form for those who may write. Never here: the sheet, which includes the notes.
 */

import { Problem, get, patch, post, remove } from "../server/api.js";
import { may, refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { field, notice, panel, problemWords } from "../components/components.js";
import { labelled, t } from "../page/i18n.js";

const SECTIONS = { live: "section.live", ec: "section.ec", promotion: "section.promotion" };
const KINDS = { observation: "sheet.observations", summary: "sheet.summary" };

export class Notes {
  /** @param changed called after a note was written or taken away */
  constructor(base, changed) {
    this.base = base;
    this.changed = changed;
    this.list = new Resource(() => get(`${base}/notes?limit=200`));
    this.list.load();
    /** `share` is null while the kind decides. */
    this.form = { section: "live", kind: "observation", text: "", share: null };
    this.problem = null;
  }

  get writable() {
    return may.write();
  }

  leave() {
    this.list.stop();
  }

  /** Put a draft into the form, for an operator to check and edit. */
  draft(section, text) {
    Object.assign(this.form, { section, kind: "summary", text });
    refresh();
    requestAnimationFrame(() => document.getElementById("note-text")?.focus());
  }

  async #change(work) {
    this.problem = null;
    try {
      await work();
      await this.list.load();
      this.changed();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
    refresh();
  }

  #add(event) {
    event.preventDefault();
    const text = this.form.text.trim();
    if (!text) return;
    this.#change(async () => {
      await post(`${this.base}/notes`, { ...this.form, text });
      Object.assign(this.form, { text: "", share: null });
    });
  }

  render() {
    const list = this.list.data?.notes ?? [];
    return panel("notes", t("dash.notes"), { class: "sheet" },
      h("ul", { class: "notes" }, ...list.map((note) => h(
        "li",
        { key: note.id },
        h("small", null, `${t(SECTIONS[note.section])} · ${t(KINDS[note.kind])} · ${t(note.share ? "dash.notes.shared" : "dash.notes.internal")}`),
        h("p", null, note.text),
        this.writable && h("span", { class: "note-buttons" }, h("button", {
          type: "button", class: "button button-quiet",
          onclick: () => this.#change(() => patch(`${this.base}/notes/${note.id}`, { share: !note.share })),
        }, t(note.share ? "dash.notes.hide" : "dash.notes.share")), h("button", {
          type: "button", class: "button button-quiet", "aria-label": labelled(t("dash.notes.remove"), note.text.slice(0, 40)),
          onclick: () => confirm(t("dash.notes.confirm_delete")) && this.#change(() => remove(`${this.base}/notes/${note.id}`)),
        }, t("dash.notes.remove"))),
      ))),
      list.length === 0 && h("p", { class: "empty" }, t("dash.notes.none")),
      this.writable && this.#form());
  }

  #form() {
    const choice = (name, options) =>
      h("select", { value: this.form[name], onchange: (event) => { this.form[name] = event.target.value; refresh(); } },
        ...Object.entries(options).map(([value, label]) => h("option", { value }, t(label))));
    return h(
      "form",
      { class: "note-form", onsubmit: (event) => this.#add(event), "aria-label": t("dash.notes.add") },
      field(t("dash.notes.section"), choice("section", SECTIONS)),
      field(t("dash.notes.kind"), choice("kind", KINDS)),
      field(t("dash.notes.text"), h("textarea", {
        id: "note-text", rows: 3, required: true, maxlength: 4000, value: this.form.text, oninput: (event) => { this.form.text = event.target.value; },
      })),
      h("label", { class: "note-share" }, h("input", {
        type: "checkbox", checked: this.form.share ?? this.form.kind === "summary", onchange: (event) => { this.form.share = event.target.checked; },
      }), " ", t("dash.notes.shared")),
      this.problem && notice("critical", problemWords(this.problem)),
      h("button", { class: "button button-main" }, t("dash.notes.add")),
    );
  }
}
