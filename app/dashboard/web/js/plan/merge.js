/**
 * Two versions of a plan that came from one: what each changed, and where they contradict each other.
 *
 * In: plans. Out: differences, and the plan that a choice makes. Never here: elements, requests.
 */

const BASICS = ["title", "host", "kind", "scheduled_at", "time_zone", "currency", "planned_minutes", "targets_shared"];
const WHOLE = ["targets", "streams", "promotions"];

/** The same amount and the same moment may be written in two ways: `12` and `12.00`, `…Z` and `…+09:00`. */
function canonical(name, value) {
  if (value === undefined || value === "") return null;
  if (typeof value !== "string") return value;
  if (name.endsWith("price") && /^\d+\.\d+$/.test(value)) return value.replace(/\.?0+$/, "");
  if (name.endsWith("_at")) return Date.parse(value) || value;
  return value;
}

/** A part as a text: its members in one order, without those that are null. */
const text = (part, value) => JSON.stringify({ [part]: value }, (name, one) => {
  if (one === null || typeof one !== "object" || Array.isArray(one)) return canonical(name, one);
  return Object.fromEntries(Object.keys(one).sort().map((key) => [key, canonical(key, one[key])]).filter(([, each]) => each !== null));
});
const equal = (part, one, two) => text(part, one) === text(part, two);

/** The parts of a plan that are compared, by name. */
function parts(plan) {
  const found = new Map([...BASICS, ...WHOLE].map((name) => [name, plan[name] ?? null]));
  found.set("order", plan.lineup.map((item) => item.product));
  for (const item of plan.lineup) found.set(`lineup/${item.product}`, item);
  return found;
}

/**
 * Compare my version and theirs with what both began from.
 * Returns `{part, base, mine, theirs}` for each part in which both differ from it, and from each other.
 */
export function conflicts(base, mine, theirs) {
  const [from, a, b] = [parts(base), parts(mine), parts(theirs)];
  return [...new Set([...a.keys(), ...b.keys(), ...from.keys()])]
    .filter((part) => part !== "order")
    .map((part) => ({ part, base: from.get(part) ?? null, mine: a.get(part) ?? null, theirs: b.get(part) ?? null }))
    .filter(({ part, base: was, mine: one, theirs: two }) => !equal(part, was, one) && !equal(part, was, two) && !equal(part, one, two));
}

/** What they changed and I did not, as names of parts. */
export function changes(base, theirs) {
  const [from, b] = [parts(base), parts(theirs)];
  return [...new Set([...b.keys(), ...from.keys()])].filter((part) => part !== "order" && !equal(part, from.get(part), b.get(part)));
}

/** Join both versions: what only one changed is taken over; of a contradiction, mine where `chosen(part)` is true. */
export function merged(base, mine, theirs, chosen) {
  const [from, a, b] = [parts(base), parts(mine), parts(theirs)];
  const contradicting = new Set(conflicts(base, mine, theirs).map(({ part }) => part));
  const taken = (part) => {
    if (contradicting.has(part)) return (chosen(part) ? a : b).get(part) ?? null;
    return (equal(part, a.get(part), from.get(part)) ? b : a).get(part) ?? null;
  };
  const plan = { ...theirs };
  for (const name of [...BASICS, ...WHOLE]) plan[name] = taken(name);
  const order = equal("order", a.get("order"), from.get("order")) ? [b, a] : [a, b];
  const codes = [...new Set(order.flatMap((version) => version.get("order")))];
  plan.lineup = codes.map((code) => taken(`lineup/${code}`)).filter(Boolean);
  return plan;
}
