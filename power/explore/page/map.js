// Hours over two settings: colours in steps, the line where what is wanted is met, and where we are.

import { hours, plain } from "./format.js";
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
          plain(Number(value.toPrecision(value < 100 ? 3 : 4)))));
      }
      if (column + 1 < columns && meets !== grid[row][column + 1] >= wanted) {
        lines.push(svg("line", { class: "contour", x1: px(column + 1), x2: px(column + 1), y1: py(row), y2: py(row) + tall }));
      }
      if (row + 1 < rows && meets !== grid[row + 1][column] >= wanted) {
        lines.push(svg("line", { class: "contour", x1: px(column), x2: px(column) + wide, y1: py(row), y2: py(row) }));
      }
    }
  }
  const at = [place(across.values, here.x), place(up.values, here.y)];
  const mark = { x: px(at[0]) + 2, y: top + (rows - 1 - at[1]) * tall + 2, width: wide - 4, height: tall - 4, rx: 2, "pointer-events": "none" };
  const label = `${across.label} against ${up.label}: ${hours(low)} to ${hours(high)}`;
  const many = Math.ceil(columns / Math.max(2, Math.floor((width - left) / 62)));
  element.replaceChildren(
    picture(width, height, label, cells, lines,
      svg("rect", { class: "here-halo", ...mark }), svg("rect", { class: "here", ...mark }),
      across.values.map((value, column) => (column % many ? null
        : svg("text", { class: "faint", x: px(column) + wide / 2, y: height - bottom + 16, "text-anchor": "middle" }, plain(value)))),
      up.values.map((value, row) => svg("text", { class: "faint", x: left - 6, y: py(row) + tall / 2 + 4, "text-anchor": "end" }, plain(value))),
      svg("text", { class: "strong", x: left + (width - left) / 2, y: height - 8, "text-anchor": "middle" }, axis(across))),
    html("p", { class: "legend" },
      html("span", {}, `up: ${axis(up)}`),
      html("span", {}, `hours, typical: ${hours(low)} to ${hours(high)}`),
      html("span", {}, low < wanted && high >= wanted ? `the line: ${plain(wanted, "h")} wanted`
        : low >= wanted ? `every one reaches the ${plain(wanted, "h")} wanted` : `none reaches the ${plain(wanted, "h")} wanted`),
      html("span", {}, "framed: the settings as they are")),
    unseenTable(label, ["", ...across.values.map((value) => plain(value, across.unit))],
      up.values.map((value, row) => [plain(value, up.unit), ...grid[row].map((one) => hours(one))])));
}

const axis = (side) => (side.unit ? `${side.label}, ${side.unit}` : side.label);

/** The position among `values`, which rise, that is nearest. */
function place(values, value) {
  let best = 0;
  values.forEach((one, index) => { if (Math.abs(one - value) < Math.abs(values[best] - value)) best = index; });
  return best;
}
