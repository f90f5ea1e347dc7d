/**
 * Calendar times of a session's zone, as fields of a form hold them.
 *
 * In: a moment and a zone, or a calendar time and a zone. Out: the other. Never here: elements, words.
 */

/** Return a moment as the value of an `<input type="datetime-local">` in a zone. */
export function localInput(moment, zone) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
    }).formatToParts(moment).map(({ type, value }) => [type, value]),
  );
  return `${parts.year.padStart(4, "0")}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/**
 * Return the moment of a calendar time in a zone, as RFC 3339 in UTC; null for an empty field. Of a time that happens twice the first
 * is meant; one that is skipped when clocks change becomes the time that clocks show instead.
 */
export function momentOf(local, zone) {
  if (!local) return null;
  const wanted = Date.parse(`${local.slice(0, 16)}:00Z`);
  const offsetAt = (moment) => Date.parse(`${localInput(new Date(moment), zone)}:00Z`) - moment;
  // The offsets before and after a change of clocks: the earlier moment that shows the wanted time, if any does.
  const offsets = [offsetAt(wanted - 86_400_000), offsetAt(wanted + 86_400_000)];
  const exact = offsets.map((offset) => wanted - offset).filter((moment) => offsetAt(moment) === wanted - moment);
  return new Date(exact.length ? Math.min(...exact) : wanted - offsets[0]).toISOString();
}

/** Zones that agencies work in come first; then every zone that the browser knows. */
export const ZONES = [...new Set(["Asia/Tokyo", "Asia/Shanghai", ...(Intl.supportedValuesOf?.("timeZone") ?? [])])];
