/**
 * Channels, for administrators: where messages are sent, with a form per kind, a test, and the deliveries of each.
 *
 * In: channels without their secrets. Out: cards and forms. Never here: a secret that was saved; formats of receivers.
 */

import { get, patch, path, post, remove } from "../server/api.js";
import { heading, notice } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form, ask } from "../components/forms.js";
import { LANGUAGES, READER_ZONE, language, moment, number, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { brandOptions } from "../people/fields.js";
import { Resource } from "../server/resource.js";
import { refresh } from "../page/state.js";
import { Deliveries } from "./deliveries.js";
import { PreviousSecret } from "../components/previous_secret.js";
import { EVENTS, KINDS, entered, fieldsOf } from "./kinds.js";

export class View {
  constructor() {
    this.list = new Pages("channels", (cursor) => get(path("/v1/channels", { limit: 100, cursor })));
    this.list.load();
    this.brands = new Resource(() => get("/v1/brands?limit=200"));
    this.brands.load();
    this.editing = null;
    this.form = null;
    this.open = null;
    this.tested = new Map();
    /** By channel: its previous secret. */
    this.previous = new Map();
  }

  title() {
    return t("channels.title");
  }

  leave() {
    this.list.stop();
    this.brands.stop();
    this.open?.leave();
  }

  #edit(one) {
    this.editing = one?.id ?? "new";
    const values = one
      ? { kind: one.kind, name: one.name, brand: one.brand, lang: one.lang, enabled: one.enabled, secrets: {}, options: { ...one.options } }
      : { kind: "wecom", name: null, brand: null, lang: language(), enabled: true, secrets: {}, options: {} };
    values.events = Object.fromEntries(EVENTS.map((event) => [event, !one || one.events.includes(event)]));
    this.form = new Form("channel", values, async ({ kind, name, brand, lang, enabled, events, ...rest }) => {
      const { secrets, options } = entered(kind, rest);
      const document = { name, lang, enabled, options, events: EVENTS.filter((event) => events[event]) };
      if (one) await patch(`/v1/channels/${one.id}`, Object.keys(secrets).length ? { ...document, secrets } : document);
      else await post("/v1/channels", { ...document, kind, secrets, ...(brand ? { brand } : {}) });
      this.editing = null;
      await this.list.load();
    });
    refresh();
  }

  async #remove(one) {
    if (!(await ask(t("channels.remove"), t("channels.remove.text", { name: one.name }), t("form.remove")))) return;
    await remove(`/v1/channels/${one.id}`);
    await this.list.load();
  }

  async #test(one) {
    this.tested.set(one.id, null);
    refresh();
    try {
      this.tested.set(one.id, await post(`/v1/channels/${one.id}/test`));
    } catch (error) {
      this.tested.set(one.id, { ok: false, error: error.words ?? t("dash.error.unknown") });
    }
    await this.list.load();
    if (this.open?.channel === one.id) this.open.load();
  }

  #previous(one) {
    if (!this.previous.has(one.id)) {
      this.previous.set(one.id, new PreviousSecret(async (changes) => {
        await patch(`/v1/channels/${one.id}`, changes);
        await this.list.load();
      }, one.name));
    }
    return this.previous.get(one.id).render(one);
  }

  #look(one) {
    const same = this.open?.channel === one.id;
    this.open?.leave();
    this.open = same ? null : new Deliveries(one.id);
    refresh();
  }

  render() {
    return [
      h("div", { class: "view-head" }, heading(1, this.title()),
        h("button", { type: "button", class: "button button-main", onclick: () => this.#edit(null) }, t("channels.new"))),
      h("p", { class: "quiet intro" }, t("channels.intro")),
      this.editing === "new" && h("section", { class: "panel", "aria-label": t("channels.new") }, this.#form(true)),
      this.list.render((items) => h("ul", { class: "dead-letters" }, ...items.map((one) => this.#channel(one))), t("channels.none")),
    ];
  }

  #form(fresh) {
    const { form } = this;
    return form.render(fresh ? t("channels.new") : t("channels.change"), () => [
      h("div", { class: "form-row" },
        fresh && form.field("/kind", t("channels.kind"), { kind: "select", options: KINDS.map((kind) => [kind, t(`channels.kind.${kind}`)]) }),
        form.field("/name", t("dash.name"), { required: true }),
        fresh && form.field("/brand", t("dash.brand"), { kind: "select", options: brandOptions(this.brands) }),
        form.field("/lang", t("channels.lang"), { kind: "select", options: LANGUAGES }),
        form.field("/enabled", t("channels.enabled"), { kind: "checkbox" })),
      h("p", { class: "quiet" }, t(`channels.help.${form.get("/kind")}`)),
      h("div", { class: "channel-secrets" }, fieldsOf(form, fresh)),
      h("fieldset", { class: "field" }, h("legend", { class: "field-label" }, t("channels.events")),
        ...EVENTS.map((event) => form.field(`/events/${event}`, t(`channels.event.${event}`), { kind: "checkbox" }))),
    ], {
      submit: fresh ? t("channels.create") : t("form.save"),
      aside: h("button", { type: "button", class: "button", onclick: () => { this.editing = null; refresh(); } }, t("form.cancel")),
    });
  }

  #channel(one) {
    const shown = this.open?.channel === one.id;
    const tested = this.tested.get(one.id);
    return h("li", { key: one.id, class: "panel channel" },
      h("div", { class: "dead-letter-head" },
        h("div", null,
          h("p", { class: "strong" }, one.name, " ", state(one)),
          h("p", { class: "quiet small" }, [t(`channels.kind.${one.kind}`), one.brand ?? t("channels.brand.all"), LANGUAGES[one.lang], one.target].join(" · ")),
          h("p", { class: "quiet small" }, one.events.map((event) => t(`channels.event.${event}`)).join(" · ")),
          h("p", { class: "quiet small" }, t("channels.counts", { sent: number(one.counts.sent), queued: number(one.counts.queued), failed: number(one.counts.failed) }),
            one.last_sent_at && ` · ${t("channels.last", { time: moment(one.last_sent_at, READER_ZONE) })}`)),
        h("div", { class: "live-buttons" },
          h("button", { type: "button", class: "button", onclick: () => this.#test(one) }, t("channels.test")),
          h("button", { type: "button", class: "button button-quiet", "aria-expanded": String(shown), onclick: () => this.#look(one) }, t("channels.deliveries")),
          h("button", { type: "button", class: "button button-quiet", onclick: () => this.#edit(one) }, t("channels.change")),
          h("button", { type: "button", class: "button button-quiet", onclick: () => this.#remove(one) }, t("form.remove")))),
      h("div", { role: "status" },
        tested && notice(tested.ok ? "info" : "warning", tested.ok ? t("channels.test.ok") : t("channels.test.failed", { error: tested.error })),
        !tested && one.last_error && notice("warning", t("channels.error", { error: one.last_error }))),
      this.#previous(one),
      this.editing === one.id && this.#form(false),
      shown && this.open.render());
  }
}

function state(one) {
  if (!one.enabled) return h("span", { class: "chip" }, t("channels.off"));
  if (one.paused_until || one.last_error) return h("span", { class: "chip chip-out" }, t("channels.failing"));
  return one.last_sent_at ? h("span", { class: "chip chip-good" }, t("channels.working")) : h("span", { class: "chip" }, t("channels.idle"));
}
