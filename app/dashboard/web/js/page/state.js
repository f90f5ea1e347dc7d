/**
 * What all views share: who is signed in, what is preferred, and requests to draw again.
 *
 * In: changes. Out: one drawing per animation frame. Never here: words, requests.
 */

let draw = () => {};
let wanted = false;

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

/** Draw again before the next frame. */
export function refresh() {
  if (wanted) return;
  wanted = true;
  // A hidden tab gets no frames; what it shows is drawn when it is looked at again.
  requestAnimationFrame(() => {
    wanted = false;
    draw();
  });
}

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
