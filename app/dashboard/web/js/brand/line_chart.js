/**
 * A line over shows, in order of time; every point is a link to its report.
 *
 * In: points with their figures and texts. Out: a description of the chart. Never here: requests, formats of figures.
 */

import { h } from "../page/dom.js";
import { labelled } from "../page/i18n.js";

const WIDTH = 1000;
const HEIGHT = 300;
/** So many dates fit under the line on a phone. */
const DATES = 5;

/** Round values that divide the range up to the highest point: 1, 2 or 5 times a power of ten apart. */
function steps(highest) {
  if (highest <= 0) return [0, 1];
  const rough = highest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  return Array.from({ length: Math.ceil(highest / step - 1e-9) + 1 }, (_, index) => index * step);
}

/**
 * @param points `{key, href, name, date, value, text}`; `value` is a number or null, and a line ends where there is none
 * @param tick returns the text of a value on the axis
 */
export function lineChart(label, points, tick) {
  const known = points.filter((point) => point.value !== null);
  const ticks = steps(Math.max(...known.map((point) => point.value)));
  const top = ticks.at(-1);
  const x = (index) => (points.length === 1 ? 0.5 : index / (points.length - 1));
  const y = (value) => 1 - Math.max(0, value) / top;
  const every = Math.ceil(points.length / DATES);
  let open = false;
  const line = points.map((point, index) => {
    if (point.value === null) {
      open = false;
      return "";
    }
    const command = open ? "L" : "M";
    open = true;
    return `${command}${(x(index) * WIDTH).toFixed(1)} ${(y(point.value) * HEIGHT).toFixed(1)}`;
  }).join("");
  const at = (left, high) => ({ "--x": left, "--y": high });
  return h("div", { class: "lines", role: "group", "aria-label": label },
    h("div", { class: "lines-ticks", "aria-hidden": "true" }, ...ticks.map((value) => h("span", { key: value, style: at(0, y(value)) }, tick(value)))),
    h("div", { class: "lines-area" },
      h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
        ...ticks.map((value) => h("line", { key: `tick ${value}`, class: "lines-grid", x1: 0, x2: WIDTH, y1: y(value) * HEIGHT, y2: y(value) * HEIGHT })),
        h("path", { class: "lines-line", d: line })),
      ...points.map((point, index) => point.value !== null && h("a", {
        key: point.key, class: "lines-point", href: point.href, style: at(x(index), y(point.value)),
        title: `${point.name}\n${point.date}\n${point.text}`, "aria-label": labelled(`${point.date} ${point.name}`, point.text),
      })),
      h("div", { class: "lines-dates", "aria-hidden": "true" }, ...points.map((point, index) => index % every === 0 && h("span", { key: point.key, style: at(x(index), 1) }, point.date)))));
}
