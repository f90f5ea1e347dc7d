/**
 * Who is signed in: the cookie's owner, and how a link, a key or a share link becomes a cookie.
 *
 * In: a secret of the address or the form. Out: `app.who`. Never here: a secret that stays in the address, in storage or in memory.
 */

import { Problem, get, post } from "./api.js";
import { app, forget, preference } from "../page/state.js";
import { language, setLanguage } from "../page/i18n.js";

/** What a fragment's secret is sent as. */
const SECRETS = { "sign-in": "token", share: "share" };

/** Take the secret out of the address, also out of the history; return what to send, or null. */
export function takeSecret() {
  const [, name, secret] = /^#\/(sign-in|share)\/([\w-]+)$/.exec(location.hash) ?? [];
  if (!secret) return null;
  history.replaceState(null, "", `${location.pathname}${location.search}#/`);
  return { [SECRETS[name]]: secret };
}

/** Ask whom the cookie names; null without one. */
export async function restore() {
  await become(await get("/v1/sign-in"));
}

/** A guest reads in the link's language, unless the reader has chosen another one on this device. */
async function become(who) {
  if (who?.lang && !preference("language") && who.lang !== language()) await setLanguage(who.lang);
  app.who = who;
}

/** Exchange a secret for a cookie. */
export async function exchange(secret) {
  app.exchanges += 1;
  await post("/v1/sign-in", secret);
  await become(await get("/v1/me"));
  app.signedOutBecause = null;
}

export async function signOut() {
  try {
    await post("/v1/sign-out");
  } catch (error) {
    // A cookie that is no longer valid is signed out already; without network the device stays signed in.
    if (!(error instanceof Problem)) throw error;
    if (error.status !== 401) return alert(error.words);
  }
  forget();
}
