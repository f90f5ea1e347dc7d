/**
 * Completion in the rules of a mapping: names of our events and their fields, and paths of a sample.
 *
 * In: the text before the caret, what can stand there. Out: a list to choose from, with the keyboard or a pointer. Never here: the
 * meaning of a rule; the server checks it.
 */

import { h } from "../page/dom.js";
import { t } from "../page/i18n.js";
import { refresh } from "../page/state.js";

const MOST = 12;
const MOST_PATHS = 500;
const DEEPEST = 8;
const PARTS = ["type", "topics", "when", "each", "id", "time", "subject", "room", "data"];
const IDENTIFIER = /^[A-Za-z_]\w*$/;

/** A name of a path; JMESPath quotes what is no identifier, and JSON escapes the quotes. */
const step = (name) => (IDENTIFIER.test(name) ? name : `\\"${name}\\"`);

/** Paths of a value: of objects by their names, of a list by those of its first items. */
export function pathsOf(value, root = "", found = new Set(), depth = 0) {
  if (depth > DEEPEST || found.size >= MOST_PATHS) return found;
  if (Array.isArray(value)) {
    for (const item of value.slice(0, 3)) pathsOf(item, `${root}[]`, found, depth + 1);
  } else if (value && typeof value === "object") {
    for (const [name, inner] of Object.entries(value)) {
      const path = root ? `${root}.${step(name)}` : step(name);
      found.add(path);
      pathsOf(inner, path, found, depth + 1);
    }
  }
  return found;
}

/** What rules see of a body: the body itself, and with `each` an item of one of its lists. */
export function pathsOfSample(body) {
  const paths = [...pathsOf(body)];
  const items = paths.filter((path) => path.includes("[].")).map((path) => `item.${path.slice(path.lastIndexOf("[].") + 3)}`);
  return [...new Set([...paths, ...items, ...(items.length ? paths.filter((path) => !path.includes("[]")).map((path) => `body.${path}`) : [])])];
}

/** The string of the JSON in which the caret stands: where it begins, what it holds so far, and whether it is a key. */
export function stringAt(text, caret) {
  let start = -1;
  for (let at = 0; at < caret; at += 1) {
    if (text[at] === "\\" && start >= 0) at += 1;
    else if (text[at] === '"') start = start < 0 ? at + 1 : -1;
  }
  if (start < 0) return null;
  const before = text.slice(0, start - 1).trimEnd();
  return { start, written: text.slice(start, caret), before, isKey: /[{,]$/.test(before) && insideObject(before) };
}

/** True if what is open at the end of the text is an object: a string there is a key. */
function insideObject(before) {
  const open = openings(before);
  return open.at(-1)?.sign === "{";
}

/** What is open at the end of a text: each brace or bracket, where it stands, and the key that it belongs to. */
function openings(text) {
  const open = [];
  let [key, last] = [null, null];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]/g)) {
    if (token === "{" || token === "[") {
      open.push({ sign: token, key, index });
      key = null;
    }
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") key = last;
    else if (token === ",") key = null;
    if (token[0] === '"') last = token.slice(1, -1);
  }
  return open;
}

/** What can stand where the caret is: `{text, about}`. */
export function suggestions(text, caret, { events, paths }) {
  const at = stringAt(text, caret);
  if (!at) return null;
  const open = openings(at.before);
  const key = at.isKey ? null : /"((?:[^"\\]|\\.)*)"\s*:$/.exec(at.before)?.[1] ?? null;
  const all = (names, about) => names.map((name) => ({ text: name, about }));
  let list;
  if (at.isKey && open.at(-1)?.key === "data") list = all(fieldsOf(text, open.at(-2)?.index ?? 0, events), "field");
  else if (at.isKey) list = all(PARTS, "rule");
  else if (open.at(-1)?.sign === "[") return null;
  else if (key === "type") list = all(events.map(({ type }) => type), "type");
  else list = all(paths, "path");
  const wanted = at.isKey || key === "type" ? at.written : /[^\s|&!=<>(),]*$/.exec(at.written)[0];
  const found = list.filter((one) => one.text !== wanted && one.text.toLowerCase().includes(wanted.toLowerCase()));
  const first = (one) => (one.text.toLowerCase().startsWith(wanted.toLowerCase()) ? 0 : 1);
  return { from: caret - wanted.length, to: caret, list: found.sort((a, b) => first(a) - first(b)).slice(0, MOST) };
}

/** The fields of the event of a rule that begins at a position; of all events while it names none. */
function fieldsOf(text, rule, events) {
  const named = /"type"\s*:\s*"([\w.]*)"/.exec(text.slice(rule))?.[1];
  return events.find(({ type }) => type === named)?.fields ?? [...new Set(events.flatMap(({ fields }) => fields))];
}

export class Completion {
  #open = null;
  #chosen = 0;

  /** @param known returns `{events, paths}` */
  constructor(id, known) {
    Object.assign(this, { id, known });
  }

  /** Properties of the text area. */
  get properties() {
    const { list } = this.#open ?? {};
    return {
      // A text area stays a text box: only what such a one may say of its list.
      "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": `${this.id}-list`,
      "aria-activedescendant": list?.length ? `${this.id}-${this.#chosen}` : null,
      onkeydown: (event) => this.#key(event), onblur: () => this.#close(), onclick: () => this.#close(), onkeyup: (event) => this.#typed(event),
    };
  }

  #close() {
    if (!this.#open) return;
    this.#open = null;
    refresh();
  }

  #look(area) {
    this.#open = suggestions(area.value, area.selectionStart, this.known());
    if (!this.#open?.list.length) this.#open = null;
    this.#chosen = 0;
    refresh();
  }

  #typed({ key, target }) {
    if (/^[\w."]$/.test(key) || (key === "Backspace" && this.#open)) this.#look(target);
    else if (key.length === 1 && key !== " ") this.#close();
  }

  #key(event) {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      return this.#look(event.target);
    }
    if (!this.#open) return undefined;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { length } = this.#open.list;
    if (by) this.#chosen = (this.#chosen + by + length) % length;
    else if (event.key === "Enter" || event.key === "Tab") this.#take(event.target, this.#chosen);
    else if (event.key === "Escape") this.#open = null;
    else return undefined;
    event.preventDefault();
    event.stopPropagation();
    return refresh();
  }

  #take(area, index) {
    const { from, to, list } = this.#open;
    this.#open = null;
    area.setRangeText(list[index].text, from, to, "end");
    // The form takes it as typed.
    area.dispatchEvent(new Event("input"));
  }

  render(area) {
    return h("ul", { id: `${this.id}-list`, class: "completion", role: "listbox", "aria-label": t("completion.list"), hidden: this.#open ? null : true },
      ...(this.#open?.list ?? []).map((one, index) => h("li", {
        key: one.text, id: `${this.id}-${index}`, role: "option", class: "completion-option", "aria-selected": String(index === this.#chosen),
        // The area keeps the focus.
        onpointerdown: (event) => { event.preventDefault(); this.#take(area(), index); refresh(); },
      }, h("code", null, one.text), " ", h("span", { class: "quiet small" }, t(`completion.about.${one.about}`)))));
  }
}
