/**
 * What the pages of brands share: the tabs over them, and saving of files.
 *
 * In: who looks, and where. Out: descriptions of links and buttons. Never here: figures.
 */

import { Problem, download } from "../server/api.js";
import { h } from "../page/dom.js";
import { link } from "../page/router.js";
import { app, may, refresh } from "../page/state.js";
import { notice, phrase, problemWords } from "./components.js";
import { t } from "../page/i18n.js";

/** Parts of a brand's pages, and who may open them. */
const PARTS = [
  ["shows", () => true], ["hosts", () => true], ["month", () => true], ["contract", () => may.write()], ["settlement", () => true],
  ["customers", () => true], ["shipping", () => true], ["catalogue", () => true], ["exports", () => true],
];

/** True for people of the agency, who see more than one brand. */
export const ofAgency = () => !app.who.brand;

const tab = (address, label, here) => h("a", { key: address, href: address, "aria-current": here ? "page" : null }, label);

export const brandTabs = (slug, part) =>
  h("nav", { class: "tabs sideways", "aria-label": t("brand.parts") },
    ...PARTS.filter(([, open]) => open()).map(([name]) => tab(link("brand", slug, name), t(`brand.part.${name}`), name === part)));

export const agencyTabs = (here) =>
  ofAgency() && h("nav", { class: "tabs sideways", "aria-label": t("brand.parts") },
    tab(link("brands"), t("brand.nav"), here === "brands"),
    may.write() && tab(link("month"), t("brand.agency_month"), here === "month"),
    tab(link("rates"), t("brand.rates"), here === "rates"));

/** Files that are being saved, and what went wrong with the last one. */
export class Saving {
  #state = null;

  async save(path, fallback) {
    this.#state = notice("info", t("dash.report.saving"));
    refresh();
    try {
      await download(path, fallback);
      this.#state = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#state = notice("critical", t("dash.report.no_file"), " ", error.words);
    }
    refresh();
  }

  button(label, path, fallback, look = "button button-quiet") {
    return h("button", { type: "button", class: look, onclick: () => this.save(path, fallback) }, label);
  }

  render() {
    return h("div", { role: "status" }, this.#state);
  }
}

/** A list of names and values. */
export const facts = (rows) =>
  h("dl", { class: "facts" }, ...rows.filter(Boolean).map(([label, value]) => h("div", { key: label }, h("dt", null, phrase(label)), h("dd", null, value))));

/** Work of a button; a problem is kept for `notice`. */
export class Work {
  busy = false;
  problem = null;

  async run(work) {
    if (this.busy) return;
    Object.assign(this, { busy: true, problem: null });
    refresh();
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    } finally {
      this.busy = false;
      refresh();
    }
  }

  render() {
    return h("div", { role: "alert" }, this.problem && notice("critical", problemWords(this.problem)));
  }
}
