/**
 * Tracking numbers of a show, from a carrier's export.
 *
 * In: a file. Out: an import, and its receipt. Never here: the reading of the file.
 */

import { upload } from "../server/api.js";
import { panel } from "../components/components.js";
import { h } from "../page/dom.js";
import { Columns, fileOf } from "../imports/columns.js";
import { Form } from "../components/forms.js";
import { t } from "../page/i18n.js";
import { receipt } from "../imports/receipt.js";

/** By the sender of the file: the carrier, where no column names it. */
const CARRIERS = { yamato_b2: "ヤマト運輸", other: null };

export class Tracking {
  /** @param changed called after an import */
  constructor(session, changed) {
    this.imported = null;
    this.form = new Form("tracking", { source: "yamato_b2", file: null, carrier: CARRIERS.yamato_b2 }, async (values) => {
      this.imported = await upload("/v1/imports", values.file, this.columns.options());
      await changed();
    });
    this.columns = new Columns("tracking", () => {
      const { carrier } = this.form.values;
      // A column that names the carrier is looked for first.
      const constant = carrier && this.columns.found && !this.columns.heading("carrier");
      return { subject: session, ...(constant ? { constants: { carrier } } : {}) };
    });
  }

  render() {
    const choose = ({ target }) => this.form.replace({ ...this.form.values, source: target.value, carrier: CARRIERS[target.value] });
    return panel("tracking-panel", t("brand.tracking"), null,
      h("p", { class: "quiet" }, t("brand.tracking.intro")),
      this.form.render(t("brand.tracking"), () => [
        h("div", { class: "form-row" },
          this.form.field("/file", t("brand.file"), { kind: "file", required: true, accept: ".csv,.xlsx,.xls,.ods,.gz", onchange: fileOf(this.form, this.columns) }),
          this.form.field("/source", t("brand.tracking.source"), { kind: "select", options: Object.keys(CARRIERS).map((name) => [name, t(`brand.tracking.source.${name}`)]), onchange: choose })),
        this.columns.render(),
        h("div", { class: "form-row" },
          this.form.field("/carrier", t("brand.tracking.carrier"), { maxlength: 100 })),
      ], { submit: t("brand.import") }),
      this.imported && receipt(this.imported));
  }
}
