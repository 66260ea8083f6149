// Hours over two settings: colours in steps, the line where what is wanted is met, and where we are.

import { hours, plain, rounded } from "./format.js";
import { html, picture, svg, unseenTable, widthOf } from "./elements.js";

const STEPS = 9;

export function drawMap(element, found, here) {
  const { x: across, y: up, hours: grid, wanted } = found;
  const width = widthOf(element), left = 62, bottom = 44, top = 8;
  const columns = across.values.length, rows = up.values.length;
  const wide = (width - left - 8) / columns, tall = Math.max(20, Math.min(30, 300 / rows));
  const height = top + rows * tall + bottom;
  const every = grid.flat(), low = Math.min(...every), high = Math.max(...every);
  const band = (value) => (high > low ? Math.min(STEPS - 1, Math.floor((STEPS * (value - low)) / (high - low))) : 4);
  const px = (column) => left + column * wide, py = (row) => top + (rows - 1 - row) * tall;
  const said = (column, row) => `${across.label} ${plain(across.values[column], across.unit)}, ${up.label} ${plain(up.values[row], up.unit)}: ${hours(grid[row][column])}`;
  const cells = [], lines = [];
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const value = grid[row][column], meets = value >= wanted;
      cells.push(svg("rect", { class: `cell h${band(value)}`, x: px(column), y: py(row), width: wide, height: tall },
        svg("title", {}, said(column, row))));
      if (wide >= 36) {
        cells.push(svg("text", { class: `on-h${band(value) >= 7 ? " deep" : ""}`, x: px(column) + wide / 2, y: py(row) + tall / 2 + 4, "text-anchor": "middle", "pointer-events": "none" },
          rounded(value)));
      }
      if (column + 1 < columns && meets !== grid[row][column + 1] >= wanted) {
        lines.push(svg("line", { class: "contour", x1: px(column + 1), x2: px(column + 1), y1: py(row), y2: py(row) + tall }));
      }
      if (row + 1 < rows && meets !== grid[row + 1][column] >= wanted) {
        lines.push(svg("line", { class: "contour", x1: px(column), x2: px(column) + wide, y1: py(row), y2: py(row) }));
      }
    }
  }
  const at = { x: left + (place(across, here.x) + 0.5) * wide, y: top + (rows - 0.5 - place(up, here.y)) * tall };
  const label = `${across.label} against ${up.label}: ${hours(low)} to ${hours(high)}`;
  const many = Math.ceil(columns / Math.max(2, Math.floor((width - left) / 62)));
  element.replaceChildren(
    picture(width, height, label, cells, lines,
      ["here-halo", "here"].map((kind) => svg("circle", { class: kind, cx: at.x, cy: at.y, r: 8, "pointer-events": "none" })),
      svg("path", { class: "pointer", "pointer-events": "none",
        d: `M${left - 1},${at.y}l-7,-4.5v9zM${at.x},${height - bottom + 1}l-4.5,7h9z` }),
      across.values.map((value, column) => (column % many ? null
        : svg("text", { class: "faint", x: px(column) + wide / 2, y: height - bottom + 20, "text-anchor": "middle" }, plain(value)))),
      up.values.map((value, row) => svg("text", { class: "faint", x: left - 11, y: py(row) + tall / 2 + 4, "text-anchor": "end" }, plain(value))),
      svg("text", { class: "strong", x: left + (width - left) / 2, y: height - 8, "text-anchor": "middle" }, axis(across))),
    html("p", { class: "legend" },
      html("span", {}, `up: ${axis(up)}`),
      html("span", {}, `hours, typical: ${hours(low)} to ${hours(high)}`),
      html("span", {}, low < wanted && high >= wanted ? `the line: ${plain(wanted, "h")} wanted`
        : low >= wanted ? `every one reaches the ${plain(wanted, "h")} wanted` : `none reaches the ${plain(wanted, "h")} wanted`),
      html("span", {}, "circle: the settings as they are")),
    unseenTable(label, ["", ...across.values.map((value) => plain(value, across.unit))],
      up.values.map((value, row) => [plain(value, up.unit), ...grid[row].map((one) => hours(one))])));
}

const axis = (side) => (side.unit ? `${side.label}, ${side.unit}` : side.label);

/** Where `value` lies among a side's values, which rise: 0 for the first, 1.5 for midway between the next two. */
function place(side, value) {
  const on = side.scale === "log" ? Math.log : Number;
  const values = side.values.map(on), last = values.length - 1, wanted = Math.min(values[last], Math.max(values[0], on(value)));
  const after = Math.max(1, values.findIndex((one) => one >= wanted));
  return after - 1 + (wanted - values[after - 1]) / (values[after] - values[after - 1]);
}
