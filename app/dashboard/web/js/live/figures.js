/**
 * The big figures of the live screen with their trends, and the strip of smaller ones.
 *
 * In: the KPI document, trends. Out: tiles. Never here: figures that the server did not send.
 */

import { h } from "../page/dom.js";
import { fitted, phrase, sparkline } from "../components/components.js";
import { targetOf } from "./targets.js";
import { SPAN, TREND_METRICS } from "../components/trend.js";
import { figure, lengthOf, moneyParts, number, percent, roundedMoney, signed, t } from "../page/i18n.js";

/** Figures of the strip: its grid is full with so many. */
const SMALL = 12;
/** The figure that stands below another one in front. */
const BELOW = {
  concurrent_viewers: "peak_concurrent_viewers", peak_concurrent_viewers: "average_concurrent_viewers", gmv: "gmv_per_hour", net_gmv: "refund_amount",
  orders: "units_sold", units_sold: "units_per_buyer", buyers: "conversion_rate", new_buyers: "repeat_buyers", viewers: "new_followers", views: "viewers",
  impressions: "entry_rate", new_followers: "follow_rate", comments: "commenters", likes: "interaction_rate", product_clicks: "click_rate",
  product_impressions: "product_click_rate", ad_spend: "roi", refund_amount: "refund_rate", support_requests: "average_response_seconds",
};
const STRIP = [
  "concurrent_viewers", "gmv", "orders", "buyers", "viewers", "product_clicks",
  "spend_per_buyer", "units_per_buyer", "gmv_per_viewer", "average_watch_seconds", "engagement_rate", "comments", "likes", "shares",
  "refund_amount", "support_requests", "average_response_seconds", "slow_responses",
];

/** The tiles, the first two the largest. A session that is over has no viewers now: its peak stands there instead. */
export function figures({ kpis, currency }, trend, status, front, targets) {
  const over = status === "provisional" || status === "final";
  const slugs = front.map((slug) => (slug === "concurrent_viewers" && over && !front.includes(BELOW[slug]) ? BELOW[slug] : slug)).filter((slug) => kpis[slug]);
  return h("section", { class: "tiles", key: "tiles", "aria-label": t("dash.live.figures"), style: { "--smaller": Math.max(1, slugs.length - 2) } },
    ...slugs.map((slug) => tile(slug, kpis, currency, trend[slug], status, targets.get(slug))));
}

function tile(slug, kpis, currency, trend, status, target) {
  const begun = status !== "scheduled";
  const { value, unit } = kpis[slug];
  const below = BELOW[slug];
  const kind = slug === "concurrent_viewers" ? "level" : "gain";
  const parts = unit === "money" ? moneyParts(value, currency) : [[figure(kpis[slug], currency, slug), false]];
  const length = parts.reduce((sum, [text, small]) => sum + lengthOf(text, small), 0);
  return h(
    "div",
    { key: slug, class: `tile tile-${slug}` },
    h("p", { class: "tile-label" }, phrase(t(`metric.${slug}`))),
    fitted("p", { class: "tile-value", "data-metric": slug }, length, ...parts.map(([text, small], place) => (small ? h("small", { class: place === 0 ? "leading" : null }, text) : text))),
    status === "live" && change(trend, kind, unit, currency),
    below && h("p", { class: "tile-below" }, phrase(t(`metric.${below}`)), " ", h("strong", null, figure(kpis[below], currency, below))),
    targetOf(target, currency),
    // The recent minutes come after the figures; their line has its place before.
    TREND_METRICS.includes(slug) && begun && sparkline(trend?.points ?? [], kind),
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

/** The smaller figures: of those that do not stand in front, the first. */
export function strip({ kpis, currency }, front) {
  return h("dl", { class: "strip", key: "strip" }, ...STRIP.filter((slug) => !front.includes(slug)).slice(0, SMALL).map((slug) => {
    const text = figure(kpis[slug], currency, slug);
    return h(
      "div",
      { key: slug },
      h("dt", null, phrase(t(`metric.${slug}`))),
      fitted("dd", { class: slug === "slow_responses" && kpis[slug].value > 0 ? "alarming" : "" }, lengthOf(text), text),
    );
  }));
}
