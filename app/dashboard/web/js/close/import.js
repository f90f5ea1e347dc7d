/**
 * The first step: orders and audience from the exports of the platforms' back-ends.
 *
 * In: a file. Out: an import, after a look at what it would change. Never here: the reading of the file, which is the server's; only its
 * headings are looked at, to offer which column is what.
 */

import { Problem, get, path, upload } from "../api.js";
import { refresh } from "../state.js";
import { h } from "../dom.js";
import { FIELDS, guess, headingsOf } from "./columns.js";
import { outcome } from "./import_report.js";
import { failure, field, notice } from "../components.js";
import { platformName, t } from "../i18n.js";

const KINDS = ["orders", "audience"];
const ENCODINGS = ["utf-8", "gb18030", "shift_jis", "utf-16", "big5", "euc-jp", "euc-kr", "windows-1252"];

export class ImportStep {
  #kind = "orders";
  #subject = null;
  #file = null;
  /** What the headings of the file are; null for a workbook, whose headings the operator types. */
  #headings = null;
  #columns = {};
  #encoding = "";
  #busy = false;
  #dragged = false;
  #problem = null;
  /** The answer of a dry run, then that of the import. */
  #tried = null;
  #done = null;

  /** @param changed called after an import */
  constructor(view, changed) {
    this.view = view;
    this.changed = changed;
  }

