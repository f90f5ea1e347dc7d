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

/** Return a label, or a text where the catalogue has no such label. */
export const labelOr = (key, text) => (Object.hasOwn(labels, key) ? labels[key] : text);

/** Return what a text is about and the text, with the colon of the language between them. */
export const labelled = (label, value) => t("report.pair", { label, value });

/** The rule that a field breaks, in the reader's language. */
export const fieldWords = ({ code, params }) => (ruleKnown(code) ? t(`field.${code}`, params) : t("field.invalid"));

/** Whether the catalogue names the rule; of `invalid` and of a rule that it does not know only the server's own words say more. */
export const ruleKnown = (code) => Boolean(code) && !["invalid", "value_error"].includes(code) && Object.hasOwn(labels, `field.${code}`);

/** A platform's name: the catalogue's where it has one, else the platform's own slug. */
export const platformName = (slug) => labelOr(`platform.${slug}`, slug);

function format(kind, options) {
  const name = kind.name + JSON.stringify(options);
  if (!formats.has(name)) formats.set(name, new kind(LOCALES[current], options));
  return formats.get(name);
}

/** The time zone of the reader's device. */
export const READER_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A traffic source's name: the catalogue's if it has one, else the platform's own slug. */
export const sourceName = (slug) => (slug === null ? t("source.unknown") : labelOr(`source.${slug}`, slug));

// The rules below are those of app/kpis/evaluation/number_format.py and app/labels/notation.py, which format the report and its
// files.

/** Return a number with separators and so many decimals: 302,438.02. */
export function number(value, digits = 0) {
  if (value === null || value === undefined) return NOTHING;
  return format(Intl.NumberFormat, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export function signed(value) {
  return format(Intl.NumberFormat, { maximumFractionDigits: 0, signDisplay: "exceptZero" }).format(value);
}

/** Return a ratio as 5.20%. */
export const percent = (ratio, digits = 2) => (ratio === null || ratio === undefined ? NOTHING : `${number(ratio * 100, digits)}%`);

export const signedPercent = (ratio) =>
  format(Intl.NumberFormat, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(ratio);

/** Return a decimal string with separators, without decimals if it is whole; text in, text out, so that no cent is lost. */
export function grouped(amount) {
  const [whole, fraction = ""] = amount.split(".");
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return /[1-9]/.test(fraction) ? `${digits}.${fraction}` : digits;
}

/** The notation of a currency, before and after the number: ja 481,888元, zh ¥481,888, en CN¥481,888. */
function notation(currency) {
  const pattern = labels[`money.${currency}`] ?? (labels["money.other"] ?? "{currency} {amount}").replace("{currency}", currency);
  return pattern.split("{amount}");
}

/** Return an amount of the API, a decimal string, in the notation of the language. */
export function money(amount, currency) {
  if (amount === null || amount === undefined) return NOTHING;
  const [before, after] = notation(currency);
  const sign = amount.startsWith("-") ? "-" : "";
  return `${sign}${before}${grouped(amount.slice(sign.length))}${after}`;
}

/** Return an amount in `[text, isSmall]` parts, for a large figure with a small currency and small decimals. */
export function moneyParts(amount, currency) {
  if (amount === null || amount === undefined) return [[NOTHING, false]];
  const [before, after] = notation(currency);
  const sign = amount.startsWith("-") ? "-" : "";
  const [whole, fraction] = grouped(amount.slice(sign.length)).split(".");
  return [[sign + before, true], [whole, false], [(fraction ? `.${fraction}` : "") + after, true]].filter(([text]) => text);
}

/** Return an amount that was added up here, rounded to the whole currency. */
export const roundedMoney = (amount, currency) => money(String(Math.round(amount)), currency);

/** Return a figure of the API as text: `{value, unit}`. */
export function figure({ value, unit }, currency, slug) {
  if (value === null || value === undefined) return NOTHING;
  if (unit === "money") return money(value, currency);
  if (unit === "ratio") return slug === "roi" || slug === "net_roi" ? number(value, 2) : percent(value);
  if (unit === "seconds") {
    return slug === "average_watch_seconds" || value >= 60
      ? number(value / 60, 2) + t("unit.minutes") : number(value, 1) + t("unit.seconds");
  }
  if (unit === "hours") return number(value, 1) + t("unit.hours");
  return number(value, slug === "units_per_buyer" ? 2 : 0);
}

/** Return a time on air as the results sheet shows it: 2.4H. */
export const duration = (seconds) => (seconds === null || seconds === undefined ? NOTHING : `${number(seconds / 3600, 1)}H`);

/** Return how wide a text is, in digits: what is fitted into a narrow place is sized by it. */
export function lengthOf(text, isSmall = false) {
  const width = [...text].reduce((sum, sign) => sum + (/[.,:]/.test(sign) ? 0.5 : sign > "\u2e7f" ? 1.75 : /[A-Z%¥]/.test(sign) ? 1.25 : 1), 0);
  return isSmall ? width * 0.5 : width;
}

/** Return a running clock as 2:24:05, or 10:34 below an hour. */
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
  moment ? format(Intl.DateTimeFormat, { timeZone: zone ?? READER_ZONE, hourCycle: "h23", ...options }).format(new Date(moment)) : NOTHING;

/** A date in a session's time zone. */
export const date = (moment, zone) => time(moment, zone, { year: "numeric", month: "short", day: "numeric", weekday: "short" });
/** A time of day in a session's time zone. */
export const hour = (moment, zone, seconds = false) =>
  time(moment, zone, { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) });
/** A day of the calendar, such as 2021-09-25, which has no time zone. */
export const day = (text) => time(text && `${text}T00:00:00Z`, "UTC", { year: "numeric", month: "short", day: "numeric" });
/** A month of the calendar, such as 2021-09. */
export const month = (text) => time(text && `${text}-01T00:00:00Z`, "UTC", { year: "numeric", month: "long" });
/** Date and time in a session's time zone. */
export const moment = (at, zone) =>
  time(at, zone, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
