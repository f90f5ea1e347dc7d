/**
 * The dashboard's beginning: words first, then who, then the view that the address names.
 *
 * In: the page. Out: a drawn view. Never here: views' own work.
 */

import { Problem } from "./api.js";
import { app, forget, onDraw, refresh } from "./state.js";
import { ComparisonView } from "./comparison.js";
import { ConnectionsView } from "./connections.js";
import { h, render } from "./dom.js";
import { signedIn, signedOut } from "./layout.js";
import { DeadLettersView } from "./dead_letters.js";
import { later } from "./later.js";
import { LiveView } from "./live.js";
import { heading, notice, waiting } from "./components.js";
import { ReportView } from "./report.js";
import { link, route } from "./router.js";
import { SessionsView } from "./sessions.js";
import { identify, signIn } from "./signin.js";
import "./theme.js";
import { setLanguage, t } from "./i18n.js";

const VIEWS = {
  today: later(() => import("./today/today.js")),
  sessions: SessionsView,
  plan: later(() => import("./plan/plan.js")),
  live: LiveView,
  host: later(() => import("./desk/host.js")),
  close: later(() => import("./close/close.js")),
  report: ReportView,
  comparison: ComparisonView,
  "dead-letters": DeadLettersView,
  connections: ConnectionsView,
  brands: later(() => import("./brand/brands.js")),
  brand: later(() => import("./brand/page.js")),
  month: later(() => import("./brand/agency_month.js")),
  rates: later(() => import("./brand/rates.js")),
};
const root = document.getElementById("app");
let shown = null;
let unreachable = false;

/** Make the view that the address names, unless it stands already. */
function open() {
  const { name, parts } = route();
  const address = [name, ...parts].join("/");
  if (app.who && shown === address) return;
  app.view?.leave?.();
  const View = VIEWS[name];
  app.view = app.who && View ? new View(...parts) : null;
  shown = app.who ? address : null;
  if (app.who) {
    scrollTo(0, 0);
    // The new view is where reading goes on; a first page has no place that was left.
    if (document.activeElement?.closest("main")) document.getElementById("main")?.focus({ preventScroll: true });
  }
}

function missing() {
  return [heading(1, t("dash.error.missing")), h("p", null, h("a", { href: link("sessions") }, t("dash.nav.sessions")))];
}

function draw() {
  if (!app.key) {
    app.view?.leave?.();
    app.view = shown = null;
    document.title = "Tallylight";
    return render(root, signedOut(signIn()));
  }
  if (!app.who) {
    return render(root, signedOut(h("main", { class: "signin", id: "main" }, unreachable ? notice("warning", t("dash.error.offline")) : waiting())));
  }
  open();
  const title = app.view?.title();
  document.title = title ? `${title} – Tallylight` : "Tallylight";
  render(root, signedIn(app.view ? app.view.render() : missing(), route().name));
}

/** Ask who the remembered key is; a server that does not answer is asked again. */
async function restoreSignIn() {
  if (!app.key) return;
  try {
    app.who = await identify(app.key);
  } catch (error) {
    if (error instanceof Problem && error.passing) {
      unreachable = true;
      setTimeout(restoreSignIn, 3000);
    } else {
      forget("dash.signin.expired");
    }
  }
  refresh();
}

async function begin() {
  onDraw(draw);
  addEventListener("hashchange", refresh);
  const who = restoreSignIn();
  try {
    await setLanguage();
  } catch {
    // Without words there is nothing to say but this, in the three languages at once.
    render(root, h("main", { class: "signin" }, h("p", null, "サーバーに接続できません · 无法连接服务器 · The server cannot be reached")));
    setTimeout(() => location.reload(), 5000);
    return;
  }
  await who;
  refresh();
}

begin();
