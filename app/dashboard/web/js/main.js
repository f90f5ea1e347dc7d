/**
 * The dashboard's beginning: words first, then who, then the view that the address names.
 *
 * In: the page. Out: a drawn view. Never here: views' own work.
 */

import { Problem } from "./server/api.js";
import { app, onDraw, refresh } from "./page/state.js";
import { ComparisonView } from "./sessions/comparison.js";
import { h, render } from "./page/dom.js";
import { guestFrame, signedIn, signedOut } from "./layout.js";
import { later } from "./later.js";
import { LiveView } from "./live/live.js";
import { heading, notice, waiting } from "./components/components.js";
import { ReportView } from "./report/report.js";
import { link, route } from "./page/router.js";
import { SessionsView } from "./sessions/sessions.js";
import { restore, takeSecret } from "./server/session.js";
import { SharedReportView } from "./report/share.js";
import { confirmLink, signIn, signInWith } from "./signin.js";
import "./page/theme.js";
import { setLanguage, t } from "./page/i18n.js";

const VIEWS = {
  today: later(() => import("./today/today.js")),
  sessions: SessionsView,
  plan: later(() => import("./plan/plan.js")),
  live: LiveView,
  host: later(() => import("./desk/host.js")),
  close: later(() => import("./close/close.js")),
  report: ReportView,
  comparison: ComparisonView,
  "dead-letters": later(() => import("./waiting/waiting.js")),
  connections: later(() => import("./connections/list.js")),
  connection: later(() => import("./connections/one.js")),
  channels: later(() => import("./channels/channels.js")),
  audit: later(() => import("./channels/audit.js")),
  status: later(() => import("./status/status.js")),
  brands: later(() => import("./brand/brands.js")),
  brand: later(() => import("./brand/page.js")),
  month: later(() => import("./settlement/agency_month.js")),
  rates: later(() => import("./settlement/rates.js")),
  people: later(() => import("./people/page.js")),
};
const root = document.getElementById("app");
let shown = null;
/** The address was changed by a link, by hand or by a step back; what a view keeps in it (`keep`) changes nothing here. */
let moved = false;
let unreachable = false;
/** The secret of a link that was opened where someone else is signed in, until they decide. */
let undecided = null;

/** Make the view that the address names, unless it stands already. New parameters alone are the view's to follow, or it is made again. */
function open() {
  const guest = app.who.kind === "guest";
  const { name, parts } = route();
  const address = [app.who.id, name, ...parts].join("/");
  const stays = shown === address && (!moved || app.view?.moved?.());
  moved = false;
  if (stays) return;
  app.view?.leave?.();
  const View = guest ? SharedReportView : VIEWS[name];
  if (guest && name === "live" && app.who.shows.includes("live")) app.view = new LiveView(app.who.session);
  else app.view = View ? new View(...parts) : null;
  shown = address;
  scrollTo(0, 0);
  // The new view is where reading goes on; a first page has no place that was left.
  if (document.activeElement?.closest("main")) document.getElementById("main")?.focus({ preventScroll: true });
}

function missing() {
  return [heading(1, t("dash.error.missing")), h("p", null, h("a", { href: link("sessions") }, t("dash.nav.sessions")))];
}

function draw() {
  if (!app.asked) {
    return render(root, signedOut(h("main", { class: "signin", id: "main" }, unreachable ? notice("warning", t("dash.error.offline")) : waiting())));
  }
  if (!app.who || undecided) {
    app.view?.leave?.();
    app.view = shown = null;
    document.title = "Tallylight";
    return render(root, signedOut(undecided && app.who ? confirmLink(undecided, () => { undecided = null; }) : signIn()));
  }
  open();
  const title = app.view?.title();
  document.title = title ? `${title} – Tallylight` : "Tallylight";
  const content = app.view ? app.view.render() : missing();
  render(root, app.who.kind === "guest" ? guestFrame(content) : signedIn(content, route().name));
}

/** Ask who is signed in; a server that does not answer is asked again. */
async function begin(secret) {
  try {
    await restore();
    app.asked = true;
    unreachable = false;
    await openLink(secret);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    unreachable = true;
    setTimeout(() => begin(secret), 3000);
  }
  refresh();
}

/** Sign in by the link of the address, if there was one. It replaces another person only after a question. */
async function openLink(secret) {
  if (!secret) return;
  if (app.who && app.who.kind !== "guest") undecided = secret;
  else {
    app.who = null;
    await signInWith(secret);
  }
  refresh();
}

async function start() {
  // At once: the address must not show a secret for longer than it takes to read it.
  const secret = takeSecret();
  onDraw(draw);
  addEventListener("hashchange", () => {
    const opened = takeSecret();
    moved = true;
    if (opened) openLink(opened);
    else refresh();
  });
  try {
    await setLanguage();
  } catch {
    // Without words there is nothing to say but this, in the three languages at once.
    render(root, h("main", { class: "signin" }, h("p", null, "サーバーに接続できません · 无法连接服务器 · The server cannot be reached")));
    setTimeout(() => location.reload(), 5000);
    return;
  }
  await begin(secret);
}

start();
