/**
 * The frame of every view: name, navigation, language, theme, sign-out.
 *
 * In: the current view. Out: the page. Never here: figures.
 */

import { BASE } from "./page/base.js";
import { app, may, preference, refresh } from "./page/state.js";
import { signOut } from "./server/session.js";
import { h } from "./page/dom.js";
import { link, route } from "./page/router.js";
import { theme, toggleTheme } from "./page/theme.js";
import { LANGUAGES, language, setLanguage, t } from "./page/i18n.js";

export const logo = () =>
  h("span", { class: "logo" }, h("span", { class: "logo-lamp", "aria-hidden": "true" }), h("span", { class: "logo-name", translate: "no" }, "Tallylight"));

/** Views that are reached from another one, by the destination that they belong to. */
const BELONGS = { live: "sessions", report: "sessions", connection: "connections", plan: "sessions", close: "sessions", host: "sessions", brand: "brands", month: "brands", rates: "brands" };

/** The destinations of the bar: `{to, label}`, and the pages of a group as `parts`; `to` is the first of them. */
function destinations() {
  const list = [
    { to: "today", label: "today.title" },
    { to: "sessions", label: "dash.nav.sessions", parts: [["sessions", "dash.nav.sessions"], ["comparison", "dash.nav.comparison"]] },
    { to: "brands", label: "brand.nav" },
  ];
  if (may.write()) list.push({ to: "dead-letters", label: "waiting.title" });
  if (may.administer()) {
    list.push({ to: "connections", label: "dash.nav.connections" });
    list.push({ to: "people", label: "dash.nav.administration", parts: [["people", "people.nav"], ["channels", "channels.title"], ["audit", "audit.title"], ["status", "system.title"]] });
  }
  return list;
}

const within = ({ to, parts }, name) => to === name || Boolean(parts?.some(([part]) => part === name));

/** On a phone the destinations stand behind a button; on wider screens the style sheet shows them always. */
let menuOpen = false;

function showMenu(open) {
  if (menuOpen === open) return;
  menuOpen = open;
  refresh();
}

addEventListener("hashchange", () => showMenu(false));
document.addEventListener("pointerdown", (event) => event.target.closest?.(".bar") || showMenu(false));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menuOpen) return;
  document.getElementById("menu-button")?.focus();
  showMenu(false);
});

const menuButton = () =>
  h("button", { type: "button", id: "menu-button", class: "icon-button menu-button", "aria-expanded": String(menuOpen), "aria-controls": "menu", "aria-label": t("dash.nav.menu"), onclick: () => showMenu(!menuOpen) },
    h("svg", { viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true" }, h("path", { d: menuOpen ? "M5 5L15 15M15 5L5 15" : "M3 5H17M3 10H17M3 15H17" })));

/** The pages of a group, over each of them. */
function parts(name) {
  const group = destinations().find((one) => one.parts && within(one, name));
  return group && h("nav", { key: "parts", class: "tabs sideways", "aria-label": t(group.label) },
    ...group.parts.map(([to, label]) => h("a", { key: to, href: link(to), "aria-current": to === name ? "page" : null }, t(label))));
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
export function signedOut(content) {
  menuOpen = false;
  return [h("header", { class: "bar bar-signed-out" }, switches()), content];
}

/** The addresses of a guest: the report, and the live screen where the link shows it. */
const guestLinks = (who) =>
  who.shows.includes("live") ? [[link("report", who.session), "report", "dash.report"], [link("live", who.session), "live", "dash.live"]] : [];

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
  const current = BELONGS[name] ?? name;
  return [
    h("a", { class: "skip", href: location.hash || "#/", onclick: (event) => { event.preventDefault(); document.getElementById("main").focus(); } }, t("dash.skip")),
    h(
      "header",
      { class: "bar" },
      h("a", { class: "brand-link", href: link("today"), "aria-label": `Tallylight: ${t("today.title")}` }, logo()),
      menuButton(),
      h("div", { id: "menu", class: `menu ${menuOpen ? "is-open" : ""}` },
        h("nav", { class: "nav", "aria-label": t("dash.nav.main") }, ...destinations().map((one) =>
          h("a", { key: one.to, href: link(one.to), "aria-current": within(one, current) ? (one.to === name ? "page" : "true") : null, onclick: () => showMenu(false) }, t(one.label)))),
        h("a", { class: "icon-button guide-link", href: `${BASE}/guide`, "aria-label": t("dash.guide"), title: t("dash.guide") }, h("span", { "aria-hidden": "true" }, "?")),
        switches(),
        h("button", { type: "button", class: "button button-quiet sign-out", "aria-label": t("dash.signout"), title: t("dash.signout"), onclick: signOut },
          h("svg", { viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true" }, h("path", { d: "M8 3H4V17H8M12 6L16 10L12 14M16 10H8" })),
          h("span", { class: "sign-out-name" }, t("dash.signout")))),
    ),
    h("main", { id: "main", tabindex: "-1", class: `view view-${name}` }, parts(name), content),
  ];
}
