/**
 * The columns of a file: which heading is which field, guessed by the server and chosen by the operator.
 *
 * In: a file, or the form that has it. Out: a list of the file's own headings for each field, with the guess marked; the options of an import. Never here: the
 * reading of the file, the guess.
 */

import { Problem, upload } from "../server/api.js";
import { failure, notice } from "../components/components.js";
import { h } from "../page/dom.js";
import { t } from "../page/i18n.js";
import { refresh } from "../page/state.js";

/** Fields by kind of import, in the order in which they are asked for; the first ones are always shown. */
const FIELDS = {
  orders: {
    needed: ["order", "product", "quantity", "paid_at"],
    more: ["line_amount", "unit_price", "amount", "currency", "buyer", "sku", "refunded_amount", "refunded_at", "refund", "carrier", "tracking", "shipped_at", "placed_at", "cancelled_at", "delivered_at", "updated_at"],
  },
  audience: {
    needed: ["time"],
    more: ["concurrent", "viewers_total", "views_total", "likes_total", "comments_total", "shares_total", "followers_total", "average_watch_seconds", "impressions_total"],
  },
  tracking: { needed: ["order", "tracking"], more: ["shipped_at", "accepted_at", "carrier"] },
  exchange_rates: { needed: ["date", "rate"], more: [] },
  products: {
    needed: ["code"],
    more: ["name_ja", "name_zh", "name_en", "aliases", "customs_name_zh", "customs_name_en", "material", "hs_code", "origin", "net_weight_g"],
  },
};
const ENCODINGS = ["utf-8", "gb18030", "shift_jis", "utf-16", "big5", "euc-jp", "euc-kr", "windows-1252"];
/** What the controls of the file send. */
const HINTS = ["encoding", "sheet"];

export class Columns {
  /** What the server read, or null. */
  found = null;
  problem = null;
  busy = false;
  #file = null;
  #turn = 0;
  /** Field → heading, or null for none; what is not here is guessed. */
  #chosen = {};
  #hints = {};

  /**
   * @param kind of the import
   * @param base returns the other options of the import
   * @param changed called when another import would be made
   */
  constructor(kind, base, changed = () => {}) {
    Object.assign(this, { kind, base, changed });
  }

  /** Begin with a file; `remembered` are the options that its source had before. */
  async begin(file, remembered = null) {
    this.#file = file;
    this.#chosen = {};
    this.#hints = {};
    this.found = null;
    await this.#read();
    if (!remembered || file !== this.#file || !this.found) return;
    const headings = new Set(this.found.headings.map(({ heading }) => heading));
    const columns = Object.entries(remembered.columns ?? {}).filter(([, heading]) => heading !== null);
    if (!columns.length || !columns.every(([, heading]) => headings.has(heading))) return;
    this.#chosen = Object.fromEntries(columns);
    await this.#read();
  }

  async #read() {
    const turn = ++this.#turn;
    Object.assign(this, { busy: true, problem: null });
    this.changed();
    refresh();
    try {
      const found = await upload("/v1/imports/columns", this.#file, this.options());
      if (turn === this.#turn) this.found = found;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (turn === this.#turn) this.problem = problem;
    }
    if (turn !== this.#turn) return;
    this.busy = false;
    refresh();
  }

  /** The options of the import: what was chosen is named, the rest is guessed again, and stands so in the receipt. */
  options() {
    return { kind: this.kind, ...this.base(), columns: this.#chosen, guess: true, ...this.#hints };
  }

  /** True if nothing more has to be chosen. */
  get complete() {
    return this.found !== null && !this.busy && this.found.missing.length === 0;
  }

  heading(field) {
    return field in this.#chosen ? this.#chosen[field] : this.found?.guessed[field]?.heading ?? null;
  }

  #choose(field, heading) {
    this.#chosen = { ...this.#chosen, [field]: heading || null };
    this.#read();
  }

  render() {
    const { found } = this;
    if (!this.#file) return null;
    const { needed, more } = FIELDS[this.kind];
    const missing = found?.missing ?? [];
    const asked = new Set(missing.flat());
    const shown = [...needed, ...more.filter((field) => this.heading(field) || asked.has(field))];
    return h("fieldset", { key: "columns", class: "columns", "aria-busy": this.busy ? "true" : null },
      h("legend", { class: "title title-3" }, t("close.import.columns")),
      this.problem && h("div", { key: "problem" }, failure(this.problem)),
      found && [
        missing.length > 0 && h("div", { key: "missing", role: "status" }, notice("warning",
          t("columns.missing", { columns: missing.map((group) => group.map(fieldName).join(" / ")).join(" · ") }))),
        h("div", { key: "grid", class: "form-grid columns-grid" }, ...shown.map((field) => this.#one(field, asked.has(field)))),
      ],
      h("details", { key: "more" }, h("summary", null, t("close.import.more")),
        h("div", { class: "form-grid columns-grid" }, found && more.filter((field) => !shown.includes(field)).map((field) => this.#one(field, false)), ...this.#fileHints())));
  }

  #one(field, asked) {
    const guessed = !(field in this.#chosen) && this.found.guessed[field];
    const id = `column-${this.kind}-${field}`;
    const heading = this.heading(field) ?? "";
    const examples = this.found.headings.find((one) => one.heading === heading)?.examples ?? [];
    return h("div", { key: field, class: "field" },
      h("label", { for: id, class: "field-label" }, fieldName(field)),
      h("select", { id, value: heading, "aria-describedby": `${id}-about`, "aria-invalid": asked ? "true" : null, onchange: (event) => this.#choose(field, event.target.value) },
        h("option", { value: "" }, "—"),
        ...this.found.headings.map((one) => h("option", { key: one.heading, value: one.heading }, one.heading))),
      h("span", { id: `${id}-about`, class: "field-help" },
        guessed && h("span", { class: "chip" }, t(`columns.guessed.${guessed.by}`)), " ",
        asked && t("columns.choose"), examples.map((one, index) => [index > 0 && " · ", h("span", { class: one.length < 24 ? "nowrap" : null }, one)])));
  }

  #fileHints() {
    const choices = { encoding: this.found?.format === "workbook" ? [] : ENCODINGS, sheet: this.found?.sheets ?? [] };
    return HINTS.filter((name) => choices[name].length > (name === "sheet" ? 1 : 0)).map((name) => h("label", { key: name, class: "field" },
      h("span", { class: "field-label" }, t(`columns.form.${name}`)),
      h("select", { value: this.#hints[name] ?? "", onchange: (event) => {
        const { [name]: old, ...others } = this.#hints;
        this.#hints = event.target.value ? { ...others, [name]: event.target.value } : others;
        this.#read();
      } },
        h("option", { value: "" }, t("columns.found", { value: this.found?.[name] ?? "—" })),
        ...choices[name].map((one) => h("option", { key: one, value: one }, one)))));
  }
}

/** What a file field of a form does: the form has the file, and its columns are read. */
export const fileOf = (form, columns) => ({ target }) => {
  const file = target.files[0] ?? null;
  form.set("/file", file);
  if (file) columns.begin(file);
};

export const fieldName = (field) => t(`close.column.${field}`);
