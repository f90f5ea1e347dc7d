/**
 * Small parts that several views are made of.
 *
 * In: figures and words. Out: descriptions of elements. Never here: requests, state.
 */

import { chart } from "./charts.js";
import { h } from "../page/dom.js";
import { NOTHING, READER_ZONE, fieldWords, hour, language, ruleKnown, t } from "../page/i18n.js";

const segmenters = new Map();
/** Dates and other numbers with a hyphen or a slash inside: a line may break there, and none should. */
const NUMBERS = /(\d+(?:[-/]\d+)+)/;
/**
 * What makes another noun of the word before it, such as a count or a rate of it, and is lost alone on a line; a single katakana is
 * no word, but the rest of a loanword that the segmenter does not know.
 */
const SUFFIX = /^[ァ-ヺ数率額额値值者別别計计次長长中後后前時时件点人国員员库元先]$/;

/**
 * A text whose lines break between words only. Japanese and Chinese have no spaces, so the places are marked with `<wbr>`; a
 * particle or a suffix stays with the word before it, and punctuation where it is.
 */
export function phrase(text) {
  const pieces = text.split(NUMBERS);
  return pieces.length === 1 ? words(text) : pieces.flatMap((piece, index) => (index % 2 ? [h("span", { class: "nowrap" }, piece)] : words(piece)));
}

