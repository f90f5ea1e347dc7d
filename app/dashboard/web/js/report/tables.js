/**
 * Tables that a report may have: targets, hosts, the platforms' own comparisons.
 *
 * In: these sections of the report document. Out: panels. Never here: figures of its own, other words than the report's.
 */

import { h } from "../page/dom.js";
import { panel, phrase, table } from "../components/components.js";

const SECTIONS = ["targets", "hosts", "benchmarks"];

/** The panels of the tables that the report has, in the order of its files. */
export function tablePanels({ sections }) {
  const found = SECTIONS.filter((name) => sections[name]);
  return found.length > 0 && h("div", { key: "tables", class: "report-tables" }, ...found.map((name) => drawn(name, sections[name])));
}

function drawn(name, { title, columns, rows, notes }) {
  const [first, ...others] = columns;
  const cells = [
    { label: first.label, class: "product-cell", cell: (row) => row.name },
    ...others.map(({ key, label }) => ({ label, numeric: true, cell: (row) => row.figures[key]?.text })),
  ];
  const isFoot = ({ kind }) => kind !== "row";
  return panel(`report-${name}`, title, { class: "sheet" },
    table(`report-${name}-table`, title, cells, rows.filter((row) => !isFoot(row)), { foot: rows.filter(isFoot), rowKey: (row) => row.name }),
    ...notes.map((note, index) => h("p", { key: `note-${index}`, class: "quiet small" }, phrase(note))));
}
