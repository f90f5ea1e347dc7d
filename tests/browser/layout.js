/*
 * Measures the layout of the page as it stands: returns a list of complaints, each a short text.
 *
 * - broken: a word or a number is on more than one line.
 * - overlap: two texts lie on each other.
 * - outside: a text leaves its frame, or is cut by it.
 * - sideways: the page is wider than the window.
 * - lone: the last line of a label or of a short cell is a single Japanese or Chinese character, or begins with the last kana of a
 *   loanword.
 * - uneven: figures that stand side by side are not on one line, fields of a row differ in height or do not begin on one line, a legend
 *   does not begin where its fields do, figures or buttons of equal cards begin at different places, or a filter is narrower than a phone.
 * - crowded: a form begins right under a text.
 * - narrow: a cell's text takes more than six lines.
 * - unmarked: a part that scrolls sideways shows nothing of that at the edge where it is cut.
 */
() => {
  const complaints = [];
  const language = document.documentElement.lang.slice(0, 2);
  const segmenter = new Intl.Segmenter(language, { granularity: "word" });
  const FRAMES = "td, th, .tile, .panel, .button, .badge, .chip, .strip > div, .notice, .alert, .on-air-card, .bar, .field, .chart";
  const LABELS = "td, th, dt, dd, h1, h2, h3, label, button, .tile, .badge, .chip, .nav, .age";
  const CJK = /[\u3040-\u30ff\u3400-\u9fff]/;
  const short = (text) => text.trim().replace(/\s+/g, " ").slice(0, 40);
  const place = (node) => {
    const element = node.parentElement;
    const around = element.closest("[id]");
    return `${around ? `#${around.id} ` : ""}${element.tagName.toLowerCase()}${element.getAttribute("class") ? `.${element.getAttribute("class").split(" ")[0]}` : ""}`;
  };
  const scrolls = (style) => /auto|scroll/.test(style.overflowX) || /auto|scroll/.test(style.overflowY);

  const style = memoized(getComputedStyle);
  const frameOf = memoized((element) => element.getBoundingClientRect());

  /** A function of an element that is computed once per element: nothing changes while it is measured. */
  function memoized(work) {
    const known = new Map();
    return (element) => {
      if (!known.has(element)) known.set(element, work(element));
      return known.get(element);
    };
  }

  /** The rectangle to which an element and its ancestors clip what is in it; null if none does. */
  const clip = memoized((element) => {
    if (!element || element === document.documentElement) return null;
    const { overflowX, overflowY } = style(element);
    const around = clip(element.parentElement);
    if (overflowX === "visible" && overflowY === "visible") return around;
    let { left, top, right, bottom } = around ?? { left: -Infinity, top: -Infinity, right: Infinity, bottom: Infinity };
    const frame = frameOf(element);
    if (overflowX !== "visible") [left, right] = [Math.max(left, frame.left), Math.min(right, frame.right)];
    if (overflowY !== "visible") [top, bottom] = [Math.max(top, frame.top), Math.min(bottom, frame.bottom)];
    return { left, top, right, bottom };
  });

  /** The part of a rectangle that its clipping ancestors leave; null if they leave nothing. */
  function visible(rect, element) {
    const frame = clip(element);
    if (!frame) return rect;
    const [left, right] = [Math.max(rect.left, frame.left), Math.min(rect.right, frame.right)];
    const [top, bottom] = [Math.max(rect.top, frame.top), Math.min(rect.bottom, frame.bottom)];
    return right - left < 1 || bottom - top < 1 ? null : { left, top, right, bottom };
  }

  /** The edge at which an opaque part of a table stays in sight while the rest scrolls under it; null for the rest. */
  const stuck = memoized((element) => {
    if (!element) return null;
    const { position, backgroundColor, top, bottom, left } = style(element);
    if (position === "sticky" && !/transparent|rgba\(.*, 0(\.\d+)?\)/.test(backgroundColor)) {
      return `${element.closest("[id]")?.id} ${top} ${bottom} ${left}`;
    }
    return stuck(element.parentElement);
  });

  /** The frames that an element's text must not leave, the innermost first: those up to what can be scrolled. */
  const framesOf = memoized((element) => {
    if (!element || element === document.body || scrolls(style(element))) return [];
    const { overflowX, overflowY } = style(element);
    const clips = overflowX !== "visible" || overflowY !== "visible";
    const outer = framesOf(element.parentElement);
    return clips || element.matches(FRAMES) ? [{ frame: element, rect: frameOf(element), clips }, ...outer] : outer;
  });

  /** True if lines are left out between a text and the part that has the whole text as its title. */
  function isClamped(element, titled) {
    for (let node = element; titled.contains(node); node = node.parentElement) {
      if (style(node).webkitLineClamp !== "none") return true;
    }
    return false;
  }

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, noscript, [hidden], .unseen, option, textarea, pre, title")) continue;
    if (element.closest("svg") ? false : !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (Number(style(element).opacity) === 0 || element.closest("[opacity='0']")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const lines = [...range.getClientRects()].filter((rect) => rect.width > 0 && rect.height > 0);
    if (!lines.length) continue;
    texts.push({ node, element, range, lines, box: range.getBoundingClientRect() });
  }

  for (const { node, element, lines, range } of texts) {
    if (element.closest("svg") || lines.length < 2) continue;
    // Running Japanese and Chinese breaks anywhere, as it is printed everywhere; names, labels and cells do not.
    const prose = !element.closest(LABELS);
    const words = [...segmenter.segment(node.data)]
      .filter((part) => part.isWordLike && !(prose && CJK.test(part.segment))).map((part) => [part.index, part.segment]);
    // In running text a line may end between a number and its unit. Digits inside an id, such as a UUID, are no number.
    const shape = prose ? /(?<![\w-])[+−-]?(?:[A-Z]{0,3}[¥$€£])?\d(?:[\d.,:]|[-\/](?=\d))*%?/g : /(?<![\w-])[+−-]?(?:[A-Z]{0,3}[¥$€£])?\d(?:[\d.,:]|[-\/](?=\d))*[%元円点件人分秒]?/g;
    const figures = [...node.data.matchAll(shape)].map((found) => [found.index, found[0]]);
    for (const [from, word] of [...words, ...figures]) {
      range.setStart(node, from);
      range.setEnd(node, from + word.length);
      const tops = new Set([...range.getClientRects()].filter((rect) => rect.width > 0).map((rect) => Math.round(rect.top)));
      // A word that is longer than the widest line there can be has to break somewhere.
      if (tops.size > 1 && word.length < 28) complaints.push(`broken: “${word}” in “${short(node.data)}” (${place(node)})`);
    }
  }

  const seen = [];
  for (const { node, element, lines, box } of texts) {
    const above = stuck(element);
    for (const line of lines) {
      // A line's box is higher than its glyphs: compare about the height of its capitals.
      const middle = (line.top + line.bottom) / 2;
      const half = Math.min((line.bottom - line.top) / 2, parseFloat(style(element).fontSize) * 0.44);
      const rect = visible({ left: line.left, right: line.right, top: middle - half, bottom: middle + half }, element);
      if (rect) seen.push({ ...rect, node, above });
    }
    // An ellipsis shows that a text is cut, and the whole text is in the title.
    const titled = element.closest("[title]");
    if (titled && style(titled).textOverflow === "ellipsis") continue;
    if (titled && isClamped(element, titled)) continue;
    for (const { frame, rect, clips } of framesOf(element)) {
      const out = Math.max(rect.left - box.left, box.right - rect.right, clips ? Math.max(rect.top - box.top, box.bottom - rect.bottom) : 0);
      if (out > 1.5) {
        complaints.push(`outside: “${short(node.data)}” leaves ${frame.tagName.toLowerCase()}.${frame.getAttribute("class") ?? ""} by ${out.toFixed(1)} px (${place(node)})`);
        break;
      }
    }
  }

  seen.sort((a, b) => a.top - b.top);
  const reported = new Set();
  for (let one = 0; one < seen.length; one += 1) {
    for (let two = one + 1; two < seen.length && seen[two].top < seen[one].bottom; two += 1) {
      const [a, b] = [seen[one], seen[two]];
      if (a.node === b.node || a.above !== b.above) continue;
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 2 && high > 1) {
        const text = `overlap: “${short(a.node.data)}” and “${short(b.node.data)}” (${place(a.node)}, ${place(b.node)})`;
        if (!reported.has(text)) complaints.push(text);
        reported.add(text);
      }
    }
  }

  const labels = new Map();
  for (const text of texts) {
    const label = text.element.closest("dt, th, td, .tile-label");
    if (label && !text.element.closest("small")) labels.set(label, [...(labels.get(label) ?? []), text]);
  }
  for (const [label, parts] of labels) {
    // A name in a table may be long; what is short is not divided.
    if (label.matches("td, th[scope=row]") && label.textContent.trim().length > 6) continue;
    const lines = new Map();
    for (const { node, range } of parts) {
      for (let index = 0; index < node.data.length; index += 1) {
        range.setStart(node, index);
        range.setEnd(node, index + 1);
        const bottom = Math.round(range.getBoundingClientRect().bottom);
        lines.set(bottom, (lines.get(bottom) ?? "") + node.data[index]);
      }
    }
    const [last, before = ""] = [...lines].sort(([one], [two]) => two - one).map(([, text]) => text.replace(/[\s）)」』]/g, ""));
    if (/^[ァ-ヺ](?![ァ-ヺー])/.test(last) && /[ァ-ヺー]$/.test(before)) complaints.push(`lone: “${last[0]}” of “${short(label.textContent)}” (${label.closest("[id]")?.id})`);
    if (lines.size > 1 && last.length === 1 && CJK.test(last)) complaints.push(`lone: “${last}” of “${short(label.textContent)}” (${label.closest("[id]")?.id})`);
  }

  for (const small of document.querySelectorAll("td > small")) {
    const lines = Math.round((frameOf(small).bottom - frameOf(small).top) / parseFloat(style(small).lineHeight));
    if (lines > 6) complaints.push(`narrow: “${short(small.textContent)}” takes ${lines} lines (${small.closest("[id]")?.id})`);
  }

  const spread = (places) => Math.max(...places) - Math.min(...places);
  for (const list of document.querySelectorAll(".cells, .strip")) {
    const rows = new Map();
    for (const cell of list.children) {
      const figure = cell.querySelector("dd");
      if (!figure?.checkVisibility()) continue;
      const top = Math.round(frameOf(cell).top);
      rows.set(top, [...(rows.get(top) ?? []), frameOf(figure)]);
    }
    for (const figures of rows.values()) {
      // A figure that is fitted into its place is smaller: it shares the lower edge alone.
      const apart = Math.min(spread(figures.map(({ top }) => top)), spread(figures.map(({ bottom }) => bottom)));
      if (apart > 1.5) complaints.push(`uneven: figures of ${list.closest("[id]")?.id} are ${apart.toFixed(1)} px apart`);
    }
  }

  for (const row of document.querySelectorAll(".form-grid, .form-row, .table-tools")) {
    const controls = [...row.querySelectorAll(":scope > .field > :is(input:not([type=checkbox], [type=radio], [type=file]), select)")];
    const heights = controls.filter((control) => control.checkVisibility()).map((control) => frameOf(control).bottom - frameOf(control).top);
    if (heights.length && spread(heights) > 0.6) complaints.push(`uneven: fields of ${row.closest("[id]")?.id} differ by ${spread(heights).toFixed(1)} px in height`);
  }
  for (const grid of document.querySelectorAll(".columns-grid")) {
    const places = [...grid.querySelectorAll(":scope > .field > select")].filter((select) => select.checkVisibility()).map(frameOf);
    for (const [index, one] of places.entries()) {
      const apart = Math.max(0, ...places.slice(index + 1).filter((two) => two.top < one.bottom && one.top < two.bottom).map((two) => Math.abs(one.top - two.top)));
      if (apart > 1.5) complaints.push(`uneven: fields of a row of ${grid.closest("[id]")?.id} begin ${apart.toFixed(1)} px apart`);
    }
  }
  for (const list of document.querySelectorAll(".dead-letters, .waiting-groups")) {
    const beside = [...list.querySelectorAll(".dead-letter-head > .live-buttons")].map((buttons) => frameOf(buttons).top < frameOf(buttons.previousElementSibling).bottom);
    if (new Set(beside).size > 1) complaints.push(`uneven: some cards have their buttons beside their text, others below it (${list.textContent.slice(0, 20)})`);
  }
  for (const form of document.querySelectorAll("main .panel > p + form")) {
    const apart = frameOf(form).top - frameOf(form.previousElementSibling).bottom;
    if (apart < 6) complaints.push(`crowded: a form begins ${apart.toFixed(1)} px under “${short(form.previousElementSibling.textContent)}”`);
  }
  for (const legend of document.querySelectorAll("fieldset > legend")) {
    const field = legend.parentElement.querySelector(".field-label");
    const range = document.createRange();
    range.selectNodeContents(legend);
    const apart = field?.checkVisibility() ? Math.abs(range.getBoundingClientRect().left - frameOf(field).left) : 0;
    if (parseFloat(style(legend.parentElement).borderLeftWidth) === 0 && apart > 1.5) complaints.push(`uneven: “${short(legend.textContent)}” begins ${apart.toFixed(1)} px beside its fields`);
  }
  for (const cards of document.querySelectorAll(".on-air-cards")) {
    const begins = [...cards.querySelectorAll(".on-air-figures")].map((figures) => frameOf(figures).left - frameOf(figures.parentElement).left);
    if (begins.length && spread(begins) > 1.5) complaints.push(`uneven: figures of cards begin ${spread(begins).toFixed(1)} px apart`);
  }
  for (const tools of innerWidth < 500 ? document.querySelectorAll(".table-tools") : []) {
    for (const field of tools.querySelectorAll(":scope > .field")) {
      const free = frameOf(tools).right - frameOf(field).right;
      if (field.checkVisibility() && free > 1.5) complaints.push(`uneven: “${short(field.textContent)}” leaves ${free.toFixed(1)} px of a phone`);
    }
  }

  for (const element of document.querySelectorAll("main *")) {
    if (element.scrollWidth <= element.clientWidth + 1 || element.matches("textarea, input, select") || !/auto|scroll/.test(style(element).overflowX)) continue;
    const { backgroundImage, backgroundAttachment } = style(element);
    if (backgroundImage === "none" || !backgroundAttachment.includes("local")) complaints.push(`unmarked: ${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} scrolls sideways (${element.closest("[id]")?.id})`);
  }

  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) complaints.push(`sideways: the page is ${wide} px wide in a window of ${innerWidth} px`);
  return [...new Set(complaints)];
}
