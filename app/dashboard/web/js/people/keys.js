/**
 * The API keys of tools: made, listed with expiry and last use, revoked.
 *
 * In: keys of the API without their secrets. Out: a panel. Never here: a key's text after it was shown once.
 */

import { get, post, remove } from "../server/api.js";
import { h } from "../page/dom.js";
import { Resource, change } from "../server/resource.js";
import { Secret, brandField, roleField } from "./fields.js";
import { failure, field, notice, panel, problemWords, table } from "../components/components.js";
import { READER_ZONE, labelled, moment, t } from "../page/i18n.js";

const ROLES = ["ingest", "viewer", "operator", "admin"];

export class Keys {
  /** @param brands the resource of the brands that a key may be bound to */
  constructor(brands) {
    this.brands = brands;
    this.list = new Resource(() => get("/v1/keys?limit=200"));
    this.list.load();
    this.form = { name: "", role: "ingest", brand: "", until: "" };
    this.secret = new Secret("people.key.made");
    this.problem = null;
  }

  leave() {
    this.list.stop();
  }

  #change(work) {
    return change(this, work, this.list);
  }

  #create(event) {
    event.preventDefault();
    const { name, role, brand, until } = this.form;
    const form = { role, name: name.trim() || null, brand: role === "admin" ? null : brand || null };
    // The last day that was chosen is one on which the key works.
    if (until) form.expires_at = new Date(new Date(`${until}T00:00`).getTime() + 86_400_000).toISOString();
    this.#change(async () => {
      const made = await post("/v1/keys", form);
      Object.assign(this.form, { name: "", until: "" });
      this.secret.show(made.key, t("people.key.once"));
    });
  }

  render() {
    const list = this.list.data?.keys.filter((key) => !key.revoked_at);
    return panel("keys", t("people.keys"), null,
      h("p", { class: "quiet" }, t("people.keys.intro")),
      this.list.error && failure(this.list.error, () => this.list.load()),
      this.problem && h("div", { role: "alert" }, notice("critical", problemWords(this.problem))),
      this.secret.render(),
      list && (list.length > 0 ? this.#table(list) : h("p", { class: "empty" }, t("people.keys.none"))),
      this.#form());
  }

  #table(list) {
    const time = (at, none) => (at ? h("span", { class: "nowrap" }, moment(at, READER_ZONE)) : t(none));
    const expired = (key) => key.expires_at && new Date(key.expires_at) <= new Date();
    const columns = [
      { label: t("dash.name"), cell: (key) => [h("span", { class: "strong" }, key.name ?? key.id), h("small", null, ` tl_${key.id}_…`)] },
      { label: t("people.role"), cell: (key) => t(`people.role.${key.role}`) },
      { label: t("dash.brand"), cell: (key) => key.brand ?? t("people.all_brands") },
      { label: t("people.expires"), cell: (key) => [time(key.expires_at, "people.expires.never"), expired(key) && h("span", { class: "chip" }, t("people.expired"))] },
      { label: t("people.last_used"), cell: (key) => time(key.last_used_at, "people.never") },
      { label: t("people.actions"), cell: (key) => h("button", {
        type: "button", class: "button button-quiet", "aria-label": labelled(t("people.revoke"), key.name ?? key.id),
        onclick: () => confirm(t("people.key.confirm", { name: key.name ?? key.id })) && this.#change(() => remove(`/v1/keys/${key.id}`)),
      }, t("people.revoke")) },
    ];
    return table("key-table", t("people.keys"), columns, list);
  }

  #form() {
    return h("form", { class: "form-grid people-form", onsubmit: (event) => this.#create(event), "aria-label": t("people.key.add") },
      field(t("dash.name"), h("input", { type: "text", maxlength: 200, value: this.form.name, oninput: (event) => { this.form.name = event.target.value; } })),
      roleField(ROLES, this.form),
      this.form.role !== "admin" && brandField(this.brands, this.form),
      field(t("people.expires"), h("input", { type: "date", value: this.form.until, onchange: (event) => { this.form.until = event.target.value; } })),
      h("button", { class: "button button-main" }, t("people.key.add")));
  }
}
