/**
 * Words, numbers and times in the reader's language.
 *
 * In: a key of the label catalogue, a figure. Out: text. Never here: words of its own; the catalogue has them all.
 */

import { BASE } from "./base.js";
import { preference, refresh } from "./state.js";

export const LANGUAGES = { ja: "日本語", zh: "中文", en: "English" };
const LOCALES = { ja: "ja-JP", zh: "zh-CN", en: "en-GB" };
const TAGS = { ja: "ja", zh: "zh-Hans", en: "en" };
/** What stands where nothing supplied a figure. */
export const NOTHING = "—";

let current = chosen();
let labels = {};
const formats = new Map();

function chosen() {
  const wanted = [preference("language"), ...navigator.languages].map((tag) => tag?.slice(0, 2).toLowerCase());
  return wanted.find((tag) => tag in LANGUAGES) ?? "ja";
}

export const language = () => current;

/** Load the catalogue in a language and show it; the one before stays until the new one is there. */
export async function setLanguage(wanted = current) {
  const answer = await fetch(`${BASE}/v1/labels?lang=${wanted}`);
  if (!answer.ok) throw new Error(`labels: ${answer.status}`);
  labels = await answer.json();
  current = wanted;
  formats.clear();
  document.documentElement.lang = TAGS[wanted];
  refresh();
}

/** Return a label, with the figures that it names put in. */
export function t(key, figures) {
  const text = labels[key] ?? key;
  return figures ? text.replace(/\{(\w+)\}/g, (whole, name) => figures[name] ?? whole) : text;
}

/** A platform's name: the catalogue's where it has one, else the platform's own slug. */
export const platformName = (slug) => labels[`platform.${slug}`] ?? slug;

function format(kind, options) {
  const name = kind.name + JSON.stringify(options);
  if (!formats.has(name)) formats.set(name, new kind(LOCALES[current], options));
  return formats.get(name);
}

export function number(value, digits = 0) {
  if (value === null || value === undefined) return NOTHING;
  return format(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value);
}

export function signed(value, digits = 0) {
  return format(Intl.NumberFormat, { maximumFractionDigits: digits, signDisplay: "exceptZero" }).format(value);
}

export function percent(ratio, digits = 2) {
  if (ratio === null || ratio === undefined) return NOTHING;
  return format(Intl.NumberFormat, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(ratio);
}

export const signedPercent = (ratio) =>
  format(Intl.NumberFormat, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(ratio);

function moneyFormat(currency, whole) {
  return format(Intl.NumberFormat, {
    style: "currency", currency, ...(whole ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : {}),
  });
}

/** Return an amount. It is a decimal string and is formatted as one, so that no cent is lost on the way. */
export function money(amount, currency, { whole = false } = {}) {
  return amount === null || amount === undefined ? NOTHING : moneyFormat(currency, whole).format(amount);
}

/** Return an amount in `[text, isCurrency]` parts, for a large figure with a small currency. */
export function moneyParts(amount, currency) {
  if (amount === null || amount === undefined) return [[NOTHING, false]];
  return moneyFormat(currency, true).formatToParts(amount).map((part) => [part.value, part.type === "currency"]);
}

/** Return a figure of the API as text: `{value, unit}`. */
export function figure({ value, unit }, currency, slug) {
  if (value === null || value === undefined) return NOTHING;
  if (unit === "money") return money(value, currency);
  if (unit === "ratio") return percent(value);
  if (unit === "seconds") return clock(value);
  if (unit === "hours") return number(value, 1) + t("unit.hours");
  return number(value, slug === "units_per_buyer" ? 2 : 0);
}

/** Return a length of time as 2:24:05, or 10:34 below an hour. */
export function clock(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (part) => String(part).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Return how long ago something was, in the largest unit that fits. */
export function ago(seconds) {
  const style = { numeric: "always", style: "short" };
  if (seconds < 60) return format(Intl.RelativeTimeFormat, style).format(-Math.round(seconds), "second");
  if (seconds < 3600) return format(Intl.RelativeTimeFormat, style).format(-Math.round(seconds / 60), "minute");
  if (seconds < 86_400) return format(Intl.RelativeTimeFormat, style).format(-Math.round(seconds / 3600), "hour");
  return format(Intl.RelativeTimeFormat, style).format(-Math.round(seconds / 86_400), "day");
}

const time = (moment, zone, options) =>
  moment ? format(Intl.DateTimeFormat, { timeZone: zone ?? "Asia/Tokyo", hourCycle: "h23", ...options }).format(new Date(moment)) : NOTHING;

/** A date in a session's time zone. */
export const date = (moment, zone) => time(moment, zone, { year: "numeric", month: "short", day: "numeric", weekday: "short" });
/** A time of day in a session's time zone. */
export const hour = (moment, zone, seconds = false) =>
  time(moment, zone, { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) });
/** Date and time in a session's time zone. */
export const moment = (at, zone) =>
  time(at, zone, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
