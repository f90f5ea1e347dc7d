/**
 * Traffic sources on the live screen: who came from where, and what they bought.
 *
 * In: the audience document of the stream; the sources document, which is loaded now and then. Out: bars. Never here: sums of its own.
 */

import { find } from "../server/api.js";
import { barList, panel, updated } from "../components/components.js";
import { h } from "../page/dom.js";
import { money, number, percent, sourceName, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";

/** So many sources stay readable beside the funnel; the report has a table of them. */
const SHOWN = 8;

export class LiveSources {
  constructor(base) {
    this.sold = new Resource(() => find(`${base}/sources`));
  }

  /** Arrivals are those of the stream; what was sold says when it was loaded. */
  render({ by_source: rows }) {
    const { data } = this.sold;
    const gmv = new Map();
    for (const one of data?.sources ?? []) if (one.gmv !== null) gmv.set(one.source, (gmv.get(one.source) ?? []).concat(one.gmv));
    const sold = (source) => (gmv.get(source) ?? []).map((amount) => money(amount, data.currency)).join(" + ");
    const bar = (key, label, viewers, share, amount) =>
      ({ key, label, value: viewers, text: [number(viewers), percent(share, 1), amount].filter(Boolean).join(" · ") });
    const front = rows.slice(0, rows.length > SHOWN + 1 ? SHOWN : undefined);
    const others = rows.slice(front.length);
    const sum = (name) => others.reduce((total, row) => total + (row[name] ?? 0), 0);
    return panel("chart-sources", t("dash.chart.sources"), { class: "panel-bars", aside: gmv.size > 0 && updated(this.sold) },
      barList([
        ...front.map(({ source, viewers, share }) => bar(source ?? "", sourceName(source), viewers, share, sold(source))),
        ...(others.length ? [bar("others", t("traffic.others", { count: others.length }), sum("viewers"), sum("share"))] : []),
      ]),
      flows(data));
  }
}

const FLOWS = new Map([[true, "traffic.paid"], [false, "traffic.organic"], [null, "traffic.untold"]]);

/** Paid against organic, if a platform says which is which. */
function flows(data) {
  const told = (data?.flows ?? []).filter((one) => one.viewers > 0);
  if (!told.some((one) => one.paid !== null)) return null;
  return h("dl", { key: "flows", class: "flows" }, ...told.map((one) => h("div", { key: String(one.paid), "data-flow": String(one.paid) },
    h("dt", null, t(FLOWS.get(one.paid))),
    h("dd", null, [number(one.viewers), one.gmv !== null && money(one.gmv, data.currency)].filter(Boolean).join(" · ")))));
}
