/**
 * The deliveries of a channel, each with its state; what failed can be sent again.
 *
 * In: a channel's id. Out: a list. Never here: requests to receivers.
 */

import { Problem, get, path, post } from "../server/api.js";
import { notice, problemWords } from "../components/components.js";
import { h } from "../page/dom.js";
import { READER_ZONE, moment, number, t } from "../page/i18n.js";
import { Pages } from "../components/pages.js";
import { refresh } from "../page/state.js";

const CHIPS = { sent: "chip chip-good", failed: "chip chip-out", queued: "chip" };

export class Deliveries {
  constructor(channel) {
    this.channel = channel;
    this.failed = null;
    this.list = new Pages("deliveries", (cursor) => get(path(`/v1/channels/${channel}/deliveries`, { limit: 50, cursor })));
    this.load();
  }

  load() {
    return this.list.load();
  }

  leave() {
    this.list.stop();
  }

  async #replay(one) {
    this.failed = null;
    try {
      await post(`/v1/channels/${this.channel}/deliveries/${one.id}/replay`);
      await this.load();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.failed = error;
      refresh();
    }
  }

  render() {
    return h("div", { class: "channel-deliveries" },
      h("div", { role: "status" }, this.failed && notice("warning", problemWords(this.failed))),
      this.list.render((items) => h("ul", { class: "dead-letters" }, ...items.map((one) => this.#delivery(one))), t("channels.deliveries.none")),
      h("button", { type: "button", class: "button button-quiet", onclick: () => this.load() }, t("dash.reload")));
  }

  #delivery(one) {
    const facts = [
      moment(one.created_at, READER_ZONE), t(`channels.event.${one.event}`), t("channels.attempts", { count: number(one.attempts) }),
      one.error, one.digest && t("channels.in_digest"),
    ];
    return h("li", { key: one.id, class: "dead-letter-head channel-delivery" },
      h("div", null,
        h("p", null, h("span", { class: CHIPS[one.state] }, t(`channels.state.${one.state}`)), " ", one.text),
        h("p", { class: "quiet small" }, facts.filter(Boolean).join(" · "))),
      one.state !== "queued" && h("button", { type: "button", class: "button button-quiet", onclick: () => this.#replay(one) }, t("channels.replay")));
  }
}
