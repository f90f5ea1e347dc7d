/**
 * What all views share: who is signed in, what is preferred, and requests to draw again.
 *
 * In: changes. Out: one drawing per animation frame, and none under a pressed button. Never here: words, requests.
 */

/** Within this time a release becomes a click. */
const CLICK_MS = 100;
/** A button whose release never comes does not hold the page for longer. */
const LONGEST_HOLD_MS = 3000;

let draw = () => {};
let wanted = false;
/** Whether a button is pressed. */
let pressed = false;
let release = null;

export const app = {
  /** Whether the server has said who is signed in. */
  asked: false,
  /** `{kind, name, role, brand, …}` of who is signed in by the cookie; null for no one. */
  who: null,
  /** How often a secret was exchanged for a cookie: the answer to a request of before says nothing of who is signed in now. */
  exchanges: 0,
  /** Why the sign-in is shown: null, or a label's key. */
  signedOutBecause: null,
  view: null,
};

export const may = {
  write: () => app.who?.role === "operator" || app.who?.role === "admin",
  /** A viewer that is bound to a brand reads the client edition, and nothing internal. */
  seeInternal: () => !(app.who?.role === "viewer" && app.who?.brand),
  administer: () => app.who?.role === "admin",
};

/** Draw again before the next frame; while a button is pressed, once it is released. */
export function refresh() {
  if (wanted) return;
  wanted = true;
  // A hidden tab gets no frames; what it shows is drawn when it is looked at again.
  requestAnimationFrame(() => {
    if (pressed) return;
    wanted = false;
    draw();
  });
}

/** Draw although a button is pressed: what is pressed is dragged. */
export function released() {
  clearTimeout(release);
  pressed = false;
  if (!wanted) return;
  wanted = false;
  refresh();
}

// A browser makes a click only where a pointer goes down and up on one element: if a drawing moved or replaced it between the two, the
// click would reach nothing, and no one would know.
addEventListener("pointerdown", ({ target, button }) => {
  if (button !== 0 || !target.closest?.("button, a, label, summary")) return;
  pressed = true;
  clearTimeout(release);
  release = setTimeout(released, LONGEST_HOLD_MS);
}, true);
// The click of a finger comes a moment after the finger has left.
addEventListener("pointerup", () => {
  if (!pressed) return;
  clearTimeout(release);
  release = setTimeout(released, CLICK_MS);
}, true);
for (const end of ["click", "pointercancel", "blur"]) addEventListener(end, released);

export function onDraw(work) {
  draw = work;
}

/** Show the sign-in: the cookie is worth nothing any more. */
export function forget(because = null) {
  Object.assign(app, { who: null, signedOutBecause: because });
  refresh();
}

/** A preference that outlives the tab; storage may be forbidden, and then it lasts as long as the page. */
export function preference(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(`tallylight.${name}`);
    if (value === null) localStorage.removeItem(`tallylight.${name}`);
    else localStorage.setItem(`tallylight.${name}`, value);
  } catch {
    // As above.
  }
  return value ?? null;
}
