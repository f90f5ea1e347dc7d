/**
 * Rooms that a brand has registered and the agency has not confirmed: which session has the room.
 *
 * In: open claims. Out: one decision each. Never here: who may decide; the server refuses callers of a brand.
 */

import { get, post } from "../server/api.js";
import { heading } from "../components/components.js";
import { h } from "../page/dom.js";
import { ask } from "../components/forms.js";
import { READER_ZONE, labelled, moment, number, platformName, t } from "../page/i18n.js";
import { Resource } from "../server/resource.js";
import { app } from "../page/state.js";

export class Claims {
  constructor() {
    this.list = new Resource(() => get("/v1/stream-claims?limit=200"));
  }

  get count() {
    return this.list.data?.claims.length ?? 0;
  }

  /** @param act does the work and says what became of it */
  render(act) {
    if (this.count === 0) return null;
    return [heading(2, t("waiting.claims")), h("ul", { class: "waiting-groups" }, ...this.list.data.claims.map((claim) => this.#claim(claim, act)))];
  }

  #claim(claim, act) {
    const room = `${platformName(claim.platform)} ${claim.room}`;
    return h("li", { key: `${claim.platform}:${claim.room}:${claim.session}`, class: "panel dead-letter" },
      h("div", { class: "dead-letter-head" },
        h("div", null,
          h("p", { class: "strong" }, `${platformName(claim.platform)} `, h("code", null, claim.room)),
          h("p", { class: "quiet small" }, [claim.title, claim.brand, moment(claim.claimed_at, READER_ZONE), t("waiting.events", { count: number(claim.parked_events) })].join(" · "))),
        app.who.brand === null && h("button", {
          type: "button", class: "button", "aria-label": labelled(t("waiting.confirm_room"), `${room}${t("insight.separator")}${claim.title}`),
          onclick: async () => {
            if (!(await ask(t("waiting.confirm_room"), t("waiting.confirm_room.question", { room, title: claim.title }), t("waiting.confirm_room")))) return;
            await act(() => post("/v1/stream-claims/decisions", { platform: claim.platform, room: claim.room, session: claim.session }));
          },
        }, t("waiting.confirm_room"))),
      h("p", { class: "errors" }, t(claim.confirmed_session ? "waiting.claim.taken" : "waiting.claim.open")));
  }
}
