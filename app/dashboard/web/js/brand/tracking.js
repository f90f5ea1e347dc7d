/**
 * Tracking numbers of a show, from a carrier's export.
 *
 * In: a file and the names of its columns. Out: an import, and its receipt. Never here: the reading of the file.
 */

import { upload } from "../api.js";
import { panel } from "../components.js";
import { h } from "../dom.js";
import { Form } from "../forms.js";
import { t } from "../i18n.js";
import { receipt } from "./receipt.js";

/** Columns of exports that are known; the fields hold them and can be changed. */
const SOURCES = {
  yamato_b2: { order: "お客様管理番号", tracking: "伝票番号", shipped_at: "出荷予定日", carrier: "ヤマト運輸" },
  other: { order: "order", tracking: "tracking", shipped_at: null, carrier: null },
};

export class Tracking {
  /** @param changed called after an import */
  constructor(session, changed) {
    this.imported = null;
    this.form = new Form("tracking", { source: "yamato_b2", file: null, accepted_at: null, ...SOURCES.yamato_b2 }, async (values) => {
      const columns = Object.fromEntries(["order", "tracking", "shipped_at", "accepted_at"].filter((name) => values[name]).map((name) => [name, values[name]]));
      const options = { kind: "tracking", subject: session, columns, ...(values.carrier ? { constants: { carrier: values.carrier } } : {}) };
      this.imported = await upload("/v1/imports", values.file, options);
      await changed();
    });
  }

  render() {
    const choose = ({ target }) => this.form.replace({ ...this.form.values, source: target.value, ...SOURCES[target.value] });
    return panel("tracking-panel", t("brand.tracking"), null,
      h("p", { class: "quiet" }, t("brand.tracking.intro")),
      this.form.render(t("brand.tracking"), () => [
        h("div", { class: "form-row" },
          this.form.field("/file", t("brand.file"), { kind: "file", required: true, accept: ".csv,.xlsx,.xls,.ods,.gz" }),
          this.form.field("/source", t("brand.tracking.source"), { kind: "select", options: Object.keys(SOURCES).map((name) => [name, t(`brand.tracking.source.${name}`)]), onchange: choose })),
        h("div", { class: "form-row" },
          this.form.field("/order", t("brand.tracking.order_column"), { required: true, maxlength: 200 }),
          this.form.field("/tracking", t("brand.tracking.number_column"), { required: true, maxlength: 200 }),
          this.form.field("/shipped_at", t("brand.tracking.shipped_column"), { maxlength: 200 }),
          this.form.field("/accepted_at", t("brand.tracking.accepted_column"), { maxlength: 200 }),
          this.form.field("/carrier", t("brand.tracking.carrier"), { maxlength: 100 })),
      ], { submit: t("brand.import") }),
      this.imported && receipt(this.imported));
  }
}
