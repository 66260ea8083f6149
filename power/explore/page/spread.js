// Hours: what most days last, what is typical, and what is wanted.

import { hours, marks, plain, step } from "./format.js";
import { picture, svg, textWidth, widthOf } from "./elements.js";

export function drawSpread(element, found) {
  const width = widthOf(element), height = 58, left = 2, right = width - 26;
  const { typ, p5, p95, wanted } = found;
  const most = 1.04 * Math.max(p95, wanted, typ), at = (value) => left + (value / most) * (right - left);
  const label = `5th percentile ${hours(p5)}, typical ${hours(typ)}, 95th percentile ${hours(p95)}, wanted ${hours(wanted)}`;
  const name = `wanted ${plain(wanted, "h")}`, half = textWidth(name) / 2;
  element.replaceChildren(picture(width, height, label,
    marks(0, most, step(most, width < 500 ? 5 : 9)).map((value) => [
      svg("line", { class: "rule", x1: at(value), x2: at(value), y1: 20, y2: 40 }),
      svg("text", { class: "faint", x: at(value), y: 54, "text-anchor": value === 0 ? "start" : "middle" }, plain(value)),
    ]),
    svg("rect", { class: "spread", x: at(p5), y: 24, width: Math.max(1, at(p95) - at(p5)), height: 12, rx: 2 },
      svg("title", {}, `9 days of 10: ${hours(p5)} to ${hours(p95)}`)),
    svg("line", { class: "typ", x1: at(typ), x2: at(typ), y1: 20, y2: 40 }),
    svg("line", { class: "wanted", x1: at(wanted), x2: at(wanted), y1: 17, y2: 42 }),
    svg("text", { x: Math.min(width - half - 2, Math.max(half, at(wanted))), y: 12, "text-anchor": "middle" }, name)));
}
