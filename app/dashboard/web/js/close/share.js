/**
 * Links by which a client reads the report without a key.
 *
 * In: the share links of a session. Out: new ones, and their end. Never here: the client's page.
 */

import { Problem, get, post, remove } from "../server/api.js";
import { refresh } from "../page/state.js";
import { h } from "../page/dom.js";
import { Resource } from "../server/resource.js";
import { failure, field } from "../components/components.js";
import { ask } from "../components/forms.js";
import { LANGUAGES, READER_ZONE, language, moment, t } from "../page/i18n.js";

export class ShareLinks {
  #form = { lang: language(), live: false };
  #made = null;
  #problem = null;
  #copied = false;

  constructor(base) {
    this.path = `${base}/share-links`;
    this.list = new Resource(() => get(`${this.path}?limit=50`));
  }

  load() {
    this.list.load();
  }

  leave() {
    this.list.stop();
  }

  async #change(work) {
    this.#problem = null;
    try {
      await work();
      await this.list.load();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    }
    refresh();
  }

  #make(event) {
    event.preventDefault();
    this.#change(async () => {
      this.#made = await post(this.path, { shows: this.#form.live ? ["report", "live"] : ["report"], lang: this.#form.lang });
      this.#copied = false;
    });
  }

  /** The clipboard may be closed to the page: then the link is chosen, ready to be copied by hand. */
  async #copy() {
    const input = document.getElementById("share-url");
    input.select();
    try {
      await navigator.clipboard.writeText(this.#made.url);
      this.#copied = true;
    } catch {
      this.#copied = false;
    }
    refresh();
  }

  render() {
    const links = this.list.data?.share_links ?? [];
    return h("div", { key: "share" },
      h("h3", { class: "title title-3" }, t("close.share")),
      this.#problem && failure(this.#problem),
      h("form", { class: "card-form", onsubmit: (event) => this.#make(event), "aria-label": t("close.share") },
        field(t("close.share.language"), h("select", { value: this.#form.lang, onchange: (event) => { this.#form.lang = event.target.value; refresh(); } },
          ...Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code }, name)))),
        h("label", { class: "choice" }, h("input", { type: "checkbox", checked: this.#form.live, onchange: (event) => { this.#form.live = event.target.checked; refresh(); } }), " ", t("close.share.live")),
        h("button", { class: "button" }, t("close.share.make"))),
      this.#made && h("div", { key: "made", class: "notice notice-info" },
        field(t("close.share.url"), h("input", { id: "share-url", type: "text", readonly: true, value: this.#made.url })),
        h("button", { type: "button", class: "button", onclick: () => this.#copy() }, t(this.#copied ? "close.share.copied" : "close.share.copy")),
        h("p", { class: "small" }, t("close.share.once"))),
      links.length > 0 && h("ul", { key: "list", class: "plan-list" }, ...links.map((link) => h("li", { key: link.id },
        h("span", null, [link.lang && LANGUAGES[link.lang], link.shows.includes("live") && t("dash.live"), moment(link.created_at ?? link.expires_at, READER_ZONE),
          link.last_used_at ? t("close.share.used", { time: moment(link.last_used_at, READER_ZONE) }) : t("close.share.unused")].filter(Boolean).join(" · ")),
        h("button", { type: "button", class: "button button-quiet", onclick: async () => (await ask(t("close.share.revoke"), t("close.share.confirm"), t("close.share.revoke"))) && this.#change(() => remove(`${this.path}/${link.id}`)) }, t("close.share.revoke"))))));
  }
}
