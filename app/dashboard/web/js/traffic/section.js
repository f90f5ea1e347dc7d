/**
 * Traffic on the report: the sheet's own section, and the funnel divided by platform, product or source.
 *
 * In: the section of the report document, the funnel document. Out: a panel. Never here: other words than the sheet's, sums.
 */

import { find } from "../server/api.js";
import { barList, panel, phrase, table } from "../components/components.js";
import { h } from "../page/dom.js";
import { labelled, number, platformName, sourceName, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { refresh } from "../page/state.js";
import { stepColumns } from "./funnel.js";

/** Steps that are the session's for each of its products. */
const OF_SESSION = 2;
/** A longer table scrolls under its head. */
const MOST = 12;
const BY = ["none", "platform", "product", "source"];

/** The section of a report, of either edition and of any revision. */
export function trafficSection(section, cells, extra = null) {
  if (!section) return null;
  const { funnel, sources } = section;
  return panel("traffic", section.title, { class: "sheet" },
    section.figures.length > 0 && cells(section.figures),
    h("h3", { class: "title title-3" }, funnel.title),
    barList(funnel.rows.map((row) => (
      { key: row.kpi, label: row.label, value: row.value, text: [row.text, row.rate_text].filter(Boolean).join(" · ") }
    ))),
    extra,
    sources && h("h3", { class: "title title-3" }, sources.title),
    sources && table("source-table", sources.title, columnsOf(sources.columns), sources.rows, {
      foot: [sources.remainder, sources.total], rowKey: (row) => `${row.source} ${row.paid} ${row.name}`,
    }),
    ...section.notes.map((note, index) => h("p", { key: `note-${index}`, class: "quiet small" }, phrase(note))));
}

const columnsOf = ([source, flow, ...figures]) => [
  { label: source.label, class: "source-name", cell: (row) => phrase(row.name) },
  { label: flow.label, cell: (row) => row.flow || null },
  ...figures.map(({ key, label }) => ({ label, numeric: true, cell: (row) => row.figures[key].text })),
];

export class FunnelParts {
  #by = "none";

  constructor(base) {
    this.parts = new Resource(() => (this.#by === "none" ? null : find(`${base}/funnel?by=${this.#by}`)));
  }

  render() {
    const { data } = this.parts;
    const name = (row) => row.name ?? (row.platform ? platformName(row.platform) : sourceName(row.source));
    const choice = h("label", { class: "field" }, h("span", { class: "field-label" }, t("traffic.by")),
      h("select", { id: "funnel-by", onchange: (event) => this.#choose(event.target.value) },
        ...BY.map((by) => h("option", { key: by, value: by, selected: by === this.#by }, t(`traffic.by.${by}`)))));
    return h("div", { key: "funnel-parts", class: "texts" }, choice,
      data?.by === this.#by && !data.parts.length && h("p", { class: "empty" }, t("chart.empty")),
      data?.by === this.#by && data.parts.length > 0 && table("funnel-table", t(`traffic.by.${data.by}`),
        [{ label: t(`traffic.by.${data.by}`), class: "product-cell", cell: (row) => [phrase(name(row)), row.paid !== null && row.paid !== undefined && h("small", null, ` ${t(row.paid ? "traffic.paid" : "traffic.organic")}`)] },
          ...stepColumns(data.steps, data.parts, data.by === "product" ? OF_SESSION : 0)],
        data.parts, { rowKey: (row) => `${row.platform} ${row.product} ${row.source} ${row.paid}`, tall: data.parts.length > MOST }),
      data?.by === "source" && data.remainder && h("p", { class: "quiet small" },
        labelled(t("traffic.remainder"), ["product_viewers", "clickers", "buyers"].filter((kpi) => data.remainder[kpi] !== null).map((kpi) => `${t(`metric.${kpi}`)} ${number(data.remainder[kpi])}`).join(" · "))));
  }

  #choose(by) {
    this.#by = by;
    this.parts.load();
    refresh();
  }
}
