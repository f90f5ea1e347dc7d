/**
 * The first step: orders and audience from the exports of the platforms' back ends.
 *
 * In: a file. Out: an import, after a look at what it would change. Never here: the reading of the file, which is the server's.
 */

import { Problem, get, path, upload } from "../server/api.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Columns } from "../imports/columns.js";
import { ImportList } from "../imports/list.js";
import { outcome } from "./import_report.js";
import { failure, field, notice } from "../components/components.js";
import { ZONES } from "../plan/zones.js";
import { platformName, t } from "../page/i18n.js";
import { exportZone } from "../page/platforms.js";

const KINDS = ["orders", "audience"];

export class ImportStep {
  #kind = "orders";
  #subject = null;
  /** The zone of times without one, as it was chosen; null while the source decides. */
  #zone = null;
  #file = null;
  /** The columns of the file. */
  #columns = null;
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
    this.imports = new ImportList(view.base, changed);
    this.imports.list.load();
  }

  leave() {
    this.imports.leave();
  }

  #take(file) {
    if (!file) return;
    this.#file = file;
    this.#done = null;
    this.#look();
  }

  /** Another file, kind or room: its columns are read, with the options that this source had before. */
  async #look() {
    this.#tried = this.#problem = null;
    refresh();
    if (!this.#file) return;
    const [file, kind] = [this.#file, this.#kind];
    const { brand } = this.view.session.data;
    this.#columns = new Columns(kind, () => this.#base(), () => { this.#tried = null; });
    const { imports } = await get(path("/v1/imports/options", { brand, kind })).catch(() => ({ imports: [] }));
    // Another file may have been chosen meanwhile.
    if (file !== this.#file || kind !== this.#kind) return;
    await this.#columns.begin(file, imports.find(({ source }) => source === this.#source)?.options);
  }

  /** Whose export it is: of a platform, or of no room alone. */
  get #source() {
    return this.#subject?.includes(":") ? this.#subject.split(":")[0] : "";
  }

  get #timezone() {
    return this.#zone ?? exportZone(this.#source) ?? this.view.session.data.time_zone;
  }

  #base() {
    const session = this.view.session.data;
    return {
      subject: this.#subject ?? this.view.id, timezone: this.#timezone,
      ...(this.#kind === "orders" ? { currency: session.currency } : { type: "live.audience.sampled" }),
    };
  }

  async #send(dry) {
    this.#busy = true;
    this.#problem = null;
    refresh();
    try {
      const report = await upload(path("/v1/imports", { dry_run: dry ? "true" : null }), this.#file, this.#columns.options());
      if (dry) this.#tried = report;
      else {
        this.#done = report;
        this.#tried = null;
        this.imports.list.load();
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
        field(t("close.import.kind"), h("select", { value: this.#kind, onchange: (event) => { this.#kind = event.target.value; this.#look(); } },
          ...KINDS.map((kind) => h("option", { value: kind }, t(`close.import.kind.${kind}`))))),
        field(t("close.import.subject"), h("select", { value: this.#subject ?? this.view.id, onchange: (event) => { this.#subject = event.target.value; this.#look(); } },
          h("option", { value: this.view.id }, t("close.import.whole")),
          ...session.streams.map(({ platform, room }) => h("option", { value: `${platform}:${room}` }, `${platformName(platform)} ${room}`)))),
        field(t("close.import.zone"), h("select", { value: this.#timezone, onchange: (event) => { this.#zone = event.target.value; this.#look(); } },
          ...[...new Set([this.#timezone, ...ZONES])].map((zone) => h("option", { value: zone }, zone))))),
      this.#drop(),
      this.#file && this.#columns?.render(),
      this.#columns?.complete && h("div", { key: "try", class: "form-buttons" },
        h("button", { type: "button", class: "button", disabled: this.#busy, onclick: () => this.#send(true) }, t(this.#busy ? "close.import.busy" : "close.import.try"))),
      this.#problem && h("div", { key: "problem" }, failure(this.#problem)),
      this.#tried && h("div", { key: "tried" }, outcome(this.#tried, session, true),
        h("button", { type: "button", class: "button button-main", disabled: this.#busy, onclick: () => this.#send(false) }, t("close.import.go"))),
      this.#done && h("div", { key: "done" }, notice("info", t("close.import.done")), outcome(this.#done, session, false)),
      this.imports.render(),
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
}
