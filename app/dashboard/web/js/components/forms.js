/**
 * Forms: fields with label, help and error; a question before what cannot be undone.
 *
 * In: a document, and work that sends it. Out: descriptions of fields, and the document as the API takes it. Never here: requests,
 * rules about values; the server knows them, and its problem names the field.
 */

import { Problem } from "../server/api.js";
import { fieldErrors, notice, problemWords, serverWords } from "./components.js";
import { h, render } from "../page/dom.js";
import { fieldWords, grouped, ruleKnown, t } from "../page/i18n.js";
import { refresh } from "../page/state.js";

/** A number as people type it: full-width digits, separators and currency signs are left out. */
const digits = (text) => text.normalize("NFKC").replace(/[,\s¥円元%]/g, "").replace(/[−–]/g, "-");

/** Return a percentage as the API's ratio: 30 → 0.30, 12.5 → 0.125. A fraction such as 2/3 stays as it is. */
export function ratioOf(percentage) {
  const text = digits(percentage);
  const found = /^(\d{1,3})(?:\.(\d*))?$/.exec(text);
  if (!found) return text;
  const whole = found[1].padStart(3, "0");
  return `${whole.slice(0, -2)}.${whole.slice(-2)}${found[2] ?? ""}`;
}

/** Return the API's ratio as a percentage: 0.125 → 12.5. */
export function percentageOf(ratio) {
  const found = /^(\d+)(?:\.(\d+))?$/.exec(ratio);
  if (!found) return ratio;
  const fraction = (found[2] ?? "").padEnd(2, "0");
  const rest = fraction.slice(2).replace(/0+$/, "");
  return `${Number(found[1] + fraction.slice(0, 2))}${rest && `.${rest}`}`;
}

const whole = (text) => (/^-?\d{1,15}$/.test(digits(text)) ? Number(digits(text)) : text);
/** How a kind of field reads what is typed, and shows what is stored. */
const KINDS = {
  text: { read: (text) => text },
  textarea: { read: (text) => text },
  select: { read: (text) => text },
  date: { read: (text) => text, type: "date" },
  money: { read: digits, show: (value) => (/^-?\d+(\.\d+)?$/.test(value) ? grouped(value) : value), inputmode: "decimal" },
  decimal: { read: digits, inputmode: "decimal" },
  percent: { read: ratioOf, show: percentageOf, inputmode: "decimal" },
  whole: { read: whole, show: String, inputmode: "numeric" },
};
const partsOf = (pointer) => pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

export class Form {
  busy = false;
  /** What the server refused, or null. */
  problem = null;
  /** True from a successful submission until the next change. */
  saved = false;
  #send;
  #typed = new Map();
  #errors = new Map();
  #shown = new Set();

  /**
   * @param id of the form in the page
   * @param values the document; fields change it while they are typed in
   * @param send sends the values; a `Problem` is shown, each error beside its field
   */
  constructor(id, values, send) {
    Object.assign(this, { id, values });
    this.#send = send;
  }

  get(pointer) {
    return partsOf(pointer).reduce((at, part) => at?.[part], this.values);
  }

  set(pointer, value) {
    const parts = partsOf(pointer);
    const last = parts.pop();
    parts.reduce((at, part) => (at[part] ??= {}), this.values)[last] = value;
    this.saved = false;
    this.#errors.delete(pointer);
    refresh();
  }

  /** Other values: what was typed and what was refused belong to the old ones. */
  replace(values) {
    Object.assign(this, { values, problem: null, saved: false });
    this.#typed.clear();
    this.#errors.clear();
    refresh();
  }

