// What each figure's range is worth in hours.

import { hours, marks, plain, step } from "./format.js";
import { html, picture, svg, textWidth, unseenTable, widthOf } from "./elements.js";

const ROW = 24, TEXT = 12;

export function drawTornado(element, rows, typ) {
  if (!rows.length) {
    element.replaceChildren(html("p", { class: "note" }, "Every figure here is exact."));
    return;
  }
  const width = widthOf(element), narrow = width < 560;
  const names = narrow ? 0 : Math.min(280, 12 + Math.max(...rows.map((row) => textWidth(row.label, TEXT))));
  const tall = narrow ? 40 : ROW, height = rows.length * tall + 30;
  const ends = rows.flatMap((row) => [row.hours_at_lowest, row.hours_at_highest]);
  const low = Math.min(...ends, typ), high = Math.max(...ends, typ), span = high - low || 1;
  const text = Math.min(width / 4, 8 + Math.max(...rows.flatMap((row) => [textWidth(row.lowest), textWidth(row.highest)])));
  const from = names + 8 + text, wide = width - from - text;
  const x = (value) => from + ((value - low) / span) * wide, room = (span * text) / wide;
  element.replaceChildren(
    picture(width, height, `Typical ${hours(typ)}; widest: ${rows[0].label}, ${hours(rows[0].hours_at_lowest)} to ${hours(rows[0].hours_at_highest)}`,
      marks(low - room, high + room, step(span + 2 * room, narrow ? 4 : 8)).map((value) => [
        svg("line", { class: "rule", x1: x(value), x2: x(value), y1: 0, y2: height - 22 }),
        svg("text", { class: "faint", x: x(value), y: height - 6, "text-anchor": "middle" }, plain(value)),
      ]),
      rows.map((row, index) => {
        const y = index * tall + (narrow ? 20 : 4), thick = 15;
        const bar = (value, kind, said) => {
          const start = Math.min(x(value), x(typ)), length = Math.abs(x(value) - x(typ));
          const right = x(value) >= x(typ);
          return [
            svg("rect", { class: kind, x: start, y, width: length, height: thick },
              svg("title", {}, `${row.label} at ${said}: ${hours(value)}`)),
            svg("text", { class: "faint", x: x(value) + (right ? 4 : -4), y: y + 12, "text-anchor": right ? "start" : "end" }, said),
          ];
        };
        const same = (row.hours_at_lowest >= typ) === (row.hours_at_highest >= typ);
        return [
          svg("text", narrow ? { x: 0, y: y - 6 } : { x: names, y: y + 12, "text-anchor": "end" }, row.label),
          bar(row.hours_at_lowest, "least", row.lowest),
          same ? bar(row.hours_at_highest, "greatest", row.highest)[0] : bar(row.hours_at_highest, "greatest", row.highest),
        ];
      }),
      svg("line", { class: "axis", x1: x(typ), x2: x(typ), y1: 0, y2: height - 22 })),
    html("p", { class: "legend" },
      html("span", {}, html("span", { class: "swatch least-swatch" }), "figure at its lowest"),
      html("span", {}, html("span", { class: "swatch greatest-swatch" }), "at its highest"), html("span", {}, "hours")),
    unseenTable("Hours at each figure's ends", ["figure", "lowest", "hours", "highest", "hours"],
      rows.map((row) => [row.label, row.lowest, hours(row.hours_at_lowest), row.highest, hours(row.hours_at_highest)])));
}
