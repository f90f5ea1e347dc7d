/**
 * The big figures of the live screen with their trends, and the strip of smaller ones.
 *
 * In: the KPI document, trends. Out: tiles. Never here: figures that the server did not send.
 */

import { h } from "./dom.js";
import { fitted, phrase, sparkline } from "./components.js";
import { SPAN } from "./trend.js";
import { figure, lengthOf, moneyParts, number, percent, roundedMoney, signed, t } from "./i18n.js";

/** `[slug, the figure below it, kind of its trend]`, the first two the largest. */
const TILES = [
  ["concurrent_viewers", "peak_concurrent_viewers", "level"],
  ["gmv", "gmv_per_hour", "gain"],
  ["orders", "units_sold", "gain"],
  ["buyers", "conversion_rate", "gain"],
  ["viewers", "new_followers", "gain"],
  ["product_clicks", "click_rate", "gain"],
];
const STRIP = [
  "spend_per_buyer", "units_per_buyer", "gmv_per_viewer", "average_watch_seconds", "engagement_rate", "comments", "likes", "shares",
  "refund_amount", "support_requests", "average_response_seconds", "slow_responses",
];

/** The tiles. A session that is over has no viewers now: its peak stands there instead. */
export function figures({ kpis, currency }, trend, status) {
  const over = status === "provisional" || status === "final";
  return h("section", { class: "tiles", key: "tiles", "aria-label": t("dash.live.figures") }, ...TILES.map(([slug, below, kind]) => {
    const [main, sub] = slug === "concurrent_viewers" && over ? [below, "average_concurrent_viewers"] : [slug, below];
    return tile(main, sub, kpis, currency, trend[slug], kind, status === "live");
  }));
}

function tile(slug, below, kpis, currency, trend, kind, live) {
  const { value, unit } = kpis[slug];
  const parts = unit === "money" ? moneyParts(value, currency) : [[number(value), false]];
  const length = parts.reduce((sum, [text, small]) => sum + lengthOf(text, small), 0);
  return h(
    "div",
    { key: slug, class: `tile tile-${slug}` },
    h("p", { class: "tile-label" }, phrase(t(`metric.${slug}`))),
    fitted("p", { class: "tile-value", "data-metric": slug }, length, ...parts.map(([text, small]) => (small ? h("small", null, text) : text))),
    live && change(trend, kind, unit, currency),
    h("p", { class: "tile-below" }, phrase(t(`metric.${below}`)), " ", h("strong", null, figure(kpis[below], currency, below))),
    trend && sparkline(trend.points, kind),
  );
}

/** What the last minutes brought, and whether that is more or less than the minutes before: in a sign, a colour and words. */
function change(trend, kind, unit, currency) {
  if (!trend || trend.change === null) return h("p", { class: "tile-change" });
  const { change: gained, before } = trend;
  const amount = unit === "money" ? `${gained < 0 ? "" : "+"}${roundedMoney(gained, currency)}` : signed(gained);
  const span = h("span", { class: "quiet" }, t(kind === "level" ? "dash.trend.against" : "dash.trend.within", { minutes: SPAN }));
  // Nothing happened before, or in neither time: there is nothing to compare with.
  if (kind === "gain" && (before === null || (before === 0 && gained === 0))) return h("p", { class: "tile-change" }, `${amount} `, span);
  const way = ["down", "level", "up"][1 + Math.sign(kind === "level" ? gained : gained - before)];
  const times = kind === "gain" && before > 0 ? gained / before : null;
  // "+765 %" of a small number is noise; "×8.7" says the same and stays short.
  const pace = times === null || times === 1 ? "" : times > 2 ? `×${number(times, 1)}` : percent(Math.abs(times - 1), 0);
  const arrow = h("span", { class: `nowrap ${way}` },
    h("span", { "aria-hidden": "true" }, { down: "▼", level: "■", up: "▲" }[way], pace),
    h("span", { class: "unseen" }, t(`dash.trend.${way}`), " ", pace));
  return h("p", { class: "tile-change" }, kind === "level" ? [arrow, ` ${amount} `, span] : [`${amount} `, span, " ", arrow]);
}

export function strip({ kpis, currency }) {
  return h("dl", { class: "strip", key: "strip" }, ...STRIP.map((slug) => {
    const text = figure(kpis[slug], currency, slug);
    return h(
      "div",
      { key: slug },
      h("dt", null, phrase(t(`metric.${slug}`))),
      fitted("dd", { class: slug === "slow_responses" && kpis[slug].value > 0 ? "alarming" : "" }, lengthOf(text), text),
    );
  }));
}
