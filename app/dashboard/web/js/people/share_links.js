/**
 * The share links of a session: made, copied, revoked.
 *
 * In: share links of the API without their secrets. Out: a panel of the report. Never here: what a guest may read.
 */

import { get, post, remove } from "../server/api.js";
import { h } from "../page/dom.js";
import { Resource, change } from "../server/resource.js";
import { Secret } from "./fields.js";
import { field, notice, panel, problemWords, table } from "../components/components.js";
import { LANGUAGES, READER_ZONE, language, moment, t } from "../page/i18n.js";

export class ShareLinks {
  constructor(base) {
    this.path = `${base}/share-links`;
    this.list = new Resource(() => get(this.path));
    this.list.load();
    this.form = { lang: language(), live: false, until: "" };
    this.secret = new Secret("people.share.made");
    this.problem = null;
  }

  leave() {
    this.list.stop();
  }

  #change(work) {
    return change(this, work, this.list);
  }

  #create(event) {
    event.preventDefault();
    const { lang, live, until } = this.form;
    const form = { shows: live ? ["report", "live"] : ["report"], lang: lang || null };
    if (until) form.expires_at = new Date(new Date(`${until}T00:00`).getTime() + 86_400_000).toISOString();
    this.#change(async () => {
      const made = await post(this.path, form);
      this.secret.show(made.url, t("people.share.once"));
    });
  }

  render() {
    const list = this.list.data?.share_links;
    return list && panel("share", t("people.share"), { class: "sheet" },
      h("p", { class: "quiet" }, t("people.share.intro")),
      this.problem && h("div", { role: "alert" }, notice("critical", problemWords(this.problem))),
      this.secret.render(),
      list.length > 0 ? this.#table(list) : h("p", { class: "empty" }, t("people.share.none")),
      this.#form());
  }

  #table(list) {
    const time = (at, none) => (at ? h("span", { class: "nowrap" }, moment(at, READER_ZONE)) : t(none));
    const columns = [
      { label: t("people.share.since"), cell: (one) => time(one.created_at, "people.never") },
      { label: t("people.share.shows"), cell: (one) => t(one.shows.includes("live") ? "people.share.report_and_live" : "people.share.report") },
      { label: t("dash.language"), cell: (one) => (one.lang ? LANGUAGES[one.lang] : t("people.share.reader")) },
      { label: t("people.expires"), cell: (one) => time(one.expires_at, "people.expires.never") },
      { label: t("people.last_used"), cell: (one) => time(one.last_used_at, "people.never") },
      { label: t("people.actions"), cell: (one) => h("button", {
        type: "button", class: "button button-quiet",
        onclick: () => confirm(t("people.share.confirm")) && this.#change(() => remove(`${this.path}/${one.id}`)),
      }, t("people.revoke")) },
    ];
    return table("share-table", t("people.share"), columns, list);
  }

  #form() {
    const languages = h("select", { value: this.form.lang, onchange: (event) => { this.form.lang = event.target.value; } },
      ...Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code }, name)), h("option", { value: "" }, t("people.share.reader")));
    return h("form", { class: "note-form", onsubmit: (event) => this.#create(event), "aria-label": t("people.share.add") },
      field(t("dash.language"), languages),
      field(t("people.expires"), h("input", { type: "date", value: this.form.until, onchange: (event) => { this.form.until = event.target.value; } })),
      h("label", { class: "note-share" }, h("input", { type: "checkbox", checked: this.form.live, onchange: (event) => { this.form.live = event.target.checked; } }), " ", t("people.share.live")),
      h("button", { class: "button button-main" }, t("people.share.add")));
  }
}
