/**
 * Months: the one before, the next one, and a choice.
 *
 * In: a month as yyyy-mm. Out: a description of the control. Never here: what a month shows.
 */

import { h } from "../page/dom.js";
import { month as monthName, t } from "../page/i18n.js";

/** Return the month that is so many months later. */
export function shifted(month, count) {
  const [year, number] = month.split("-").map(Number);
  const index = year * 12 + number - 1 + count;
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, "0")}`;
}

/** The month in which the reader is. */
export function thisMonth() {
  const now = new Date();
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}`;
}

/** @param go called with the month that is wanted */
export function stepper(month, go) {
  const step = (count, sign, label) =>
    h("button", { type: "button", class: "button button-quiet", "aria-label": t(label), title: t(label), onclick: () => go(shifted(month, count)) }, h("span", { "aria-hidden": "true" }, sign));
  return h("div", { class: "month-stepper", role: "group", "aria-label": t("brand.month") },
    step(-1, "‹", "brand.month.before"),
    h("select", { "aria-label": t("brand.month"), value: month, onchange: (event) => go(event.target.value) },
      ...Array.from({ length: 37 }, (_, index) => shifted(month, 12 - index)).map((one) => h("option", { key: one, value: one }, monthName(one)))),
    step(1, "›", "brand.month.next"));
}
