/**
 * The second level of the live screen: one part at a time, beside the figures, the chart and the products.
 *
 * In: parts, each with its panels. Out: buttons and the panels of the part that is open. Never here: what the panels show.
 */

import { h } from "../page/dom.js";
import { t } from "../page/i18n.js";
import { preference, refresh } from "../page/state.js";

export class LiveDetails {
  #open = preference("live_part");

  #choose(part) {
    this.#open = part;
    preference("live_part", part);
    refresh();
  }

  /** The part that is open of those that there are. */
  open(parts) {
    return parts.includes(this.#open) ? this.#open : parts[0];
  }

  /** @param parts name → what draws its panels, in order; one that has nothing to show is not among them */
  render(parts) {
    const names = Object.keys(parts);
    if (!names.length) return null;
    const open = this.open(names);
    return h("section", { class: "middle", key: "middle", "aria-label": t("screen.details") },
      names.length > 1 && h("div", { key: "parts", class: "live-parts", role: "group", "aria-label": t("screen.details") },
        ...names.map((name) => h("button", { key: name, type: "button", class: "live-part", "aria-pressed": String(name === open), "data-part": name, onclick: () => this.#choose(name) }, t(`screen.part.${name}`)))),
      h("div", { key: open, class: "live-panels" }, parts[open]()));
  }
}
