// Elements made by hand: HTML and SVG. Text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export const html = (name, attributes = {}, ...children) => made(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) => made(document.createElementNS(SVG, name), attributes, children);

/** A picture `width` by `height`, with what a screen reader says of it. */
export function picture(width, height, label, ...children) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, ...children);
}

/** A table for those who do not see the picture beside it. */
export function unseenTable(caption, head, rows) {
  // A table cannot be made small itself.
  return html("div", { class: "unseen" }, html("table", {},
    html("caption", {}, caption),
    html("thead", {}, html("tr", {}, head.map((name) => html("th", { scope: "col" }, name)))),
    html("tbody", {}, rows.map((row) => html("tr", {}, row.map((cell) => html("td", {}, cell)))))));
}

/** How wide an element's pictures may be, in pixels. */
export const widthOf = (element) => Math.max(280, Math.floor(element.clientWidth));

/** How wide a text is in a picture, nearly. */
export const textWidth = (text, size = 12) => text.length * size * 0.56;
