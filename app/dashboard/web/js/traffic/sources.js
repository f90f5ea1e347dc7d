/**
 * Traffic sources on the live screen: who came from where, and what they bought.
 *
 * In: the audience document of the stream; the sources document, which is loaded now and then. Out: bars. Never here: sums of its own.
 */

import { find } from "../api.js";
import { bars, updated } from "../components.js";
import { money, number, percent, sourceName, t } from "../i18n.js";
import { Resource } from "../resource.js";

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
    return bars("chart-sources", t("dash.chart.sources"), rows.map(({ source, viewers, share }) => (
      { key: source ?? "", label: sourceName(source), value: viewers, text: [number(viewers), percent(share, 1), sold(source)].filter(Boolean).join(" · ") }
    )), gmv.size > 0 && updated(this.sold));
  }
}
