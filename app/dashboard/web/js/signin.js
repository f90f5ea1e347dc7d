/**
 * Signing in: by a link, or with an API key.
 *
 * In: a key, or a link's secret that waits for a confirmation. Out: a signed-in browser, or an explanation. Never here: a secret in
 * storage or in an address.
 */

import { Problem } from "./server/api.js";
import { app, refresh } from "./page/state.js";
import { exchange } from "./server/session.js";
import { h } from "./page/dom.js";
import { logo } from "./layout.js";
import { field, notice } from "./components/components.js";
import { t } from "./page/i18n.js";

const state = { busy: false, wrong: null };
const WRONG = { 401: "wrong", 403: "ingest", 422: "wrong" };
const WRONG_LINK = { 401: "link_wrong", 403: "busy", 422: "link_wrong" };

/** Sign in with what a link or the form holds; what went wrong is shown on the form. */
export async function signInWith(secret) {
  Object.assign(state, { busy: true, wrong: null });
  refresh();
  try {
    await exchange(secret);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    state.wrong = (secret.key ? WRONG : WRONG_LINK)[error.status] ?? (error.status === 0 ? "offline" : "busy");
  } finally {
    state.busy = false;
    refresh();
  }
}

async function submit(event) {
  event.preventDefault();
  const key = new FormData(event.target).get("key").trim();
  if (!key || state.busy) return;
  await signInWith({ key });
  if (state.wrong) document.getElementById("key")?.select();
}

export function signIn() {
  const because = state.wrong ? `dash.signin.${state.wrong}` : app.signedOutBecause;
  return card(
    "form", { onsubmit: submit },
    h("h1", { class: "title title-1" }, t("dash.signin.title")),
    h("p", { class: "quiet" }, t("dash.signin.intro")),
    h("p", null, t("dash.signin.by_link")),
    field(
      t("dash.signin.key"),
      h("input", {
        id: "key", name: "key", type: "password", required: true, autocomplete: "current-password", spellcheck: "false",
        autofocus: true, placeholder: "tl_…", "aria-describedby": because ? "signin-problem" : null,
        "aria-invalid": state.wrong ? "true" : null,
      }),
    ),
    h("div", { role: "alert", id: "signin-problem" }, because && notice("warning", t(because))),
    h("button", { class: "button button-main", disabled: state.busy }, t(state.busy ? "dash.signin.busy" : "dash.signin.go")),
    h("p", { class: "quiet small" }, t("dash.signin.hint")),
  );
}

/** A link was opened where another person is signed in: it must not replace them unasked. */
export function confirmLink(secret, done) {
  const guest = "share" in secret;
  // The question stands until the answer: a view that was drawn meanwhile would ask as the person who is being replaced.
  const take = async () => {
    await signInWith(secret);
    if (state.wrong) app.who = null;
    done();
    refresh();
  };
  return card(
    "section", { "aria-labelledby": "confirm-title" },
    h("h1", { class: "title title-1", id: "confirm-title" }, t(guest ? "people.confirm.share" : "people.confirm.sign_in")),
    h("p", null, t("people.confirm.signed_in", { name: app.who.name ?? app.who.id })),
    h("p", { class: "quiet" }, t(guest ? "people.confirm.share_hint" : "people.confirm.sign_in_hint")),
    h("button", { type: "button", class: "button button-main", disabled: state.busy, onclick: take }, t("people.confirm.take")),
    h("button", { type: "button", class: "button", disabled: state.busy, onclick: () => { done(); refresh(); } }, t("people.confirm.stay")),
  );
}

const card = (tag, properties, ...children) =>
  h("main", { class: "signin", id: "main" }, h(tag, { ...properties, class: "panel signin-card" }, h("div", { class: "signin-logo" }, logo()), ...children));
