/**
 * A statement: what it comes to, what it lacks, a second look, the issue, its files.
 *
 * In: a statement of the API. Out: a page; writes of operators. Never here: arithmetic.
 */

import { get, path, post, remove } from "../server/api.js";
import { failure, heading, notice, panel, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { ask } from "../components/forms.js";
import { LANGUAGES, READER_ZONE, date, language, moment, money, month as monthName, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { go, link } from "../page/router.js";
import { may, refresh } from "../page/state.js";
import { EnteredLines } from "./entered_lines.js";
import { Saving, Work, facts, ofAgency } from "../components/brand_frame.js";
import { Missing } from "./missing.js";
import { statementChip } from "./month.js";
import { SecondLook } from "./second_look.js";
import { deliverableTable, internalTables, lineTable, sums } from "./statement_tables.js";

const FILES = ["xlsx", "html", "beancount"];

export class Statement {
  constructor(slug, id) {
    this.slug = slug;
    this.path = `/v1/settlements/${encodeURIComponent(id)}`;
    this.document = new Resource(() => get(this.path));
    this.look = new SecondLook();
    this.missing = new Missing(slug, () => this.#compute());
    this.entered = new EnteredLines(this.path, (statement) => this.#show(statement));
    this.work = new Work();
    this.saving = new Saving();
    this.files = { language: null, edition: "client" };
    this.#load();
  }

  async #load() {
    await this.document.load();
    if (this.document.data) this.look.load(this.document.data);
  }

  leave() {
    this.document.stop();
  }

  #show(statement) {
    this.document.data = statement;
    this.look.load(statement);
    refresh();
  }

  async #compute() {
    this.#show(await post("/v1/settlements", { brand: this.slug, month: this.document.data.month }));
  }

  async #issue() {
    const { id, computed_at, month, currency, totals } = this.document.data;
    const payable = totals.payable_to_brand;
    const words = h("span", null, monthName(month), " ", h("strong", null, `${t(payable.startsWith("-") ? "settlement.owed" : "settlement.payable")} ${money(payable.replace("-", ""), currency)}`), h("br"), t("brand.statement.confirm_issue"));
    if (!(await ask(t("brand.statement.issue"), words, t("brand.statement.issue")))) return;
    this.work.run(async () => {
      try {
        // The same draft is issued once, however often the request is repeated after a lost answer.
        this.#show(await post(`${this.path}/issue`, undefined, { headers: { "Idempotency-Key": `${id}:${computed_at}` } }));
      } catch (error) {
        // The figures have changed meanwhile: they are shown first.
        if (error.code === "settlement_changed" || error.code === "settlement_incomplete") await this.#compute();
        throw error;
      }
    });
  }

  async #delete() {
    if (!(await ask(t("brand.statement.delete"), t("brand.statement.confirm_delete"), t("form.remove")))) return;
    this.work.run(async () => {
      await remove(this.path);
      go(link("brand", this.slug, "settlement"));
    });
  }

  async #take(line) {
    if (!(await ask(t("form.remove"), t("brand.entered.confirm"), t("form.remove")))) return;
    this.work.run(async () => {
      await remove(`${this.path}/lines/${line.id}`);
      await this.#load();
    });
  }

  render(name) {
    const { data, error } = this.document;
    if (error) return failure(error, () => this.#load());
    if (!data) return waiting();
    const draft = data.status === "draft";
    const edits = draft && may.write();
    return h("div", { class: "statement" },
      h("div", { class: "month-head" },
        h("div", null, heading(2, `${t("settlement.title")} ${monthName(data.month)}`), statementChip(data)),
        edits && h("div", { class: "live-buttons" },
          h("button", { type: "button", class: "button", onclick: () => this.work.run(() => this.#compute()) }, t("brand.statement.compute")),
          h("button", { type: "button", class: "button button-quiet button-danger", onclick: () => this.#delete() }, t("brand.statement.delete")))),
      this.work.render(),
      facts([
        data.number && [t("settlement.number"), data.number],
        data.issued_at && [t("settlement.date"), date(data.issued_at, READER_ZONE)],
        draft && [t("brand.statement.computed"), moment(data.computed_at, READER_ZONE)],
        data.issuer && [t("settlement.issuer"), data.issuer],
        data.registration_number && [t("settlement.registration_number"), data.registration_number],
        data.sha256 && ["SHA-256", h("code", { class: "hash" }, data.sha256)],
      ]),
      edits && this.missing.render(data.missing),
      panel("sums", t("brand.statement.sums"), null, sums(data),
        data.unexplained !== "0" && notice("critical", t("brand.statement.unexplained"), " ", money(data.unexplained, data.currency)),
        h("p", { class: "quiet small" }, t("settlement.sign"))),
      panel("lines", t("settlement.section.lines"), null,
        data.lines.length ? lineTable(data, edits && ((line) => this.#take(line))) : h("p", { class: "empty" }, t("brand.statement.no_lines")),
        data.lines.some((line) => line.kind === "correction") && h("p", { class: "quiet" }, t("brand.statement.corrections"))),
      edits && this.entered.render(),
      h("div", { class: "pair" },
        data.deliverables.length > 0 && panel("deliverables", t("settlement.section.deliverables"), null, deliverableTable("deliverable-table", data.deliverables)),
        this.#downloads(name)),
      internalTables(data),
      edits && this.look.render(data, h("button", { type: "button", class: "button button-main", disabled: data.missing.length > 0, onclick: () => this.#issue() }, t("brand.statement.issue"))));
  }

  #downloads() {
    const asked = (kind) => path(`${this.path}.${kind}`, { lang: this.files.language ?? language(), edition: ofAgency() ? this.files.edition : null });
    const choice = (name, options) => h("select", { value: this.files[name] ?? language(), onchange: (event) => { this.files[name] = event.target.value; refresh(); } },
      ...options.map(([value, words]) => h("option", { key: value, value }, words)));
    return panel("files", t("dash.release.files"), { class: "form" },
      h("div", { class: "form-row" },
        h("label", { class: "field" }, h("span", { class: "field-label" }, t("brand.file_language")), choice("language", Object.entries(LANGUAGES))),
        ofAgency() && h("label", { class: "field" }, h("span", { class: "field-label" }, t("dash.edition")), choice("edition", ["client", "internal"].map((one) => [one, t(`dash.edition.${one}`)])))),
      h("div", { class: "form-end" }, ...FILES.map((kind) => this.saving.button(t(`brand.file.${kind}`), asked(kind), `statement.${kind}`, "button"))),
      this.saving.render());
  }
}
