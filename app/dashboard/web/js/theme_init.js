/* Before the first pixel: the light that was chosen, and the one gap in Trusted Types (the empty string, with which Vega
   clears its stage). Not a module, since modules run after the page is parsed. */
try {
  const chosen = localStorage.getItem("tallylight.theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is forbidden: the system's wish holds.
}
if (window.trustedTypes) trustedTypes.createPolicy("default", { createHTML: (text) => (text === "" ? "" : null) });