  async #take(file) {
    if (!file) return;
    this.#reset(file);
    const found = headingsOf(new Uint8Array(await file.arrayBuffer()));
    this.#headings = found?.headings.filter(Boolean) ?? null;
    this.#guess();
  }

  #reset(file) {
    this.#file = file;
    this.#tried = this.#done = this.#problem = null;
  }

  /** The options that this source had before, if its headings are still the same; else the guess. */
  async #guess() {
    const [headings, kind, file] = [this.#headings, this.#kind, this.#file];
    this.#columns = guess(kind, headings ?? []);
    this.#encoding = "";
    this.#tried = null;
    refresh();
    const { brand } = this.view.session.data;
    const { imports } = await get(path("/v1/imports/options", { brand, kind })).catch(() => ({ imports: [] }));
    const known = imports.find(({ source, options }) => source === this.#source && (!headings || Object.values(options.columns ?? {}).every((heading) => headings.includes(heading))));
    // Another file may have been chosen meanwhile.
    if (!known || file !== this.#file || kind !== this.#kind) return;
    this.#columns = { ...known.options.columns };
    this.#encoding = known.options.encoding ?? "";
    refresh();
  }

  /** Whose export it is: of a platform, or of no room alone. */
  get #source() {
    return this.#subject?.includes(":") ? this.#subject.split(":")[0] : "";
  }

  #options() {
    const columns = Object.fromEntries(Object.entries(this.#columns).filter(([, heading]) => heading));
    const session = this.view.session.data;
    return {
      kind: this.#kind, subject: this.#subject ?? this.view.id, columns, timezone: session.time_zone,
      ...(this.#kind === "orders" ? { currency: session.currency } : { type: "live.audience.sampled" }),
      ...(this.#encoding ? { encoding: this.#encoding } : {}),
    };
  }

  async #send(dry) {
    this.#busy = true;
    this.#problem = null;
    refresh();
    try {
      const report = await upload(path("/v1/imports", { dry_run: dry ? "true" : null }), this.#file, this.#options());
      if (dry) this.#tried = report;
      else {
        this.#done = report;
        this.#tried = null;
        this.changed();
      }
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    this.#busy = false;
    refresh();
  }

  render(session) {
    return [
      h("p", { key: "intro", class: "quiet" }, t("close.import.intro")),
      h("div", { key: "what", class: "form-grid" },
        field(t("close.import.kind"), h("select", { value: this.#kind, onchange: (event) => { this.#kind = event.target.value; this.#guess(); } },
          ...KINDS.map((kind) => h("option", { value: kind }, t(`close.import.kind.${kind}`))))),
        field(t("close.import.subject"), h("select", { value: this.#subject ?? this.view.id, onchange: (event) => { this.#subject = event.target.value; this.#tried = null; refresh(); } },
          h("option", { value: this.view.id }, t("close.import.whole")),
          ...session.streams.map(({ platform, room }) => h("option", { value: `${platform}:${room}` }, `${platformName(platform)} ${room}`))))),
      this.#drop(),
      this.#file && this.#mapping(),
      this.#problem && h("div", { key: "problem" }, failure(this.#problem)),
      this.#tried && h("div", { key: "tried" }, outcome(this.#tried, session, true),
        h("button", { type: "button", class: "button button-main", disabled: this.#busy, onclick: () => this.#send(false) }, t("close.import.go"))),
      this.#done && h("div", { key: "done" }, notice("info", t("close.import.done")), outcome(this.#done, session, false)),
    ];
  }

  #drop() {
    const over = (dragged) => (event) => {
      event.preventDefault();
      this.#dragged = dragged;
      refresh();
    };
    return h("label", {
      key: "drop", class: `drop ${this.#dragged ? "is-over" : ""}`,
      ondragover: over(true), ondragleave: over(false),
      ondrop: (event) => {
        over(false)(event);
        this.#take(event.dataTransfer.files[0]);
      },
    },
      h("span", { class: "strong" }, this.#file ? this.#file.name : t("close.import.drop")),
      h("span", { class: "quiet small" }, t("close.import.formats")),
      h("input", { type: "file", class: "unseen", accept: ".csv,.txt,.tsv,.xlsx,.xls,.xlsb,.ods,.gz,text/csv", onchange: (event) => this.#take(event.target.files[0]) }));
  }

  #mapping() {
    const { needed, more } = FIELDS[this.#kind];
    const set = (name) => (event) => {
      this.#columns = { ...this.#columns, [name]: event.target.value };
      this.#tried = null;
      refresh();
    };
    const control = (name) => (this.#headings
      ? h("select", { value: this.#columns[name] ?? "", onchange: set(name) }, h("option", { value: "" }, "—"), ...[...new Set(this.#headings)].map((heading) => h("option", { value: heading }, heading)))
      : h("input", { type: "text", maxlength: 200, value: this.#columns[name] ?? "", oninput: set(name) }));
    const one = (name) => h("div", { key: name }, field(t(`close.column.${name}`), control(name)));
    const missing = needed.filter((name) => !this.#columns[name]);
    const rest = more.filter((name) => !this.#columns[name]);
    return h("fieldset", { key: "columns", class: "columns" },
      h("legend", { class: "title title-3" }, t("close.import.columns")),
      !this.#headings && h("p", { key: "workbook", class: "quiet small" }, t("close.import.workbook")),
      h("div", { key: "grid", class: "form-grid" }, ...needed.map(one), ...more.filter((name) => this.#columns[name]).map(one)),
      h("details", { key: "more" }, h("summary", null, t("close.import.more")),
        h("div", { class: "form-grid" }, ...rest.map(one),
          h("div", { key: "encoding" }, field(t("close.import.encoding"), h("select", { value: this.#encoding, onchange: (event) => { this.#encoding = event.target.value; this.#tried = null; refresh(); } },
            h("option", { value: "" }, t("close.import.guessed")), ...ENCODINGS.map((name) => h("option", { value: name }, name))))))),
      h("button", { key: "try", type: "button", class: "button", disabled: this.#busy || missing.length > 0, onclick: () => this.#send(true) },
        t(this.#busy ? "close.import.busy" : "close.import.try")),
      missing.length > 0 && h("p", { key: "missing", class: "quiet small", role: "status" }, t("close.import.missing", { columns: missing.map((name) => t(`close.column.${name}`)).join(" · ") })));
  }
}
