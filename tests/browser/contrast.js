/*
 * Measures the contrast of the page as it stands: returns a text per piece of writing that is too pale to read, charts included.
 *
 * WCAG 2.2, 1.4.3: 4.5 to 1, of large writing 3 to 1. In print, writing must be readable without its background too, since
 * browsers leave backgrounds out.
 */
(printed) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  /** Red, green, blue from 0 to 255, and the share that covers what is behind. */
  function colour(text) {
    if (!known.has(text)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(text, [red, green, blue, alpha / 255]);
    }
    return known.get(text);
  }
  const over = ([red, green, blue, alpha], behind) => [red, green, blue].map((part, index) => part * alpha + behind[index] * (1 - alpha));
  const light = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) => 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
  function contrast(one, other) {
    const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }

  const white = [255, 255, 255];
  function behind(element) {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      const layer = colour(getComputedStyle(node).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((found, layer) => over(layer, found), white);
  }
  function opacity(element) {
    let share = 1;
    for (let node = element; node; node = node.parentElement) share *= Number(getComputedStyle(node).opacity);
    return share;
  }

  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script, style, noscript, [hidden], .unseen, option, title, :disabled, [aria-disabled=true]")) continue;
    const drawn = element.closest("svg");
    const style = getComputedStyle(element);
    if (!(drawn ?? element).checkVisibility({ opacityProperty: true, visibilityProperty: true }) || style.opacity === "0") continue;
    const pixels = parseFloat(style.fontSize);
    const wanted = pixels >= 24 || (pixels >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const [red, green, blue, alpha] = colour(drawn ? style.fill : style.color);
    for (const ground of printed ? [behind(element), white] : [behind(element)]) {
      const reached = contrast(over([red, green, blue, alpha * opacity(element)], ground), ground);
      if (reached < wanted) found.add(`pale: “${walker.currentNode.data.trim().slice(0, 40)}” has ${reached.toFixed(2)} to 1 (${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""})`);
    }
  }
  return [...found];
}
