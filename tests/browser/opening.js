/**
 * How a page opens, measured from its first script on: each answer of the API is late by a time of its own, so that they come in another
 * order than they were asked for. In `window.opening`: the sum of the layout's shifts, and each button, link or field that has moved.
 */
(() => {
  const opening = (window.opening = { asked: 0, late: 0, shift: 0, moves: [], seen: 0 });
  const ask = window.fetch;
  window.fetch = async (...what) => {
    if (!/\/v1\//.test(what[0])) return ask(...what);
    const pause = 100 + 110 * ((opening.asked * 4) % 7);
    opening.asked += 1;
    opening.late += 1;
    try {
      const answer = await ask(...what);
      await new Promise((over) => setTimeout(over, pause));
      return answer;
    } finally {
      // What follows from the answer is asked for, and drawn.
      setTimeout(() => { opening.late -= 1; }, 300);
    }
  };
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) opening.shift += one.value;
  }).observe({ type: "layout-shift", buffered: true });
  const places = new WeakMap();
  const look = () => {
    for (const one of document.querySelectorAll("main :is(button, a, input, select, textarea, summary)")) {
      if (!one.checkVisibility()) continue;
      const { x, y } = one.getBoundingClientRect();
      const now = [Math.round(x + scrollX), Math.round(y + scrollY)];
      const before = places.get(one);
      if (!before) opening.seen += 1;
      else if (now.some((place, axis) => Math.abs(place - before[axis]) > 3)) {
        opening.moves.push(`${(one.textContent || one.name || one.id).trim().slice(0, 40)}: ${before} → ${now}`);
      }
      places.set(one, now);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
