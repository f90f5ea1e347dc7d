/**
 * Views that most visits do not need: their modules are loaded when their address is opened.
 *
 * In: a function that imports the module. Out: a view that waits for it. Never here: what the view shows.
 */

import { h } from "./page/dom.js";
import { notice, waiting } from "./components/components.js";
import { refresh } from "./page/state.js";
import { t } from "./page/i18n.js";

/** Return a view class for the map of views in main.js; `load` imports a module whose export `View` is the view. */
export const later = (load) => class {
  #view = null;
  #left = false;
  #failed = false;

  constructor(...parts) {
    this.#begin(parts);
  }

  async #begin(parts) {
    try {
      const { View } = await load();
      if (!this.#left) this.#view = new View(...parts);
    } catch (error) {
      console.warn("module", error);
      this.#failed = true;
    }
    refresh();
  }

  title() {
    return this.#view?.title();
  }

  leave() {
    this.#left = true;
    this.#view?.leave?.();
  }

  /** Whether the view follows the new parameters; one that is not there yet begins with them. */
  moved() {
    return this.#view ? this.#view.moved?.() : true;
  }

  languageChanged() {
    this.#view?.languageChanged?.();
  }

  themeChanged() {
    this.#view?.themeChanged?.();
  }

  render() {
    if (this.#view) return this.#view.render();
    // Browsers remember that a module could not be loaded until the page is loaded again.
    return this.#failed
      ? notice("critical", t("dash.error.offline"), h("button", { type: "button", class: "button", onclick: () => location.reload() }, t("dash.again")))
      : waiting();
  }
};
