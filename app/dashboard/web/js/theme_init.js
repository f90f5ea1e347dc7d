/* Before the first pixel: the light that was chosen, else the system's, also for the guide, which has no script of its own; and
   the one gap in Trusted Types (the empty string, with which Vega clears its stage). Not a module, since modules run after the
   page is parsed. */
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("tallylight.theme");
  } catch {
    // Storage is forbidden: the system's wish holds.
  }
  document.documentElement.dataset.theme =
    ["dark", "light"].includes(chosen) ? chosen : matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}
if (window.trustedTypes) trustedTypes.createPolicy("default", { createHTML: (text) => (text === "" ? "" : null) });
