/**
 * Parts of the forms of people, keys, share links, connections and channels: role, brand, and a secret that is shown once.
 *
 * In: a form's values. Out: fields. Never here: requests.
 */

import { h } from "../page/dom.js";
import { field } from "../components/components.js";
import { refresh } from "../page/state.js";
import { t } from "../page/i18n.js";

export const roleField = (roles, form) =>
  field(t("people.role"), h("select", { value: form.role, onchange: (event) => { form.role = event.target.value; refresh(); } },
    ...roles.map((role) => h("option", { value: role }, t(`people.role.${role}`)))));

/** Pairs of a select: every brand, or none, which means all. */
export const brandOptions = (brands) => [["", t("people.all_brands")], ...(brands.data?.brands ?? []).map((brand) => [brand.slug, brand.name])];

/** The brand that a person or a key is bound to. */
export const brandField = (brands, form) =>
  field(t("people.bound_to"), h("select", { value: form.brand, onchange: (event) => { form.brand = event.target.value; } },
    ...brandOptions(brands).map(([slug, name]) => h("option", { value: slug }, name))));

/** A text that can be read and copied once, until the view is left. */
export class Secret {
  #text = null;
  #about = "";
  #copied = false;
  #label;

  /** @param label the key of the field's label */
  constructor(label) {
    this.#label = label;
  }

  show(text, about) {
    this.#text = text;
    this.#about = about;
    this.#copied = false;
    refresh();
  }

  render() {
    if (this.#text === null) return null;
    const input = () => document.getElementById(`secret-${this.#label}`);
    const copy = async () => {
      input().select();
      try {
        await navigator.clipboard.writeText(this.#text);
        this.#copied = true;
        refresh();
      } catch {
        // Without TLS there is no clipboard; the text is selected, and the keyboard copies it.
      }
    };
    return h("div", { class: "notice notice-info secret", role: "status", key: "secret" },
      field(t(this.#label), h("input", { id: `secret-${this.#label}`, type: "text", readonly: true, value: this.#text, spellcheck: "false" }), this.#about),
      h("button", { type: "button", class: "button button-main", onclick: copy }, t(this.#copied ? "dash.copied" : "dash.copy")));
  }
}
