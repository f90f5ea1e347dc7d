/**
 * Addresses: what stands behind the `#` says which view is shown.
 *
 * In: `#/live/0192…?x=y`. Out: the view's name, its parts and parameters. Never here: views.
 */

export function route() {
  const [where, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name = "", ...parts] = where.split("/").map(decode);
  return { name: name || "today", parts, query: new URLSearchParams(query) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function link(name, ...parts) {
  return `#/${[name, ...parts].map(encodeURIComponent).join("/")}`;
}

export function go(address) {
  location.hash = address;
}

/** Put parameters into the address without a step in the history, so that the address of a view can be shared. */
export function keep(parameters) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value)).toString();
  const [where] = location.hash.split("?");
  history.replaceState(null, "", `${where || "#/"}${query ? `?${query}` : ""}`);
}
