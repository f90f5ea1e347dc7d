/**
 * Exchange rates: the list, one that is entered, a file that is imported.
 *
 * In: rates of the API. Out: forms and a table. Never here: a rate that no one entered.
 */

import { get, path, put, remove, upload } from "../server/api.js";
import { field, heading, panel, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { Columns, fileOf } from "../imports/columns.js";
import { Form, ask } from "../components/forms.js";
import { READER_ZONE, day, labelled, moment, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { keep, route } from "../page/router.js";
import { may, refresh } from "../page/state.js";
import { Work, agencyTabs, ofAgency } from "../components/brand_frame.js";
import { receipt } from "../imports/receipt.js";

export const KINDS = ["TTM", "TTB", "TTS"];
export const ratePath = (one) => `/v1/exchange-rates/${[one.date, one.from, one.to, one.kind].map((part) => encodeURIComponent(part ?? "")).join("/")}`;

export class View {
  constructor() {
    const { query } = route();
    this.filters = { from: query.get("from") ?? "", to: query.get("to") ?? "" };
    this.list = new Pages("exchange_rates", (cursor) => get(path("/v1/exchange-rates", { ...this.filters, limit: 100, cursor })));
    this.list.load();
    this.work = new Work();
    const pair = { from: "CNY", to: "JPY", kind: "TTM", source: null };
    this.one = new Form("rate", { date: null, ...pair, rate: null }, async (values) => {
      await put(ratePath(values), { rate: values.rate, source: values.source });
      // The next day's rate has the same source.
      this.one.replace({ ...values, date: null, rate: null });
      await this.list.load();
    });
    this.file = new Form("rate-file", { file: null, ...pair }, async (values) => {
      this.imported = await upload("/v1/imports", values.file, this.columns.options());
      await this.list.load();
    });
    this.columns = new Columns("exchange_rates", () => {
      const constants = Object.entries(this.file.values).filter(([name, value]) => name in pair && value);
      // The form has these: no column of the file has them too.
      return { constants: Object.fromEntries(constants) };
    });
    this.imported = null;
  }

  title() {
    return t("brand.rates");
  }

  leave() {
    this.list.stop();
  }

  #filter(name, value) {
    this.filters[name] = value;
    keep(this.filters);
    this.list.load();
    refresh();
  }

  async #remove(one) {
    if (!(await ask(t("brand.rates.remove"), labelled(`${day(one.date)} ${one.from}/${one.to} ${one.kind}`, one.rate), t("form.remove")))) return;
    await this.work.run(async () => {
      await remove(ratePath(one));
      await this.list.load();
    });
  }

  render() {
    const edits = may.write() && ofAgency();
    const since = (name, label) => field(t(label), h("input", { type: "date", value: this.filters[name], onchange: (event) => this.#filter(name, event.target.value) }));
    return [
      h("div", { class: "view-head" }, heading(1, this.title())),
      agencyTabs("rates"),
      h("p", { class: "quiet intro" }, t("brand.rates.intro")),
      edits && h("div", { class: "pair" }, this.#enter(), this.#import()),
      panel("rates", t("brand.rates"), null,
        h("div", { class: "table-tools" }, since("from", "dash.from"), since("to", "dash.to")),
        this.work.render(),
        this.list.render((rates) => table("rate-table", t("brand.rates"), columns(edits && ((one) => this.#remove(one))), rates, { rowKey: ratePath }), t("brand.rates.none"))),
    ];
  }

  #enter() {
    return panel("rate-new", t("brand.rates.enter"), null, this.one.render(t("brand.rates.enter"), () => h("div", { class: "form-row" },
      this.one.field("/date", t("brand.rates.day"), { kind: "date", required: true }),
      this.one.field("/rate", t("brand.rates.rate"), { kind: "decimal", required: true, help: t("brand.rates.rate_help"), maxlength: 24 }),
      ...pair(this.one))));
  }

  #import() {
    return panel("rate-import", t("brand.rates.import"), null,
      this.file.render(t("brand.rates.import"), () => [
        this.file.field("/file", t("brand.file"), { kind: "file", required: true, accept: ".csv,.xlsx,.xls,.ods,.gz", onchange: fileOf(this.file, this.columns) }),
        this.columns.render(),
        h("div", { class: "form-row" }, ...pair(this.file))], { submit: t("brand.import") }),
      this.imported && receipt(this.imported));
  }
}

/** The fields that a rate has besides its day and its figure. */
const pair = (form) => [
  form.field("/from", t("brand.rates.from"), { required: true, maxlength: 3, pattern: "[A-Z]{3}", size: 4 }),
  form.field("/to", t("brand.rates.to"), { required: true, maxlength: 3, pattern: "[A-Z]{3}", size: 4 }),
  form.field("/kind", t("brand.rates.kind"), { required: true, list: "rate-kinds", maxlength: 16, help: t("brand.rates.kind_help") }),
  form.field("/source", t("brand.rates.source"), { required: true, maxlength: 200, placeholder: t("brand.rates.source_example") }),
];

const columns = (take) => [
  { label: t("brand.rates.day"), cell: (one) => h("span", { class: "nowrap" }, day(one.date)) },
  { label: t("brand.rates.pair"), cell: (one) => h("span", { class: "nowrap" }, `${one.from} → ${one.to}`) },
  { label: t("brand.rates.kind"), cell: (one) => one.kind },
  { label: t("brand.rates.rate"), numeric: true, cell: (one) => one.rate },
  { label: t("brand.rates.source"), class: "text-cell", cell: (one) => one.source },
  { label: t("brand.rates.entered"), class: "roomy", cell: (one) => h("span", { class: "nowrap" }, moment(one.entered_at, READER_ZONE)) },
  take && { label: h("span", { class: "unseen" }, t("form.remove")), class: "narrow", cell: (one) => h("button", {
    type: "button", class: "button button-quiet", "aria-label": labelled(t("form.remove"), `${one.date} ${one.kind}`), onclick: () => take(one),
  }, t("form.remove")) },
].filter(Boolean);
