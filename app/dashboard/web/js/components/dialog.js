/**
 * A modal dialog: the browser's own, so focus stays inside and Escape closes it.
 *
 * In: a title and content. Out: a description. Never here: what it asks.
 */

import { h, render } from "../page/dom.js";

/** A dialog that is open as long as it is rendered. `close` is called when the reader wants to leave it. */
export const dialog = (id, title, close, ...content) =>
  h("div", { key: `dialog-${id}`, widget: modal, input: { id, title, close, content } });

const modal = {
  create(node, first) {
    const before = document.activeElement;
    const element = document.createElement("dialog");
    element.className = "dialog dialog-wide";
    node.append(element);
    const update = ({ id, title, close, content }) => {
      element.setAttribute("aria-labelledby", `${id}-dialog`);
      element.oncancel = (event) => {
        event.preventDefault();
        close();
      };
      render(element, h("h2", { id: `${id}-dialog`, class: "title title-2" }, title), ...content);
    };
    update(first);
    // The node is put into the page after it is made, and only there a dialog opens.
    queueMicrotask(() => element.isConnected && element.showModal());
    return {
      update,
      remove() {
        element.close();
        before?.focus?.();
      },
    };
  },
};
