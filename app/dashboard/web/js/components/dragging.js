/**
 * Rows of a table, or items of a list, that are dragged by their handle, with a mouse, a pen or a finger.
 *
 * In: pointer events. Out: moves from one position to another. Never here: the rows themselves.
 */

import { refresh, released } from "../page/state.js";

/** Near an edge of the window the page scrolls along. */
const EDGE = 60;

export class Dragging {
  /** The position of the row that is dragged, or null. */
  from = null;

  /**
   * @param move `(from, to)`; called each time the row passes another one
   * @param dropped called at the end with the row's new position, if it has moved
   */
  constructor(move, dropped = () => {}) {
    Object.assign(this, { move, dropped });
  }

  begin(event, index) {
    if (event.button !== 0) return;
    const handle = event.currentTarget;
    const body = handle.closest("tbody, ul");
    handle.setPointerCapture(event.pointerId);
    const first = (this.from = index);
    const follow = ({ clientY }) => {
      if (clientY < EDGE || clientY > innerHeight - EDGE) scrollBy(0, clientY < EDGE ? -12 : 12);
      const rows = [...body.children];
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
      const last = this.from;
      this.from = null;
      if (last !== first) this.dropped(last);
      refresh();
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("lostpointercapture", end, { once: true });
    refresh();
    released();
  }
}
