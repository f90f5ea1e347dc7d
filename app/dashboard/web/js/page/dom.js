/**
 * The render layer: a description of what should stand on the page, and the few changes that make it so.
 *
 * In: `h(tag, properties, ...children)`. Out: DOM nodes that are kept as long as they mean the same, so focus, scroll and
 * selection stay. Never here: HTML as text. Data becomes text nodes and attributes, and so can never become markup.
 */

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set(["svg", "path", "circle", "line", "rect", "g"]);
/** What the user changes: it is compared with the node itself, not with what was rendered last. */
const LIVE = new Set(["value", "checked", "selected"]);
const SAFE_LINK = /^(#|\/(?!\/)|https?:|blob:)/;

/**
 * Describe an element. Properties: attributes by name, `on…` listeners, `style` as an object of custom properties, `key`
 * (identity among siblings), `widget` (`{create(node, input) → {update(input), remove()}}`, owner of its node's children).
 */
export function h(tag, properties, ...children) {
  return { tag, properties: properties ?? {}, key: properties?.key, children: flat(children) };
}

function flat(children, found = []) {
  for (const child of children) {
    if (Array.isArray(child)) flat(child, found);
    else if (child !== null && child !== undefined && child !== false && child !== "") {
      found.push(typeof child === "object" ? child : { text: String(child) });
    }
  }
  return found;
}

/** Make the children of a node equal to their description. */
export function render(parent, ...children) {
  const after = flat(children);
  reconcile(parent, parent.described ?? [], after);
  parent.described = after;
}

function reconcile(parent, before, after) {
  const keyed = new Map(before.filter((old) => old.key !== undefined).map((old) => [old.key, old]));
  const plain = before.filter((old) => old.key === undefined);
  const pairs = after.map((wanted) => {
    const old = wanted.key === undefined ? plain.shift() : keyed.get(wanted.key);
    keyed.delete(wanted.key);
    if (old && old.tag === wanted.tag && old.properties?.widget === wanted.properties?.widget) return [old, wanted];
    if (old) discard(old);
    return [null, wanted];
  });
  for (const old of [...plain, ...keyed.values()]) discard(old);
  let cursor = parent.firstChild;
  for (const [old, wanted] of pairs) {
    const node = old ? change(old, wanted) : create(wanted);
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  }
}

function create(wanted) {
  if (wanted.tag === undefined) return (wanted.node = document.createTextNode(wanted.text));
  const node = DRAWN.has(wanted.tag) ? document.createElementNS(SVG, wanted.tag) : document.createElement(wanted.tag);
  wanted.node = node;
  if (wanted.properties.widget) wanted.widget = wanted.properties.widget.create(node, wanted.properties.input);
  else reconcile(node, [], wanted.children);
  // After the children, since a select takes its value from its options.
  for (const [name, value] of Object.entries(wanted.properties)) set(node, name, value);
  return node;
}

function change(old, wanted) {
  const node = (wanted.node = old.node);
  if (wanted.tag === undefined) {
    if (old.text !== wanted.text) node.data = wanted.text;
    return node;
  }
  if (old.widget) (wanted.widget = old.widget).update(wanted.properties.input);
  else reconcile(node, old.children, wanted.children);
  for (const name of Object.keys(old.properties)) if (!(name in wanted.properties)) set(node, name, null);
  for (const [name, value] of Object.entries(wanted.properties)) {
    if (LIVE.has(name) ? node[name] !== value && !typing(node, name, old.properties[name] === value) : old.properties[name] !== value) set(node, name, value);
  }
  return node;
}

/** A field that says only when it is left what was typed keeps that until then, unless it is to show something else than before. */
const typing = (node, name, same) => same && name === "value" && !node.oninput && node === document.activeElement && node.matches("input, textarea");

function discard(old) {
  release(old);
  old.node.remove();
}

function release(old) {
  old.widget?.remove();
  for (const child of old.children ?? []) release(child);
}

function set(node, name, value) {
  if (name === "key" || name === "widget" || name === "input") return;
  if (name.startsWith("on")) node[name.toLowerCase()] = value;
  else if (LIVE.has(name)) node[name] = value ?? "";
  else if (name === "style") for (const [rule, text] of Object.entries(value ?? {})) node.style.setProperty(rule, text);
  else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (name === "href" && !SAFE_LINK.test(value)) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
}
