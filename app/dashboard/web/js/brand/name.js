/**
 * The name of a brand, changed by those who may write; its slug never changes.
 *
 * In: a brand of the API. Out: a form. Never here: the slug.
 */

import { patch } from "../server/api.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { t } from "../page/i18n.js";
import { may } from "../page/state.js";

export class BrandName {
  #form = null;

  /** @param brand the resource of the brand */
  constructor(slug, brand) {
    this.path = `/v1/brands/${encodeURIComponent(slug)}`;
    this.brand = brand;
  }

  render() {
    if (!may.write() || !this.brand.data) return null;
    this.#form ??= new Form("brand-name", { name: this.brand.data.name }, async ({ name }) => {
      await patch(this.path, { name });
      await this.brand.load();
    });
    return h("details", { key: "name", class: "logo-form" }, h("summary", null, t("brand.rename")),
      this.#form.render(t("brand.rename"), () => this.#form.field("/name", t("dash.name"), { required: true, maxlength: 200 })));
  }
}