  /**
   * A field. `kind`: text, textarea, select (with `options`: value → label, or pairs), date, money, decimal, percent, whole,
   * checkbox or file. An empty field is null. Other properties are those of the control.
   */
  field(pointer, label, { kind = "text", help, options, ...properties } = {}) {
    this.#shown.add(pointer);
    const id = `${this.id}${pointer.replace(/[^\w-]/g, "-")}`;
    const error = this.#errors.get(pointer);
    const control = {
      id, name: pointer, "aria-invalid": error ? "true" : null,
      "aria-describedby": [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ") || null, ...properties,
    };
    const caption = h("label", { for: id, class: "field-label" }, label);
    const drawn = kind === "checkbox" ? this.#checkbox(pointer, control) : this.#control(pointer, kind, options, control);
    return h("div", { key: pointer, class: `field field-${kind}` },
      kind === "checkbox" ? [drawn, caption] : [caption, drawn],
      help && h("span", { id: `${id}-help`, class: "field-help" }, help),
      error && h("span", { id: `${id}-error`, class: "field-error", title: error.detail }, fieldWords(error), !ruleKnown(error.code) && serverWords(error.detail)));
  }

  #checkbox(pointer, control) {
    return h("input", { type: "checkbox", checked: Boolean(this.get(pointer)), onchange: (event) => this.set(pointer, event.target.checked), ...control });
  }

  #control(pointer, kind, options, control) {
    if (kind === "file") return h("input", { type: "file", onchange: (event) => this.set(pointer, event.target.files[0] ?? null), ...control });
    const { read, show = (value) => value, type = "text", inputmode } = KINDS[kind];
    const stored = this.get(pointer) ?? "";
    const typed = (event) => {
      this.#typed.set(pointer, event.target.value);
      this.set(pointer, event.target.value.trim() === "" ? null : read(event.target.value));
    };
    const left = () => {
      this.#typed.delete(pointer);
      refresh();
    };
    const value = this.#typed.get(pointer) ?? (stored === "" ? "" : show(stored));
    if (kind === "textarea") return h("textarea", { rows: 3, value, oninput: typed, onchange: left, ...control });
    if (kind !== "select") return h("input", { type, inputmode, autocomplete: "off", value, oninput: typed, onchange: left, ...control });
    const pairs = Array.isArray(options) ? options : Object.entries(options);
    return h("select", { value: stored, onchange: (event) => this.set(pointer, event.target.value || null), ...control },
      ...pairs.map(([name, words]) => h("option", { key: name, value: name }, words)));
  }

  /** The form. `fields()` returns its content; `aside` stands beside the button that submits it. */
  render(label, fields, { submit = t("form.save"), aside, look = "" } = {}) {
    this.#shown.clear();
    const content = fields();
    // An error about a field that is not shown, or about no field, must be seen too.
    const other = [...this.#errors].filter(([pointer]) => !this.#shown.has(pointer)).map(([, error]) => error);
    const wrong = this.problem && notice("critical", h("p", null, problemWords(this.problem)), other.length > 0 && fieldErrors(other));
    return h("form", { id: this.id, class: `form ${look}`, "aria-label": label, onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      content,
      h("div", { class: "form-problem", role: "alert" }, wrong),
      h("div", { class: "form-end" },
        // A button that is disabled would lose the focus.
        h("button", { class: "button button-main", "aria-disabled": this.busy ? "true" : null }, this.busy ? t("form.busy") : submit),
        aside,
        h("span", { class: "form-saved", role: "status" }, this.saved && t("form.saved"))));
  }

  async submit() {
    if (this.busy) return;
    Object.assign(this, { busy: true, problem: null, saved: false });
    this.#errors.clear();
    refresh();
    try {
      await this.#send(this.values);
      this.saved = true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      for (const one of error.errors) this.#errors.set(one.pointer, one);
    } finally {
      this.busy = false;
      refresh();
    }
    // After the drawing that marks the field.
    if (this.problem) requestAnimationFrame(() => document.getElementById(this.id)?.querySelector("[aria-invalid=true]")?.focus());
  }
}

/** Ask before what cannot be undone; resolves to whether the answer is yes. Escape is no. */
export function ask(title, text, yes) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "dialog-title");
  dialog.setAttribute("aria-describedby", "dialog-text");
  document.body.append(dialog);
  render(dialog, h("form", { method: "dialog" },
    h("h2", { id: "dialog-title", class: "title" }, title),
    h("div", { id: "dialog-text", class: "dialog-text" }, text),
    h("div", { class: "form-end" },
      h("button", { class: "button", value: "no", autofocus: true }, t("form.cancel")),
      h("button", { class: "button button-main", value: "yes" }, yes))));
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}
