/**
 * Small parts that several views are made of.
 *
 * In: figures and words. Out: descriptions of elements. Never here: requests, state.
 */

import { chart } from "./charts.js";
import { h } from "./dom.js";
import { NOTHING, t } from "./i18n.js";

export const heading = (level, text, ...rest) => h(`h${level}`, { class: `title title-${level}` }, text, ...rest);

/** A panel with a heading: a region that a screen reader can jump to. */
export function panel(id, title, properties, ...children) {
  return h(
    "section",
    { key: id, id, class: `panel ${properties?.class ?? ""}`, "aria-labelledby": `${id}-title` },
    h("header", { class: "panel-head" }, h("h2", { id: `${id}-title`, class: "panel-title" }, title), properties?.aside),
    ...children,
  );
}

/** A chart in its panel. Until it is loaded it keeps its place; one that the server does not have is left out. */
export function chartPanel(name, { data: spec, pending }, { tall = false, wide = false } = {}) {
  if (!spec && !pending) return null;
  const look = ["panel-chart", tall && "tall", wide && "wide"].filter(Boolean).join(" ");
  const title = t(`dash.chart.${name}`);
  return panel(`chart-${name}`, title, { class: look }, spec
    ? h("div", { class: "chart", role: "img", "aria-label": spec.description ?? title, widget: chart, input: { spec, tall } })
    : h("div", { class: "chart" }));
}

/** The state of a session's figures; the lamp burns while it is on air. */
export const badge = (status) =>
  h("span", { class: `badge badge-${status}` }, status === "live" && h("span", { class: "lamp", "aria-hidden": "true" }), t(`status.${status}`));

export const notice = (level, ...children) => h("div", { class: `notice notice-${level}` }, ...children);

/** What went wrong, in words of the reader's, with a way out. */
export function failure(error, again) {
  const known = { 0: "offline", 403: "forbidden", 404: "missing", 422: "invalid", 502: "busy", 503: "busy", 504: "busy" };
  const kind = known[error.status] ?? "unknown";
  return h(
    "div",
    { class: "notice notice-critical", role: "alert" },
    h("p", null, t(`dash.error.${kind}`)),
    kind === "unknown" && h("p", { class: "quiet" }, error.message, error.instance && ` (${error.instance})`),
    again && h("button", { type: "button", class: "button", onclick: again }, t("dash.again")),
  );
}

export const waiting = () => h("p", { class: "waiting", role: "status" }, t("dash.loading"));

/** A line of the recent past. Its meaning stands beside it in words, so it is hidden from screen readers. */
export function sparkline(points, kind) {
  const known = points.filter((value) => value !== null);
  if (known.length < 2) return h("span", { class: "spark" });
  const [low, high] = [kind === "gain" ? 0 : Math.min(...known), Math.max(...known)];
  const spread = high - low || 1;
  const at = known.map((value, index) => [(index / (known.length - 1)) * 100, 26 - ((value - low) / spread) * 24]);
  const line = at.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join("");
  return h(
    "svg",
    { class: "spark", viewBox: "0 0 100 28", preserveAspectRatio: "none", "aria-hidden": "true" },
    h("path", { class: "spark-area", d: `${line}L100 28L0 28Z` }),
    h("path", { class: "spark-line", d: line }),
  );
}

/**
 * A table. Columns: `{key, label, numeric?, cell(row), sort?}`.
 * A wide one scrolls inside its own frame, which the keyboard can reach.
 */
export function table(id, caption, columns, rows, { foot = [], rowClass = () => null, rowKey = (row) => row.id, wide = true } = {}) {
  const look = (column) => [column.numeric && "numeric", column.class].filter(Boolean).join(" ") || null;
  const first = columns[0].select ? 1 : 0;
  const line = (row, key) =>
    h("tr", { key, class: rowClass(row) }, ...columns.map((column, index) => {
      const content = column.cell(row) ?? NOTHING;
      return index === first ? h("th", { scope: "row", class: look(column) }, content) : h("td", { class: look(column) }, content);
    }));
  return h(
    "div",
    { class: "table-frame", tabindex: wide ? "0" : null, role: wide ? "region" : null, "aria-label": wide ? caption : null },
    h(
      "table",
      { id },
      h("caption", { class: "unseen" }, caption),
      h("thead", null, h("tr", null, ...columns.map((column) => h("th", { scope: "col", class: look(column) }, column.label)))),
      h("tbody", null, ...rows.map((row) => line(row, rowKey(row)))),
      foot.length > 0 && h("tfoot", null, ...foot.map((row, index) => line(row, `foot-${index}`))),
    ),
  );
}

/** A labelled field of a form. */
export const field = (label, control, hint) =>
  h("label", { class: "field" }, h("span", { class: "field-label" }, label), control, hint && h("span", { class: "quiet" }, hint));
