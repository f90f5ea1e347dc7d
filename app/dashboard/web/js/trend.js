/**
 * Trends: what the last minutes brought, from a timeline.
 *
 * In: the timeline document. Out: per metric its recent points and its change. Never here: DOM, words.
 */

/** Minutes that "now" and "before" span. */
export const SPAN = 5;
const POINTS = 40;
/** Series whose buckets are a state; all others are gains, which add up. */
const LEVELS = new Set(["concurrent_viewers"]);

export const TREND_METRICS = [
  "concurrent_viewers", "viewers", "gmv", "orders", "buyers", "units_sold", "product_clicks", "comments", "new_followers",
];

/** Return metric → `{points, change, before}`; `change` of a level is a difference, of a gain what the last minutes brought. */
export function trends(timeline, asOf) {
  const end = present(timeline, asOf);
  const found = {};
  for (const [metric, values] of Object.entries(timeline.series)) {
    const numbers = values.slice(0, end).map((value) => (value === null ? null : Number(value)));
    found[metric] = LEVELS.has(metric) ? level(numbers) : gain(numbers);
  }
  return found;
}

/** Return how many buckets have begun: a timeline reaches beyond the present. */
function present(timeline, asOf) {
  const begun = timeline.buckets.findIndex((bucket) => new Date(bucket) > new Date(asOf));
  const series = Object.values(timeline.series);
  let last = begun === -1 ? timeline.buckets.length : begun;
  // A session that is replayed at another speed has not come to the end of its own timeline.
  while (last > 0 && series.every((values) => !Number(values[last - 1]))) last -= 1;
  return last;
}

function level(numbers) {
  const known = numbers.filter((value) => value !== null);
  const [now, before] = [known.at(-1), known.at(-1 - SPAN)];
  return { points: known.slice(-POINTS), change: before === undefined ? null : now - before, before: null };
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
