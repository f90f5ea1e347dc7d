/**
 * The list of brands.
 *
 * In: brands of the API. Out: links to their pages, and a form for a new one. Never here: figures.
 */

import { get, path, post } from "../server/api.js";
import { field, heading, panel, phrase, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { READER_ZONE, date, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { go, keep, link, route } from "../page/router.js";
import { app, may } from "../page/state.js";
import { agencyTabs, ofAgency } from "../components/brand_frame.js";

export class View {
  constructor() {
    // A person of a brand has one brand.
    if (!ofAgency()) return go(link("brand", app.who.brand));
    this.q = route().query.get("q") ?? "";
    this.list = new Pages("brands", (cursor) => get(path("/v1/brands", { q: this.q.trim(), limit: 100, cursor })));
    this.list.load();
    this.form = new Form("new-brand", { slug: null, name: null }, async (values) => {
      const brand = await post("/v1/brands", { slug: values.slug, name: values.name });
      go(link("brand", brand.slug));
    });
  }

  title() {
    return t("brand.nav");
  }

  leave() {
    clearTimeout(this.typing);
    this.list?.stop();
  }

  #search(text) {
    this.q = text;
    keep({ q: text });
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.list.load(), 250);
  }

  render() {
    if (!this.list) return null;
    return [
      h("div", { class: "view-head" }, heading(1, this.title())),
      agencyTabs("brands"),
      h("form", { class: "table-tools", role: "search", onsubmit: (event) => event.preventDefault() },
        field(t("brand.search"), h("input", { type: "search", value: this.q, maxlength: 200, oninput: (event) => this.#search(event.target.value) }))),
      this.list.render((brands) => table("brand-table", this.title(), [
        { label: t("dash.brand"), class: "name-cell", cell: (one) => h("a", { class: "strong", href: link("brand", one.slug) }, phrase(one.name)) },
        { label: t("brand.slug"), cell: (one) => h("code", null, one.slug) },
        { label: t("brand.since"), class: "roomy", cell: (one) => h("span", { class: "nowrap" }, date(one.created_at, READER_ZONE)) },
      ], brands, { wide: false }), t(this.q ? "brand.none_found" : "brand.none")),
      this.list.answered && may.write() && panel("brand-new", t("brand.new"), null, this.form.render(t("brand.new"), () => h("div", { class: "form-row" },
        this.form.field("/name", t("dash.name"), { required: true, maxlength: 200 }),
        this.form.field("/slug", t("brand.slug"), { required: true, help: t("brand.slug_help"), pattern: "[a-z0-9][a-z0-9\\-]*", maxlength: 64, autocapitalize: "none" })))),
    ];
  }
}
