/**
 * What changed since the latest revision, figure by figure.
 *
 * In: the changes of the API, the KPI document. Out: a table. Never here: figures of its own.
 */

import { get } from "../server/api.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { table } from "../components/components.js";
import { clock, figure, labelOr, money, number, percent, platformName, t } from "../page/i18n.js";

const SHOWN = 12;
const RATES = new Set(["click_rate", "click_to_buyer_rate", "share_of_gmv"]);

export class ReleaseChanges {
  constructor(base) {
    this.list = new Resource(async () => {
      const { revisions } = await get(`${base}/revisions?limit=1`);
      return revisions.length ? (await get(`${base}/revisions/${revisions[0].number}/changes`)).changes : [];
    });
  }

  load() {
    return this.list.load();
  }

  stop() {
    this.list.stop();
  }

  /** The table; null while nothing has changed. */
  render({ kpis, currency }) {
    const list = this.list.data ?? [];
    if (!list.length) return null;
    const columns = [
      { label: t("dash.figure"), cell: name },
      ...(list.some(of) ? [{ label: t("dash.release.of"), cell: of }] : []),
      { label: t("dash.release.was"), numeric: true, cell: (change) => text(change, change.was, kpis, currency) },
      { label: t("dash.release.is"), numeric: true, cell: (change) => text(change, change.is, kpis, currency) },
    ];
    const rest = list.length - SHOWN;
    return h("div", { key: "changes" },
      table("change-table", t("dash.release.changes"), columns, list.slice(0, SHOWN), { rowKey: (change) => `${change.figure} ${of(change)}` }),
      rest > 0 && h("p", { class: "quiet small" }, t("dash.release.more", { count: rest })));
  }
}

const of = (change) => (change.platform ? platformName(change.platform) : change.product ?? change.promotion ?? "");

function name(change) {
  if (change.product) return labelOr(`product.${change.figure}`, change.figure);
  if (change.promotion) return labelOr(`promotion.${change.figure}`, change.figure);
  return change.figure === "duration_seconds" ? t("sheet.duration") : labelOr(`metric.${change.figure}`, change.figure);
}

function text(change, value, kpis, currency) {
  if (change.figure === "duration_seconds") return clock(value);
  const unit = change.product || change.promotion ? null : kpis[change.figure]?.unit;
  if (unit) return figure({ value, unit }, currency, change.figure);
  if (typeof value === "string") return money(value, currency);
  return RATES.has(change.figure) ? percent(value) : number(value);
}
