/**
 * Export of a brand's tables: which table, which days, which format.
 *
 * In: a choice. Out: a file of the API, saved. Never here: rows.
 */

import { download, path } from "../server/api.js";
import { BASE } from "../page/base.js";
import { panel } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { READER_ZONE, language, t } from "../page/i18n.js";

const TABLES = ["sessions", "kpis", "products", "orders", "events"];
const FORMATS = ["csv", "parquet"];

/** The moment at which a day of the reader's device begins, `later` days after it. */
const beginOf = (day, later = 0) => {
  if (!day) return null;
  const begin = new Date(`${day}T00:00`);
  begin.setDate(begin.getDate() + later);
  return begin.toISOString();
};

export class Exports {
  constructor(slug) {
    this.form = new Form("export", { table: "kpis", format: "csv", from: null, to: null }, ({ table, format, from, to }) =>
      download(path(`/v1/exports/${table}`, { brand: slug, format, from: beginOf(from), to: beginOf(to, 1), lang: language() }), `${slug}_${table}.${format}`));
  }

  leave() {}

  render() {
    const { form } = this;
    const words = (key, names) => names.map((name) => [name, t(`export.${key}.${name}`)]);
    return panel("exports", t("brand.part.exports"), null,
      h("p", { class: "quiet" }, t("export.intro")),
      form.render(t("brand.part.exports"), () => [
        form.field("/table", t("export.table"), { kind: "select", options: words("table", TABLES), help: t(`export.table.${form.get("/table")}.help`) }),
        h("div", { class: "form-row" },
          form.field("/from", t("dash.from"), { kind: "date" }), form.field("/to", t("dash.to"), { kind: "date" }),
          form.field("/format", t("export.format"), { kind: "select", options: words("format", FORMATS) })),
        h("p", { class: "quiet small" }, t("brand.times", { zone: READER_ZONE })),
      ], { submit: t("export.save"), aside: h("a", { href: `${BASE}/guide/reference/exports` }, t("export.columns")) }));
  }
}
