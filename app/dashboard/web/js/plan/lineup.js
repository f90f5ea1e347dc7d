/**
 * The third block of a plan: its products, as a grid.
 *
 * In: what is typed, pasted, dragged. Out: the line-up of the plan, in order. Never here: sales.
 */

import { h } from "../page/dom.js";
import { CatalogueCodes } from "./catalogue.js";
import { Dragging } from "../components/dragging.js";
import { PasteDialog } from "./paste_dialog.js";
import { ITEM } from "./fields.js";
import { isTable } from "./paste.js";
import { panel } from "../components/components.js";
import { labelled, number, t } from "../page/i18n.js";

const COLUMNS = [
  ["product", { class: "col-code" }],
  ["name", { class: "col-name" }],
  ["list_price", { class: "col-price", inputmode: "decimal" }],
  ["live_price", { class: "col-price", inputmode: "decimal" }],
  ["stock", { class: "col-stock", inputmode: "numeric" }],
  ["talk_points", { class: "col-talk" }],
];
const LONGEST = { product: 256, name: 256, talk_points: 4000 };

export class Lineup {
  #number = 0;
  /** Where a row went, for screen readers. */
  #said = "";

  /** @param brand returns the slug of the session's brand */
  constructor(saved, brand) {
    this.saved = saved;
    this.catalogue = new CatalogueCodes(saved, brand);
    this.paste = new PasteDialog((products) => this.#take(products));
    this.dragging = new Dragging((from, to) => this.#move(from, to));
  }

  #take(products) {
    this.saved.change((plan) => {
      const rows = [...plan.lineup];
      for (const product of products) {
        const index = rows.findIndex((row) => row.product === product.product);
        if (index >= 0) rows[index] = { ...rows[index], ...product };
        else rows.push({ ...product, local: this.#key() });
      }
      plan.lineup = rows;
    });
  }

  #key() {
    this.#number += 1;
    return `row-${this.#number}`;
  }

  #add() {
    const local = this.#key();
    this.saved.change((plan) => { plan.lineup = [...plan.lineup, { product: "", local }]; });
    requestAnimationFrame(() => document.querySelector("#lineup-grid tbody tr:last-child input")?.focus());
  }

  #move(from, to) {
    const last = this.saved.plan.lineup.length - 1;
    const target = Math.max(0, Math.min(last, to));
    if (from === target) return;
    this.saved.change((plan) => {
      const rows = [...plan.lineup];
      rows.splice(target, 0, ...rows.splice(from, 1));
      plan.lineup = rows;
    });
    const row = this.saved.plan.lineup[target];
    this.#said = t("plan.lineup.moved", { name: row.name || row.product, position: target + 1, count: last + 1 });
  }

  /** A table that is pasted anywhere in the grid is offered as products; a single value goes into its field. */
  #pasted(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!isTable(text)) return;
    event.preventDefault();
    this.paste.read(text);
  }

  render(plan) {
    const rows = plan.lineup;
    this.catalogue.look();
    return panel("plan-lineup", t("plan.lineup"), { aside: h("div", { class: "live-buttons" },
      h("button", { type: "button", class: "button", onclick: () => this.paste.open() }, t("plan.paste")),
      h("button", { type: "button", class: "button", onclick: () => this.#add() }, t("plan.lineup.add"))) },
      h("div", { key: "grid", class: "table-frame plan-grid", tabindex: "0", role: "region", "aria-label": t("plan.lineup"), onpaste: (event) => this.#pasted(event) },
        h("table", { id: "lineup-grid" },
          h("caption", { class: "unseen" }, t("plan.lineup")),
          h("thead", null, h("tr", null,
            h("th", { scope: "col" }, h("span", { class: "unseen" }, t("plan.lineup.order"))),
            ...COLUMNS.map(([name, look]) => h("th", { scope: "col", class: look.class }, t(`plan.field.${name}`))),
            h("th", { scope: "col" }, h("span", { class: "unseen" }, t("plan.remove"))))),
          h("tbody", null, ...rows.map((row, index) => this.#row(row, index))))),
      rows.length === 0 && h("p", { key: "none", class: "quiet" }, t("plan.lineup.none")),
      h("p", { key: "hint", class: "quiet small" }, t("plan.lineup.hint"), " ", rows.length > 0 && t("plan.lineup.count", { count: number(rows.length) })),
      h("p", { key: "said", class: "unseen", "aria-live": "polite" }, this.#said),
      this.catalogue.render(rows),
      this.paste.render());
  }

  #row(row, index) {
    const set = (name) => (event) => {
      const { value } = event.target;
      this.saved.change(() => { row[name] = ITEM[name] === "count" && /^\d+$/.test(value) ? Number(value) : value || (name === "product" ? "" : null); });
    };
    const name = row.name || row.product || index + 1;
    const keys = (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by || !(event.altKey || event.currentTarget === event.target && event.target.tagName === "BUTTON")) return;
      event.preventDefault();
      this.#move(index, index + by);
    };
    return h("tr", { key: row.local ?? row.product, "data-row": index, class: this.dragging.from === index ? "is-dragged" : null, onkeydown: (event) => event.altKey && keys(event) },
      h("td", { class: "col-order" }, h("button", {
        type: "button", class: "handle", "aria-label": t("plan.lineup.move", { name, position: index + 1 }), title: t("plan.lineup.move_hint"),
        onkeydown: keys, onpointerdown: (event) => this.dragging.begin(event, index),
      }, h("span", { "aria-hidden": "true" }, "⠿"), ` ${index + 1}`)),
      ...COLUMNS.map(([field, { class: look, ...properties }]) => h("td", { class: look }, h(field === "talk_points" ? "textarea" : "input", {
        ...(field === "talk_points" ? { rows: 1 } : { type: "text" }), ...properties, maxlength: LONGEST[field] ?? 24, "aria-label": `${t(`plan.field.${field}`)} ${index + 1}`,
        ...(field === "product" ? code(row, set("product")) : { value: text(row[field]), oninput: set(field) }),
      }), field === "product" && this.catalogue.isNew(row.product) && h("small", { class: "chip chip-good" }, t("plan.lineup.new")))),
      h("td", null, h("button", {
        type: "button", class: "button button-quiet", "aria-label": labelled(t("plan.remove"), name),
        onclick: () => this.saved.change((plan) => { plan.lineup = plan.lineup.filter((other) => other !== row); }),
      }, "×")));
  }
}

const text = (value) => (value === null || value === undefined ? "" : String(value));

/** A code is taken over when it is complete: it may become a product of the brand. */
const code = (row, take) => ({
  value: row.typed ?? row.product,
  oninput: (event) => { row.typed = event.target.value; },
  onchange: (event) => {
    delete row.typed;
    take(event);
  },
});
