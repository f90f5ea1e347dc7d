/**
 * Products from a spreadsheet: what was pasted, and which column is what.
 *
 * In: a text. Out: products. Never here: the plan.
 */

import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { dialog } from "../components/dialog.js";
import { FIELDS, guessColumns, parseTable, productsOf } from "./paste.js";
import { field } from "../components/components.js";
import { number, t } from "../page/i18n.js";

const PREVIEW = 5;

export class PasteDialog {
  #shown = false;
  #text = "";
  #table = null;

  /** @param take `(products)` */
  constructor(take) {
    this.take = take;
  }

  open() {
    this.#shown = true;
    refresh();
  }

  /** Show what a text holds. */
  read(text) {
    this.#shown = true;
    this.#text = text;
    this.#table = text.trim() ? guessColumns(parseTable(text)) : null;
    refresh();
  }

  #close = () => {
    this.#shown = false;
    this.#text = "";
    this.#table = null;
    refresh();
  };

  async #file(event) {
    const [file] = event.target.files;
    if (file) this.read(decoded(await file.arrayBuffer()));
  }

  render() {
    if (!this.#shown) return null;
    const products = this.#table ? productsOf(this.#table.rows, this.#table.fields) : [];
    return dialog("paste", t("plan.paste"), this.#close,
      field(t("plan.paste.text"), h("textarea", { rows: 5, value: this.#text, class: "mono", oninput: (event) => this.read(event.target.value) }), t("plan.paste.hint")),
      field(t("plan.paste.file"), h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv", onchange: (event) => this.#file(event) })),
      this.#table && this.#preview(),
      this.#table && !this.#table.fields.includes("product") && h("p", { class: "notice notice-warning" }, t("plan.paste.no_code")),
      h("div", { class: "form-buttons" },
        h("button", { type: "button", class: "button button-main", disabled: !products.length, onclick: () => { this.take(products); this.#close(); } },
          t("plan.paste.go", { count: number(products.length) })),
        h("button", { type: "button", class: "button button-quiet", onclick: this.#close }, t("plan.cancel"))));
  }

  #preview() {
    const { fields, rows, headings } = this.#table;
    const choose = (column) => (event) => {
      const wanted = event.target.value || null;
      // A field stands in one column only.
      fields.forEach((name, other) => { if (name === wanted) fields[other] = null; });
      fields[column] = wanted;
      refresh();
    };
    return h("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": t("plan.paste.columns") },
      h("table", null,
        h("caption", { class: "unseen" }, t("plan.paste.columns")),
        h("thead", null, h("tr", null, ...fields.map((name, column) => h("th", { scope: "col" },
          headings && h("span", { class: "quiet" }, headings[column] ?? ""),
          h("select", { value: name ?? "", "aria-label": t("plan.paste.column", { number: column + 1 }), onchange: choose(column) },
            h("option", { value: "" }, "—"), ...FIELDS.map((one) => h("option", { value: one }, t(`plan.field.${one}`)))))))),
        h("tbody", null, ...rows.slice(0, PREVIEW).map((row, index) => h("tr", { key: index }, ...fields.map((_, column) => h("td", null, row[column] ?? "")))))),
      rows.length > PREVIEW && h("p", { class: "quiet small" }, t("plan.paste.more", { count: number(rows.length - PREVIEW) })));
  }
}

/** The text of a file: UTF-8 if it is, else the encoding of the language in which spreadsheets are saved here. */
export function decoded(bytes) {
  for (const encoding of ["utf-8", "gb18030", "shift_jis"]) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
      // The next one.
    }
  }
  return new TextDecoder("utf-8").decode(bytes);
}
