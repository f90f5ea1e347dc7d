/** The path under which a proxy publishes the server; empty without one. */
export const BASE = document.querySelector('meta[name="base"]')?.content ?? "";
