/**
 * Products of a brand from a spreadsheet: names, aliases and customs data.
 *
 * In: a file. Out: an import, and its receipt. Never here: the reading of the file.
 */

import { upload } from "../server/api.js";
import { panel } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { t } from "../page/i18n.js";
import { Columns, fileOf } from "../imports/columns.js";
import { receipt } from "../imports/receipt.js";

export class ProductImport {
  /** @param changed called after an import */
  constructor(brand, changed) {
    this.imported = null;
    this.form = new Form("product-file", { file: null }, async (values) => {
      this.imported = await upload("/v1/imports", values.file, this.columns.options());
      await changed();
    });
    this.columns = new Columns("products", () => ({ brand }));
  }

  render() {
    return panel("product-import", t("brand.product.import"), null,
      h("p", { class: "quiet" }, t("brand.product.import_intro")),
      this.form.render(t("brand.product.import"), () => [
        this.form.field("/file", t("brand.file"), { kind: "file", required: true, accept: ".csv,.xlsx,.xls,.ods,.gz", onchange: fileOf(this.form, this.columns) }),
        this.columns.render(),
      ], { submit: t("brand.import") }),
      this.imported && receipt(this.imported));
  }
}
