/**
 * A long table: its top rows, sorted by any column, searched by name.
 *
 * In: columns and rows. Out: a description of the table and its controls. Never here: requests, figures.
 */

import { field, phrase, table } from "./components.js";
import { h } from "../page/dom.js";
import { number, t } from "../page/i18n.js";
import { refresh } from "../page/state.js";

/** So many rows are shown at first; a table that has more can be searched. */
const TOP = 12;

export class SortableTable {
  #search = "";
  #all = false;
  #column = null;
  #descending = true;

  /**
   * @param id of the table
   * @param initial key of the column by which a long table is sorted at first
   */
  constructor(id, initial) {
    this.id = id;
    this.initial = initial;
  }

  /**
   * Columns are those of `table`, with `sort(row)`: a number, a text, or null, which comes last.
   * @param named returns the texts of a row that are searched
   */
  render(caption, columns, rows, { named, ...options }) {
    const long = rows.length > TOP;
    const key = this.#column ?? (long ? this.initial : null);
    const sorted = key === null ? rows : this.#sorted(rows, columns.find((column) => column.key === key));
    const wanted = this.#search.trim().toLowerCase();
    const found = wanted ? sorted.filter((row) => named(row).some((text) => text?.toLowerCase().includes(wanted))) : sorted;
    const shown = this.#all ? found : found.slice(0, TOP);
    return [
      long && h("div", { key: "search", class: "table-tools" },
        field(t("dash.table.search"), h("input", {
          type: "search", value: this.#search, maxlength: 100, oninput: (event) => this.#change(() => { this.#search = event.target.value; }),
        })),
        h("span", { class: "quiet small", role: "status" }, t("dash.table.shown", { shown: number(shown.length), count: number(rows.length) }))),
      table(this.id, caption, columns.map((column) => this.#head(column, key)), shown, { ...options, tall: shown.length > TOP }),
      found.length === 0 && h("p", { class: "empty" }, t("dash.table.none")),
      found.length > TOP && h("button", { type: "button", class: "button button-quiet", onclick: () => this.#change(() => { this.#all = !this.#all; }) },
        this.#all ? t("dash.table.top", { count: TOP }) : t("dash.table.all", { count: number(found.length) })),
    ];
  }

  #change(work) {
    work();
    refresh();
  }

  #head(column, key) {
    if (!column.sort) return column;
    const active = column.key === key;
    const label = h("button", { type: "button", class: "sort", onclick: () => this.#change(() => this.#by(column, active)) },
      phrase(column.label), h("span", { class: "sort-sign", "aria-hidden": "true" }, active ? (this.#descending ? "▼" : "▲") : ""));
    return { ...column, label, sorted: active ? (this.#descending ? "descending" : "ascending") : null };
  }

  /** Sort by a column, figures from the highest, names from the first; by the same column again the other way round. */
  #by(column, active) {
    this.#descending = active ? !this.#descending : Boolean(column.numeric);
    this.#column = column.key;
  }

  #sorted(rows, { sort }) {
    const known = rows.filter((row) => sort(row) !== null);
    const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
    known.sort((a, b) => (this.#descending ? compare(sort(b), sort(a)) : compare(sort(a), sort(b))));
    return [...known, ...rows.filter((row) => sort(row) === null)];
  }
}
