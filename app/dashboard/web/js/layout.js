/**
 * The frame of every view: name, navigation, language, theme, sign-out.
 *
 * In: the current view. Out: the page. Never here: figures.
 */

import { app, may, preference } from "./state.js";
import { signOut } from "./session.js";
import { guestLinks } from "./share.js";
import { h } from "./dom.js";
import { link, route } from "./router.js";
import { theme, toggleTheme } from "./theme.js";
import { LANGUAGES, language, setLanguage, t } from "./i18n.js";

export const logo = () =>
  h("span", { class: "logo" }, h("span", { class: "logo-lamp", "aria-hidden": "true" }), h("span", { class: "logo-name", translate: "no" }, "Tallylight"));

function destinations() {
  const list = [["today", "today.title"], ["sessions", "dash.nav.sessions"], ["comparison", "dash.nav.comparison"], ["brands", "brand.nav"]];
  if (may.write()) list.push(["dead-letters", "waiting.title"]);
  if (may.administer()) {
    list.push(["connections", "dash.nav.connections"], ["people", "people.nav"], ["channels", "channels.title"], ["audit", "audit.title"]);
  }
  return list;
}

function languages() {
  return h(
    "div",
    { class: "switch", role: "group", "aria-label": t("dash.language") },
    ...Object.entries(LANGUAGES).map(([code, name]) =>
      h("button", {
        type: "button", lang: code, "aria-pressed": String(code === language()), title: name,
        onclick: async () => {
          try {
            await setLanguage(code);
          } catch {
            return; // No network: better the language that is there than none.
          }
          preference("language", code);
          app.view?.languageChanged?.();
        },
      }, code === "ja" ? "日" : code === "zh" ? "中" : "EN", h("span", { class: "unseen" }, ` ${name}`))),
  );
}

function themeButton() {
  const name = t(theme() === "dark" ? "dash.theme.light" : "dash.theme.dark");
  return h("button", {
    type: "button", class: "icon-button", title: name, "aria-label": name,
    onclick: () => {
      toggleTheme();
      app.view?.themeChanged?.();
    },
  }, h("span", { "aria-hidden": "true" }, theme() === "dark" ? "☀" : "☾"));
}

const switches = () => h("div", { class: "switches" }, languages(), themeButton());

/** The page before sign-in. */
export const signedOut = (content) => [h("header", { class: "bar bar-signed-out" }, switches()), content];

/** The page of a share link: the brand's name, and nothing of the agency's but the link's own views. */
export const guestFrame = (content) => [
  h("header", { class: "bar" },
    h("span", { class: "logo guest-brand" }, app.who.brand_name),
    h("nav", { class: "nav", "aria-label": t("dash.nav.main") }, ...guestLinks(app.who).map(([href, name, label]) =>
      h("a", { href, "aria-current": (route().name === "live") === (name === "live") ? "page" : null }, t(label)))),
    switches()),
  h("main", { id: "main", tabindex: "-1", class: `view view-${route().name === "live" ? "live" : "report"}` }, content),
];

/** The page after sign-in. */
export function signedIn(content, name) {
  const current = { live: "sessions", report: "sessions", connection: "connections", plan: "sessions", close: "sessions", host: "sessions", brand: "brands", month: "brands", rates: "brands" }[name] ?? name;
  return [
    h("a", { class: "skip", href: location.hash || "#/", onclick: (event) => { event.preventDefault(); document.getElementById("main").focus(); } }, t("dash.skip")),
    h(
      "header",
      { class: "bar" },
      h("a", { class: "brand-link", href: link("today"), "aria-label": `Tallylight: ${t("today.title")}` }, logo()),
      h("nav", { class: "nav", "aria-label": t("dash.nav.main") }, ...destinations().map(([to, label]) =>
        h("a", { href: link(to), "aria-current": to === current ? (route().name === to ? "page" : "true") : null }, t(label)))),
      switches(),
      h("button", { type: "button", class: "button button-quiet", onclick: signOut }, t("dash.signout")),
    ),
    h("main", { id: "main", tabindex: "-1", class: `view view-${name}` }, content),
  ];
}
