/**
 * The logo of a brand: shown beside its name; uploaded and removed by those who may write.
 *
 * In: a brand of the API, a file. Out: an image, a form. Never here: what an image may be; the server looks at its content.
 */

import { putFile, remove } from "../server/api.js";
import { BASE } from "../page/base.js";
import { h } from "../page/dom.js";
import { Form, ask } from "../components/forms.js";
import { t } from "../page/i18n.js";
import { may } from "../page/state.js";

/** An image of a logo; another logo has another address. */
export const logoImage = (path, tag, brand) => tag && h("img", { key: tag, class: "brand-logo", src: `${BASE}${path}?v=${tag.slice(0, 12)}`, alt: t("logo.alt", { brand }) });

export class Logo {
  /** @param brand the resource of the brand */
  constructor(slug, brand) {
    this.path = `/v1/brands/${encodeURIComponent(slug)}/logo`;
    this.brand = brand;
    this.form = new Form("logo", { file: null }, async ({ file }) => {
      await putFile(this.path, file);
      this.form.replace({ file: null });
      await this.brand.load();
    });
  }

  async #remove() {
    if (!(await ask(t("logo.remove"), t("logo.remove_question"), t("form.remove")))) return;
    await remove(this.path);
    await this.brand.load();
  }

  image() {
    const { logo, name } = this.brand.data ?? {};
    return logoImage(this.path, logo, name);
  }

  render() {
    return may.write() && this.brand.data && h("details", { key: "logo", class: "logo-form" }, h("summary", null, t("logo.title")),
      this.form.render(t("logo.title"), () => this.form.field("/file", t("logo.file"), {
        kind: "file", required: true, accept: ".png,.jpg,.jpeg,image/png,image/jpeg", help: t("logo.help"),
      }), {
        submit: t("logo.upload"),
        aside: this.brand.data.logo && h("button", { type: "button", class: "button button-quiet button-danger", onclick: () => this.#remove() }, t("logo.remove")),
      }));
  }
}
