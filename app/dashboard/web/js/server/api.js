/**
 * Requests to the public JSON API.
 *
 * In: a path. Out: JSON, or a `Problem` that knows whether trying again may help. Never here: keys; the browser sends its cookie.
 */

import { app, forget } from "../page/state.js";
import { BASE } from "../page/base.js";
import { labelOr, language, t } from "../page/i18n.js";

/** A request that failed. `status` is 0 where no answer came at all. */
export class Problem extends Error {
  constructor(status, document, retryAfter) {
    super(document?.detail ?? document?.title ?? `status ${status}`);
    this.status = status;
    this.code = document?.code ?? null;
    this.detail = document?.detail ?? null;
    this.errors = document?.errors ?? [];
    this.instance = document?.instance ?? null;
    this.retryAfter = retryAfter;
  }

  /** What went wrong, in the reader's language; the server's own words where the catalogue has none for the code. */
  get words() {
    if (this.status === 0) return t("dash.error.offline");
    return labelOr(`problem.${this.code}`, this.detail ?? t(this.passing ? "dash.error.busy" : "dash.error.unknown"));
  }

  /** True where the same request may succeed in a moment: no network, overload, a restart. */
  get passing() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** How far this machine's clock is from the server's; what an operator does is dated by the server's. */
let clockOffset = 0;

/** The time as the server has it. */
export const now = () => new Date(Date.now() + clockOffset);

function noteClock(answer) {
  const offset = Date.parse(answer.headers.get("Date")) - Date.now();
  // The header has whole seconds, and an answer takes a while: a clock that is about right is taken for right.
  if (!Number.isNaN(offset)) clockOffset = Math.abs(offset) > 5000 ? offset : 0;
}

async function send(path, { method = "GET", body, headers: more, signal } = {}) {
  const file = body instanceof Blob || body instanceof FormData;
  const headers = { "Accept-Language": language(), ...more };
  const exchanges = app.exchanges;
  // The browser itself names the boundary of a form with a file.
  if (body !== undefined && !file) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(BASE + path, {
      method, headers, body: body === undefined || file ? body : JSON.stringify(body), signal, credentials: "same-origin",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
  noteClock(answer);
  if (answer.ok) return answer;
  // A sign-in that was good and is no more: revoked while the page was open.
  if (answer.status === 401 && app.who && exchanges === app.exchanges) forget(app.who.kind === "guest" ? "people.share.over" : "dash.signin.expired");
  const document = await answer.json().catch(() => null);
  throw new Problem(answer.status, document, Number(answer.headers.get("Retry-After")) || null);
}

export async function get(path, options) {
  const answer = await send(path, options);
  return answer.status === 204 ? null : answer.json();
}

/** Return the answer, or null where the server has no such thing. */
export async function find(path, options) {
  try {
    return await get(path, options);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

export async function post(path, body, options) {
  const answer = await send(path, { method: "POST", body, ...options });
  return answer.status === 204 ? null : answer.json();
}

export async function put(path, body, options) {
  return (await send(path, { method: "PUT", body, ...options })).json();
}

/** Put a file: its bytes are the body, and the server looks at them. */
export async function putFile(path, file) {
  return (await send(path, { method: "PUT", body: file })).json();
}

/** Send a file with the options of its import. */
export async function upload(path, file, options) {
  const form = new FormData();
  form.set("file", file);
  form.set("options", JSON.stringify(options));
  return (await send(path, { method: "POST", body: form })).json();
}

/** Return an answer with its tag: what changes it later names the tag in `If-Match`. */
export async function exchange(path, options) {
  const answer = await send(path, options);
  return { data: await answer.json(), tag: answer.headers.get("ETag") };
}

export async function patch(path, body) {
  return (await send(path, { method: "PATCH", body })).json();
}

export async function remove(path) {
  await send(path, { method: "DELETE" });
}

/** Save a file that the API makes, under the name that it gives. */
export async function download(path, fallback) {
  const answer = await send(path);
  const named = /filename\*=UTF-8''([^;]+)/i.exec(answer.headers.get("Content-Disposition") ?? "");
  const plain = /filename="?([^";]+)"?/i.exec(answer.headers.get("Content-Disposition") ?? "");
  // A file that breaks off is an answer that did not come.
  const file = await answer.blob().catch(() => { throw new Problem(0); });
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = named ? decodeURIComponent(named[1]) : (plain?.[1] ?? fallback);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Return a path with those parameters that have a value. */
export function path(base, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${base}?${text}` : base;
}
