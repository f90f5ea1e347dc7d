/**
 * One connection, or a new one: its form, the URL to paste, a test, the last deliveries, and the preview of a mapping.
 *
 * In: an id, or `new` and a kind. Out: a page. Never here: stored secrets; the API does not return them.
 */

import { Problem, get, patch, post, remove } from "../server/api.js";
import { failure, heading, notice, panel, serverWords, table, waiting } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form, ask } from "../components/forms.js";
import { READER_ZONE, moment, number, t } from "../page/i18n.js";
import { Resource, every } from "../server/resource.js";
import { brandOptions } from "../people/fields.js";
import { go, link } from "../page/router.js";
import { refresh } from "../page/state.js";
import { Completion } from "./completion.js";
import { fieldsOf, optionsOf, secretsOf, valuesOf } from "./fields.js";
import { copyButton, kindName, state } from "./list.js";
import { MappingPreview } from "./mapping.js";
import { PreviousSecret } from "../components/previous_secret.js";

export class View {
  constructor(id, kind) {
    this.id = id === "new" ? null : id;
    this.kinds = new Resource(() => get("/v1/connections/kinds"));
    this.completion = new Completion("rules", () => ({ events: this.kinds.data?.event_types ?? [], paths: this.preview?.paths ?? [] }));
    this.one = new Resource(async () => (this.id ? get(`/v1/connections/${this.id}`) : { kind, name: null, secrets_set: [] }));
    this.deliveries = new Resource(async () => (await get(`/v1/connections/${this.id}/deliveries`)).deliveries);
    this.brands = new Resource(() => get("/v1/brands?limit=200"));
    this.kinds.load();
    this.one.load();
    if (this.id) this.deliveries.load();
    else this.brands.load();
    this.stop = this.id ? every(5000, () => this.deliveries.load()) : () => {};
    this.checks = this.said = null;
    this.previous = new PreviousSecret(async (changes) => (this.one.data = await patch(`/v1/connections/${this.id}`, changes)));
    this.copied = false;
  }

  title() {
    return this.one.data?.name ?? t("connection.add");
  }

  leave() {
    this.stop();
    for (const one of [this.kinds, this.one, this.deliveries, this.brands]) one.stop();
  }

  get kind() {
    return this.kinds.data?.kinds.find(({ kind }) => kind === this.one.data?.kind);
  }

  async #save(values) {
    const body = { name: values.name, secrets: secretsOf(values.secrets), options: optionsOf(this.kind, values.options) };
    if (!this.id) {
      const made = await post("/v1/connections", { ...body, kind: this.kind.kind, ...(values.brand && { brand: values.brand }) });
      return go(link("connection", made.id));
    }
    this.one.data = await patch(`/v1/connections/${this.id}`, { ...body, enabled: values.enabled });
    this.form.replace(valuesOf(this.kind, this.one.data));
  }

  async #do(work) {
    this.said = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.said = error.words;
    }
    refresh();
  }

  #test() {
    return this.#do(async () => (this.checks = (await post(`/v1/connections/${this.id}/test`)).checks));
  }

  async #rotate() {
    if (!(await ask(t("connection.rotate"), t("connection.rotate_question"), t("connection.rotate")))) return;
    await this.#do(async () => (this.one.data = await patch(`/v1/connections/${this.id}`, { rotate_url: true })));
    this.copied = false;
  }

  async #delete() {
    if (!(await ask(t("connection.delete"), t("connection.delete_question"), t("connection.delete")))) return;
    await this.#do(async () => {
      await remove(`/v1/connections/${this.id}`);
      go(link("connections"));
    });
  }

  render() {
    const { one, kind } = { one: this.one.data, kind: this.kind };
    const failed = [this.one, this.kinds].find(({ error }) => error);
    if (failed) return failure(failed.error, () => failed.load());
    if (!one || !this.kinds.data) return waiting();
    if (!kind) return h("p", { class: "empty" }, t("dash.error.missing"));
    this.form ??= new Form("connection", valuesOf(kind, one), (values) => this.#save(values));
    if (kind.kind === "mapping" && this.id) this.preview ??= new MappingPreview(this.id, () => optionsOf(kind, this.form.values.options));
    return [
      h("div", { class: "view-head" }, heading(1, this.title()), h("a", { href: link("connections") }, t("dash.nav.connections"))),
      h("div", { role: "status" }, this.said && notice("warning", this.said)),
      this.id && this.#state(one, kind),
      panel("connection-form", kindName(kind.kind), {}, this.form.render(kindName(kind.kind), () => [
        this.form.field("/name", t("dash.name"), { required: true }),
        !this.id && this.form.field("/brand", t("connection.brand"), { kind: "select", options: brandOptions(this.brands), help: t("connection.brand_help") }),
        ...fieldsOf(this.form, kind, one.secrets_set, this.completion).flat(),
        kind.keeps_previous_secret && this.id && h("p", { class: "quiet" }, t("connection.previous_help")),
        this.id && this.form.field("/enabled", t("connection.enabled"), { kind: "checkbox" }),
      ], { submit: t(this.id ? "form.save" : "connection.create"), aside: this.id && h("button", { type: "button", class: "button button-quiet button-danger", onclick: () => this.#delete() }, t("connection.delete")) })),
      this.preview?.render(),
      this.id && this.#deliveries(),
    ];
  }

  #state(one, kind) {
    return panel("connection-state", t("dash.state"), {},
      h("p", null, state(one)),
      one.webhook_url && h("div", { class: "copied" }, h("span", { class: "quiet" }, t("connection.url_help")), h("code", { class: "address" }, one.webhook_url),
        copyButton(one.webhook_url, this.copied, () => { this.copied = true; refresh(); }),
        h("button", { type: "button", class: "button button-quiet", onclick: () => this.#rotate() }, t("connection.rotate"))),
      h("p", null, h("button", { type: "button", class: "button", onclick: () => this.#test() }, t("connection.test"))),
      this.previous.render(one),
      this.checks && h("ul", { class: "texts", role: "status" }, ...this.checks.map((check) => h("li", { key: check.name },
        h("span", { class: `chip ${check.ok ? "chip-good" : "chip-out"}` }, t(check.ok ? "connection.ok" : "dash.connections.failing")), " ", serverWords(check.detail)))),
      kind.polled && h("p", { class: "quiet" }, t("connection.polled")));
  }

  #deliveries() {
    const rows = (this.deliveries.data ?? []).map((one, index) => ({ ...one, id: index }));
    const columns = [
      { label: t("connection.at"), cell: (one) => h("span", { class: "nowrap" }, moment(one.at, READER_ZONE)) },
      { label: t("dash.state"), cell: (one) => t(`delivery_outcome.${one.outcome}`) },
      { label: t("dash.connections.events"), numeric: true, cell: (one) => number(one.events) },
      { label: t("connection.reason"), cell: (one) => one.reason && serverWords(one.reason) },
    ];
    return panel("deliveries", t("connection.deliveries"), {}, rows.length
      ? table("delivery-table", t("connection.deliveries"), columns, rows)
      : h("p", { class: "empty" }, t("connection.no_deliveries")));
  }
}
