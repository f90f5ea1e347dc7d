/**
 * The preview of a mapping: a sample is pasted, the rules of the form make events, and the whole path says what becomes of each.
 *
 * In: a connection, the options that stand in its form. Out: events with their outcome. Never here: storage; a preview leaves nothing.
 */

import { get, post } from "../server/api.js";
import { fieldErrors, panel } from "../components/components.js";
import { h } from "../page/dom.js";
import { Form } from "../components/forms.js";
import { labelOr, labelled, t } from "../page/i18n.js";
import { link } from "../page/router.js";
import { refresh } from "../page/state.js";
import { pathsOfSample } from "./completion.js";
import { parsed } from "./fields.js";

export class MappingPreview {
  /** @param options returns the options of the form, saved or not */
  constructor(id, options) {
    this.found = null;
    this.said = "";
    this.id = id;
    this.form = new Form("mapping-preview", { sample: null, topic: null }, async ({ sample, topic }) => {
      this.found = null;
      this.found = await post(`/v1/connections/${id}/preview`, { sample: parsed(sample ?? ""), topic: topic || null, options: options() });
    });
  }

  /** The paths of the sample, for the completion of the rules. */
  get paths() {
    const { sample } = this.form.values;
    const body = sample ? parsed(sample) : null;
    return body && typeof body === "object" ? pathsOfSample(body) : [];
  }

  /** Put the fields of the connection's last dead letter into the sample; their values may be persons', and stay hidden. */
  async #lastDeadLetter() {
    const { dead_letters: found } = await get("/v1/dead-letters?limit=200");
    const last = found.find(({ origin }) => origin === `connection:${this.id}`);
    const { event } = last ? await get(`/v1/dead-letters/${last.id}`) : {};
    this.said = event ? "" : t("completion.no_dead_letter");
    if (event) this.form.set("/sample", JSON.stringify(event, null, 2));
    refresh();
  }

  render() {
    // A preview saves nothing.
    this.form.saved = false;
    return panel("preview", t("connection.preview"), {},
      this.form.render(t("connection.preview"), () => [
        this.form.field("/sample", t("connection.sample"), { kind: "textarea", rows: 8, class: "code", spellcheck: "false", required: true, help: t("connection.sample_help") }),
        this.form.field("/topic", t("connection.topic"), { help: t("connection.topic_help") }),
      ], {
        submit: t("connection.preview_button"),
        aside: [h("button", { key: "last", type: "button", class: "button", onclick: () => this.#lastDeadLetter() }, t("completion.dead_letter")), h("span", { key: "said", role: "status", class: "quiet" }, this.said)],
      }),
      this.found && h("div", { class: "mapping-found", role: "status" },
        h("p", null, t("connection.preview_events", { count: this.found.events.length })),
        h("ul", { class: "waiting-groups" }, ...this.found.outcomes.map((outcome, index) => this.#outcome(outcome, this.found.events[index]))),
        this.found.problems.length > 0 && h("ul", { class: "errors" }, ...this.found.problems.map((problem, index) => h("li", { key: index }, problem))),
        this.found.ignored.length > 0 && h("p", { class: "quiet" }, labelled(t("delivery_outcome.ignored"), this.found.ignored.join(", ")))));
  }

  #outcome(outcome, event) {
    const good = outcome.outcome === "accepted" || outcome.outcome === "duplicate";
    return h("li", { key: outcome.event, class: "preview-event" },
      h("p", null, h("span", { class: `chip ${good ? "chip-good" : "chip-out"}` }, labelOr(`connection_outcome.${outcome.outcome}`, outcome.outcome)), " ",
        h("span", { class: "strong" }, outcome.type), " ",
        outcome.session ? h("a", { href: link("live", outcome.session) }, t("connection.session")) : h("code", null, outcome.subject)),
      outcome.reason && h("p", { class: "errors" }, t(`waiting.reason.${outcome.reason}`)),
      outcome.errors.length > 0 && fieldErrors(outcome.errors),
      h("pre", { class: "content", tabindex: "0" }, JSON.stringify(event, null, 2)));
  }
}
