/**
 * Trends: what the last minutes brought, from a timeline.
 *
 * In: the timeline document, the session's own clock. Out: per metric its recent points and its change. Never here: DOM, words.
 */

/** Minutes that "now" and "before" span. */
export const SPAN = 5;
const POINTS = 40;
/** Series whose buckets are a state; all others are gains, which add up. */
const LEVELS = new Set(["concurrent_viewers"]);

export const TREND_METRICS = [
  "concurrent_viewers", "viewers", "gmv", "orders", "buyers", "units_sold", "product_clicks", "comments", "new_followers",
];

/** Minutes of the timeline that trends need. */
export const RECENT_MINUTES = 60;

/** Return metric → `{points, change, before}`; `change` of a level is a difference, of a gain what the last minutes brought. */
export function trends(timeline, now) {
  const later = timeline.buckets.findIndex((bucket) => new Date(bucket) > new Date(now));
  const end = later === -1 ? timeline.buckets.length : later;
  const found = {};
  for (const [metric, values] of Object.entries(timeline.series)) {
    const numbers = values.slice(0, end).map((value) => (value === null ? null : Number(value)));
    // The minute that runs has only begun: beside whole ones it would always look like a fall.
    found[metric] = LEVELS.has(metric) ? level(numbers) : gain(numbers.slice(0, -1));
  }
  return found;
}

function level(numbers) {
  const last = numbers.findLastIndex((value) => value !== null);
  const [now, before] = [numbers[last], numbers[last - SPAN]];
  const points = numbers.filter((value) => value !== null).slice(-POINTS);
  return { points, change: typeof before === "number" ? now - before : null, before: null };
}

function gain(numbers) {
  const sum = (from, to) => numbers.slice(from, to).reduce((total, value) => total + (value ?? 0), 0);
  if (numbers.length < SPAN) return { points: numbers.slice(-POINTS), change: null, before: null };
  return {
    points: numbers.slice(-POINTS),
    change: sum(-SPAN),
    before: numbers.length >= 2 * SPAN ? sum(-2 * SPAN, -SPAN) : null,
  };
}
