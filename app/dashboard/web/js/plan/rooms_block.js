/**
 * The second block of a plan: the rooms whose events belong to the show.
 *
 * In: what is typed or pasted. Out: platform and room. Never here: requests.
 */

import { h } from "../page/dom.js";
import { field, panel } from "../components/components.js";
import { roomOf } from "./rooms.js";
import { labelled, platformName, t } from "../page/i18n.js";
import { PLATFORMS } from "../page/platforms.js";
import { refresh } from "../page/state.js";

export class RoomsBlock {
  #platform = PLATFORMS[0];
  #text = "";

  constructor(saved) {
    this.saved = saved;
  }

  #add(event) {
    event.preventDefault();
    const found = roomOf(this.#text);
    if (!found.room) return;
    const stream = { platform: found.platform ?? this.#platform, room: found.room };
    this.#text = "";
    this.saved.change((plan) => {
      const there = plan.streams.some(({ platform, room }) => platform === stream.platform && room === stream.room);
      if (!there) plan.streams = [...plan.streams, stream];
    });
  }

  render(plan) {
    const read = this.#text ? roomOf(this.#text) : null;
    const platform = read?.platform ?? this.#platform;
    return panel("plan-rooms", t("plan.streams"), null,
      plan.streams.length > 0 && h("ul", { key: "list", class: "plan-list" }, ...plan.streams.map((stream) => h("li", { key: `${stream.platform}:${stream.room}` },
        h("span", { class: "chip" }, platformName(stream.platform)), h("code", { class: "anywhere" }, stream.room),
        h("button", {
          type: "button", class: "button button-quiet", "aria-label": labelled(t("plan.remove"), stream.room),
          onclick: () => this.saved.change((one) => { one.streams = one.streams.filter((other) => other !== stream); }),
        }, t("plan.remove"))))),
      plan.streams.length === 0 && h("p", { key: "none", class: "quiet" }, t("plan.rooms.none")),
      h("form", { key: "form", class: "plan-room", onsubmit: (event) => this.#add(event) },
        field(t("dash.platform"), h("select", { value: platform, onchange: (event) => { this.#platform = event.target.value; refresh(); } },
          ...PLATFORMS.map((name) => h("option", { value: name }, platformName(name))))),
        field(t("plan.room"), h("input", {
          type: "text", maxlength: 2048, value: this.#text, "aria-describedby": "room-hint", oninput: (event) => { this.#text = event.target.value; refresh(); },
        })),
        h("button", { class: "button", disabled: !read?.room }, t("plan.room.add"))),
      h("p", { key: "hint", id: "room-hint", class: "quiet small" }, t(`plan.room.hint.${platform}`),
        read?.platform && read.room !== this.#text.trim() && h("span", { key: "read" }, " ", t("plan.room.read", { platform: platformName(read.platform), room: read.room }))));
  }
}