function words(text) {
  if (!Intl.Segmenter || !/[\u3040-\u30ff\u3400-\u9fff]/.test(text)) return text;
  const code = language();
  if (!segmenters.has(code)) segmenters.set(code, new Intl.Segmenter(code, { granularity: "word" }));
  const parts = [];
  let open = true;
  for (const { segment, isWordLike } of segmenters.get(code).segment(text)) {
    if (!open && isWordLike && !/^[\u3040-\u309fー]+$/.test(segment) && !SUFFIX.test(segment)) parts.push("");
    if (parts.length === 0) parts.push("");
    parts[parts.length - 1] += segment;
    open = /[「『（(【“\[{<]$/.test(segment);
  }
  return parts.flatMap((part, index) => (index ? [h("wbr"), part] : [part]));
}

export const heading = (level, text, ...rest) => h(`h${level}`, { class: `title title-${level}` }, phrase(text), ...rest);

/** A text that shrinks so that it fits its place, which is a size container: a figure is never cut and never broken. */
export const fitted = (tag, properties, length, ...children) =>
  h(tag, { ...properties, class: `fitted ${properties?.class ?? ""}`, style: { "--length": Math.max(1, length) } }, ...children);

/** When something was loaded, in the reader's time. */
export const updated = ({ loadedAt }) =>
  loadedAt && h("span", { class: "quiet small nowrap" }, t("dash.stream.as_of", { time: hour(new Date(loadedAt), READER_ZONE, true) }));

/** A panel with a heading: a region that a screen reader can jump to. */
export function panel(id, title, properties, ...children) {
  return h(
    "section",
    { key: id, id, class: `panel ${properties?.class ?? ""}`, "aria-labelledby": `${id}-title` },
    h("header", { class: "panel-head" }, h("h2", { id: `${id}-title`, class: "panel-title" }, phrase(title)), properties?.aside),
    ...children,
  );
}

/** A chart in its panel. Until it is loaded it keeps its place; one that the server does not have is left out. */
export function chartPanel(name, resource, { tall = false, wide = false, dated = false } = {}) {
  const { data: spec, pending } = resource;
  if (!spec && !pending) return null;
  const look = ["panel-chart", tall && "tall", wide && "wide"].filter(Boolean).join(" ");
  const title = t(`dash.chart.${name}`);
  if (spec?.usermeta?.empty) return panel(`chart-${name}`, title, { class: look }, h("p", { class: "empty" }, t("chart.empty")));
  return panel(`chart-${name}`, title, { class: look, aside: dated && updated(resource) }, spec
    ? h("div", { class: "chart", role: "img", "aria-label": spec.description ?? title, widget: chart, input: { spec, tall } })
    : h("div", { class: "chart" }));
}

/** The state of a session's figures; the lamp is lit while it is on air. */
export const badge = (status) =>
  h("span", { class: `badge badge-${status}` }, status === "live" && h("span", { class: "lamp", "aria-hidden": "true" }), t(`status.${status}`));

export const notice = (level, ...children) => h("div", { class: `notice notice-${level}` }, ...children);

/** The server's own words, which are English, below the sentence in the reader's language. */
export const serverWords = (detail) => detail && h("small", { key: "server", lang: "en", class: "server-words" }, detail);

/** Each wrong field: where it stands, and the rule that it breaks; the server's own words are its tip, or say what the sentence does not. */
export const fieldErrors = (errors) =>
  h("ul", { class: "errors" }, ...errors.map((error, index) =>
    h("li", { key: index, title: error.detail }, h("code", null, error.pointer || "/"), " ", fieldWords(error), !ruleKnown(error.code) && serverWords(error.detail))));

/** What went wrong as a sentence in the reader's language, and what the server says of this very case. */
export const problemWords = (problem) => [
  h("span", { key: "words" }, problem.words),
  // Each field is said on its own; that something is missing, that someone is not signed in, and that the server is busy is all there is.
  !problem.errors?.length && ![401, 404].includes(problem.status) && problem.status < 500 && problem.detail !== problem.words && serverWords(problem.detail),
];

/** What went wrong, in words of the reader's, with a way out. */
export function failure(error, again) {
  const known = { 403: "forbidden", 404: "missing", 422: "invalid", 502: "busy", 503: "busy", 504: "busy" };
  const kind = known[error.status];
  return h(
    "div",
    { class: "notice notice-critical", role: "alert" },
    h("p", null, problemWords(error)),
    error.errors?.length > 0 ? fieldErrors(error.errors) : kind && h("p", { class: "quiet" }, t(`dash.error.${kind}`)),
    error.status >= 500 && error.instance && h("p", { class: "quiet small" }, h("code", null, error.instance)),
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

/** Bars of a few figures: `{key, label, value, text}`; the text tells the value, so the bar is hidden from screen readers. */
export const bars = (id, title, rows, aside) => panel(id, title, { class: "panel-bars", aside }, barList(rows));

export function barList(rows) {
  if (!rows.some((row) => row.value !== null)) return h("p", { class: "empty" }, t("chart.empty"));
  const most = Math.max(...rows.map((row) => row.value ?? 0), 1);
  return h("dl", { class: "bars" }, ...rows.map((row) => h(
    "div",
    { key: row.key, "data-step": row.key },
    h("dt", null, phrase(row.label)),
    h("dd", null, row.text),
    h("span", { class: "bar-track", "aria-hidden": "true" }, row.value !== null && h("span", { class: "bar-fill", style: { "--share": row.value / most } })),
  )));
}

/**
 * A table. Columns: `{key, label, numeric?, cell(row), sorted?}`; `sorted` is the `aria-sort` of the column.
 * A wide one scrolls inside its own frame, which the keyboard can reach.
 */
export function table(id, caption, columns, rows, { foot = [], rowClass = () => null, rowKey = (row) => row.id, wide = true, tall = false } = {}) {
  const look = (column) => [column.numeric && "numeric", column.class].filter(Boolean).join(" ") || null;
  const first = columns[0].select ? 1 : 0;
  const line = (row, key) =>
    h("tr", { key, class: rowClass(row) }, ...columns.map((column, index) => {
      const found = column.cell(row) ?? NOTHING;
      const content = typeof found === "string" && !column.numeric ? phrase(found) : found;
      return index === first ? h("th", { scope: "row", class: look(column) }, content) : h("td", { class: look(column) }, content);
    }));
  return h(
    "div",
    { class: `table-frame ${tall ? "table-tall" : ""}`, tabindex: wide ? "0" : null, role: wide ? "region" : null, "aria-label": wide ? caption : null },
    h(
      "table",
      { id },
      h("caption", { class: "unseen" }, caption),
      h("thead", null, h("tr", null, ...columns.map((column) => h("th", { scope: "col", class: look(column), "aria-sort": column.sorted }, typeof column.label === "string" ? phrase(column.label) : column.label)))),
      h("tbody", null, ...rows.map((row) => line(row, rowKey(row)))),
      foot.length > 0 && h("tfoot", null, ...foot.map((row, index) => line(row, `foot-${index}`))),
    ),
  );
}

/** A labelled field of a form. */
export const field = (label, control, hint) =>
  h("label", { class: "field" }, h("span", { class: "field-label" }, label), control, hint && h("span", { class: "quiet" }, hint));
