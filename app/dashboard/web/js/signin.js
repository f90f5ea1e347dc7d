/**
 * Signing in: an API key, asked for once per tab.
 *
 * In: a key. Out: the key and its role in the shared state, or a kind word. Never here: the key in an address or a log.
 */

import { Problem, get } from "./api.js";
import { app, refresh, remember } from "./state.js";
import { h } from "./dom.js";
import { logo } from "./layout.js";
import { field, notice } from "./components.js";
import { t } from "./i18n.js";

const state = { busy: false, wrong: null };

/** Return who a key is. A key that only sends events has nothing to look at. */
export async function identify(key) {
  const who = await get("/v1/keys/current", { key });
  if (who.role === "ingest") throw new Problem(403, { detail: "ingest" });
  return who;
}

async function submit(event) {
  event.preventDefault();
  const key = new FormData(event.target).get("key").trim();
  if (!key || state.busy) return;
  Object.assign(state, { busy: true, wrong: null });
  refresh();
  try {
    remember(key, await identify(key));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    state.wrong = { 401: "wrong", 403: "ingest" }[error.status] ?? (error.status === 0 ? "offline" : "busy");
  } finally {
    state.busy = false;
    refresh();
  }
  if (state.wrong) document.getElementById("key")?.select();
}

export function signIn() {
  const because = state.wrong ? `dash.signin.${state.wrong}` : app.signedOutBecause;
  return h(
    "main",
    { class: "signin", id: "main" },
    h(
      "form",
      { class: "panel signin-card", onsubmit: submit },
      h("div", { class: "signin-logo" }, logo()),
      h("h1", { class: "title title-1" }, t("dash.signin.title")),
      h("p", { class: "quiet" }, t("dash.signin.intro")),
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
    ),
  );
}
