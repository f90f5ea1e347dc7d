/**
 * Which figures stand in front of a brand's live screen, and the dialog that chooses them.
 *
 * In: the session with its brand's choice. Out: a button, a dialog; the choice is stored with the brand through the API.
 */

import { Problem, patch } from "../server/api.js";
import { field, notice, problemWords } from "../components/components.js";
import { dialog } from "../components/dialog.js";
import { h } from "../page/dom.js";
import { t } from "../page/i18n.js";
import { refresh } from "../page/state.js";

const FEWEST = 3;
const MOST = 6;

export class FrontFigures {
  #chosen = null;
  #problem = null;
  #busy = false;

  constructor(reload) {
    this.reload = reload;
  }

  button(session, ready) {
    return h("button", { type: "button", class: "button button-quiet roomy", id: "choose-figures", disabled: !ready, onclick: () => this.#open(session.front_figures) }, t("screen.front"));
  }

  #open(figures) {
    this.#chosen = Array.from({ length: MOST }, (_, place) => figures[place] ?? "");
    this.#problem = null;
    refresh();
  }

  #close = () => {
    this.#chosen = null;
    refresh();
  };

  async #save(session, figures) {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await patch(`/v1/brands/${encodeURIComponent(session.brand)}`, { front_figures: figures });
      await this.reload();
      this.#chosen = null;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#problem = problem;
    } finally {
      this.#busy = false;
      refresh();
    }
  }

  /** @param slugs all KPIs, in the order of the API */
  render(session, slugs) {
    const chosen = this.#chosen;
    if (!chosen) return null;
    const place = (slug, number) => field(t("screen.front.place", { number: number + 1 }), h("select", {
      value: slug,
      onchange: (event) => {
        // A figure stands in one place: the two change places.
        const other = event.target.value ? chosen.indexOf(event.target.value) : -1;
        if (other >= 0) chosen[other] = chosen[number];
        chosen[number] = event.target.value;
        refresh();
      },
    },
      number >= FEWEST && h("option", { key: "", value: "" }, t("screen.front.empty")),
      ...slugs.map((one) => h("option", { key: one, value: one }, t(`metric.${one}`)))));
    return dialog("front", t("screen.front"), this.#close,
      h("form", { onsubmit: (event) => { event.preventDefault(); this.#save(session, chosen.filter(Boolean)); } },
        h("p", { class: "dialog-text" }, t("screen.front.intro")),
        h("div", { class: "form-grid" }, ...chosen.map(place)),
        this.#problem && notice("critical", problemWords(this.#problem)),
        h("p", { class: "form-end" },
          h("button", { type: "button", class: "button button-quiet", onclick: () => this.#save(session, null) }, t("screen.front.default")),
          h("button", { type: "button", class: "button button-quiet", onclick: this.#close }, t("screen.front.cancel")),
          h("button", { class: "button" }, t("screen.front.save")))));
  }
}
