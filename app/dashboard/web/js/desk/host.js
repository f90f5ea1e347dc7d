/**
 * The host's view: four things, readable from three metres.
 *
 * In: a session's stream. Out: viewers now, GMV, the product on air with its stock, the next product; above them who presents and
 * the last mark. Never here: controls.
 */

import { get } from "../server/api.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource, every } from "../server/resource.js";
import { badge, failure, fitted, phrase, waiting } from "../components/components.js";
import { nextOf, rowsOf } from "./present.js";
import { hostNow, markName } from "../components/marks.js";
import { link } from "../page/router.js";
import { Stream } from "../server/stream.js";
import { READER_ZONE, hour, lengthOf, money, moneyParts, number, t } from "../page/i18n.js";

/** How long the host sees a mark that has no end of its own. */
const MARK_MS = 5 * 60_000;

export class View {
  constructor(id) {
    this.id = id;
    this.documents = {};
    this.session = new Resource(() => get(`/v1/sessions/${encodeURIComponent(id)}`));
    this.session.load();
    this.stream = new Stream(encodeURIComponent(id), {
      update: (documents) => {
        Object.assign(this.documents, documents);
        refresh();
      },
      state: refresh,
    });
    this.stop = every(1000, refresh);
    this.#keepAwake();
    document.addEventListener("visibilitychange", this.#keepAwake);
  }

  title() {
    return `${this.session.data?.title ?? ""} – ${t("desk.host_view")}`;
  }

  leave() {
    this.stop();
    this.stream.close();
    this.session.stop();
    document.removeEventListener("visibilitychange", this.#keepAwake);
    this.lock?.release();
  }

  languageChanged() {
    this.stream.restart();
  }

  /** A tablet beside the camera must not go dark; where the browser cannot promise it, the tablet's own setting decides. */
  #keepAwake = async () => {
    if (document.visibilityState !== "visible" || !navigator.wakeLock) return;
    this.lock = await navigator.wakeLock.request("screen").catch(() => null);
  };

  /** The last mark, while it is news; by the session's own clock, since a replay is of another day. */
  #mark() {
    const { marks, kpis, alerts } = this.documents;
    const last = marks?.marks.findLast((one) => one.kind === "mark");
    const now = new Date(alerts?.as_of ?? kpis?.as_of);
    return last && now < new Date(last.until ?? new Date(last.at).getTime() + MARK_MS) ? last : null;
  }

  render() {
    if (this.session.error && !this.session.data) return failure(this.session.error, () => this.session.load());
    const { kpis: document, products } = this.documents;
    if (!this.session.data || !document || !products) return waiting();
    const { kpis, currency } = document;
    const rows = rowsOf(products, [], []);
    const current = rows.find((row) => row.onAir);
    const next = nextOf(rows);
    const fresh = this.stream.state === "open";
    const presenter = hostNow(this.documents.marks, this.session.data);
    const mark = this.#mark();
    return h("div", { class: `host ${fresh ? "" : "stale"}` },
      h("header", { class: "host-head" },
        badge(document.status),
        h("h1", { class: "host-title" }, phrase(this.session.data.title)),
        presenter && h("span", { key: "presenter", class: "host-presenter" }, t("mark.host", { host: presenter })),
        h("a", { class: "quiet", href: link("live", this.id) }, t("dash.live"))),
      !fresh && this.stream.heardAt && h("div", { key: "stale", class: "notice notice-critical", role: "alert" },
        t("dash.live.stale", { time: hour(new Date(this.stream.heardAt), READER_ZONE, true) })),
      mark && h("p", { key: "mark", class: "host-mark", role: "status" },
        h("strong", null, markName(mark)), " ", mark.text, " ", h("span", { class: "quiet nowrap" }, hour(mark.at, this.session.data.time_zone))),
      h("div", { class: "host-figures" },
        figure("viewers", t("metric.concurrent_viewers"), [[number(kpis.concurrent_viewers.value), false]]),
        figure("gmv", t("metric.gmv"), moneyParts(kpis.gmv.value, currency))),
      h("section", { class: "host-current", "aria-labelledby": "host-current" },
        h("h2", { id: "host-current", class: "host-label" }, t("product.on_air")),
        current
          ? [h("p", { key: "name", class: "host-product", title: current.name }, phrase(current.name)), h("p", { key: "facts", class: "host-facts" }, stock(current), current.price && h("span", null, money(current.price, currency)))]
          : h("p", { key: "none", class: "host-product quiet" }, "—")),
      h("section", { class: "host-next", "aria-labelledby": "host-next" },
        h("h2", { id: "host-next", class: "host-label" }, t("desk.next")),
        h("p", { class: "host-following", title: next?.name }, next ? phrase(next.name) : "—")),
    );
  }
}

const figure = (name, label, parts) =>
  h("section", { class: `host-figure host-${name}`, "aria-labelledby": `host-${name}` },
    h("h2", { id: `host-${name}`, class: "host-label" }, phrase(label)),
    fitted("p", { class: "host-value" }, parts.reduce((sum, [text, small]) => sum + lengthOf(text, small), 0),
      ...parts.map(([text, small]) => (small ? h("small", null, text) : text))));

/** An estimate of nothing is no sell-out. */
function stock(row) {
  if (row.stock === null) return null;
  if (row.stock === 0 && !row.estimated) return h("strong", { class: "host-out" }, t("dash.sold_out"));
  return h("strong", null, t("desk.left", { count: number(row.stock) }));
}
