/**
 * Dark or light: the system's preference unless the switch says otherwise.
 *
 * In: a choice. Out: `data-theme` of the page, which the style sheet reads. Never here: colours.
 */

import { preference, refresh } from "./state.js";

const system = matchMedia("(prefers-color-scheme: light)");
const chosen = () => (["dark", "light"].includes(preference("theme")) ? preference("theme") : null);

export const theme = () => chosen() ?? (system.matches ? "light" : "dark");

export function toggleTheme() {
  const wanted = theme() === "dark" ? "light" : "dark";
  // What the system prefers anyway is no choice: the page goes on following it.
  preference("theme", wanted === (system.matches ? "light" : "dark") ? null : wanted);
  show();
}

function show() {
  document.documentElement.dataset.theme = theme();
  refresh();
}

system.addEventListener("change", show);
show();
