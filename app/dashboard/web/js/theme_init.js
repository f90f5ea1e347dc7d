/* Sets the chosen theme, else the system's, before anything is drawn, also for the guide, which has no other script; and allows
   the one exception of Trusted Types (the empty string, with which Vega clears its container). Not a module, since modules run
   after the page is parsed. */
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("tallylight.theme");
  } catch {
    // Storage is forbidden: the system's preference holds.
  }
  document.documentElement.dataset.theme =
    ["dark", "light"].includes(chosen) ? chosen : matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}
if (window.trustedTypes) trustedTypes.createPolicy("default", { createHTML: (text) => (text === "" ? "" : null) });
