"""Contrast and size in a page, after the Web Content Accessibility Guidelines 2.2, AA: in a tenth of the time of axe, for every
width and scheme."""

from typing import Final

FAULTS: Final = r"""() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const described = (element) => element.outerHTML.slice(0, 120);

  // Contrast of text with what is behind it, 4.5 to 1, 3 to 1 where it is large; disabled controls are exempt: 1.4.3
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const pixels = (colour, under) => {
    const key = `${colour} on ${under}`;
    if (!known.has(key)) known.set(key, painted(colour, under));
    return known.get(key);
  };
  const painted = (colour, under) => {
    canvas.fillStyle = `rgb(${under})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const behind = (element) => {
    const chain = [];
    for (let each = element; each; each = each.matches("dialog") ? null : each.parentElement) chain.unshift(each);
    return chain.reduce((under, each) => pixels(getComputedStyle(each).backgroundColor, under), [255, 255, 255]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const inDialog = document.querySelector("dialog[open]");
  const walker = document.createTreeWalker(inDialog ?? document.body, NodeFilter.SHOW_TEXT);
  const looked = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || looked.has(element) || !shown(element)) continue;
    if (element.closest(":disabled, .hidden, svg, option, .skip, kbd[aria-hidden]")) continue;
    looked.add(element);
    const style = getComputedStyle(element);
    const under = behind(element);
    const [high, low] = [light(pixels(style.color, under)), light(under)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${described(element)}`);
  }
  if (looked.size < 5) faults.push(`only ${looked.size} texts were looked at`);

  // What is pressed is at least 24 pixels high, links within text aside: 2.5.8
  for (const element of (inDialog ?? document).querySelectorAll("button, input, select, textarea")) {
    const { height } = element.getBoundingClientRect();
    if (shown(element) && height < 24) faults.push(`${height} pixels high: ${described(element)}`);
  }
  return faults;
}"""
