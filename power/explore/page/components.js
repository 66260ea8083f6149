// Milliwatts by component: one bar, and the same as a table.

import { milliwatts, percent } from "./format.js";
import { html, picture, svg, widthOf } from "./elements.js";

const SHOWN = 7;

export function drawComponents(element, loads, total) {
  const sorted = [...loads].sort((a, b) => b.mw - a.mw);
  const rows = sorted.slice(0, SHOWN);
  const rest = sorted.slice(SHOWN);
  if (rest.length) rows.push({ name: `${rest.length} more`, mw: rest.reduce((sum, load) => sum + load.mw, 0) });
  const width = widthOf(element), height = 34;
  let x = 0;
  const parts = rows.map((load, index) => {
    const wide = (load.mw / total) * width;
    const part = svg("rect", { class: `c${index}`, x, y: 0, width: Math.max(0, wide - 1), height },
      svg("title", {}, `${load.name}: ${milliwatts(load.mw)}`));
    x += wide;
    return part;
  });
  element.replaceChildren(
    picture(width, height, `Of ${milliwatts(total)}: ${rows.map((load) => `${load.name} ${percent(load.mw / total)}`).join(", ")}`, parts),
    html("table", { class: "shares" },
      html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "component"),
        html("th", { scope: "col", class: "n" }, "mW"), html("th", { scope: "col", class: "n" }, "share"))),
      html("tbody", {}, rows.map((load, index) => html("tr", {},
        html("th", { scope: "row" }, html("span", { class: `swatch c${index}` }), load.name),
        html("td", { class: "n" }, milliwatts(load.mw).replace(/.mW$/, "")),
        html("td", { class: "n" }, percent(load.mw / total)))),
      html("tr", { class: "sum" }, html("th", { scope: "row" }, "from the cell"),
        html("td", { class: "n" }, milliwatts(total).replace(/.mW$/, "")), html("td", { class: "n" }, "")))));
}
