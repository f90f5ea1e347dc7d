/**
 * Rows of a table that are dragged by their handle, with a mouse, a pen or a finger.
 *
 * In: pointer events. Out: moves from one position to another. Never here: the rows themselves.
 */

import { refresh } from "../state.js";

/** Near an edge of the window the page scrolls along. */
const EDGE = 60;

export class Dragging {
  /** The position of the row that is dragged, or null. */
  from = null;

  /** @param move `(from, to)`; called each time the row passes another one */
  constructor(move) {
    this.move = move;
  }

  begin(event, index) {
    if (event.button !== 0) return;
    const handle = event.currentTarget;
    const body = handle.closest("tbody");
    handle.setPointerCapture(event.pointerId);
    this.from = index;
    const follow = ({ clientY }) => {
      if (clientY < EDGE || clientY > innerHeight - EDGE) scrollBy(0, clientY < EDGE ? -12 : 12);
      const rows = [...body.rows];
      const over = rows.findIndex((row) => {
        const { top, bottom } = row.getBoundingClientRect();
        return clientY >= top && clientY < bottom;
      });
      const to = over >= 0 ? over : clientY < rows[0].getBoundingClientRect().top ? 0 : rows.length - 1;
      if (to === this.from) return;
      this.move(this.from, to);
      this.from = to;
    };
    const end = () => {
      handle.removeEventListener("pointermove", follow);
      this.from = null;
      refresh();
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("lostpointercapture", end, { once: true });
    refresh();
  }
}
