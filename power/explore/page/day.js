// The day: power by phase, and what is left in the cell.

import { hourStep, hours, marks, milliwatts, percent, plain, step } from "./format.js";
import { html, picture, svg, textWidth, unseenTable, widthOf } from "./elements.js";

export function drawDay(element, phases, charge) {
  const width = widthOf(element), height = 216, left = 44, right = width - 46, top = 14, bottom = height - 52;
  const end = Math.max(...phases.map((phase) => phase.start_h + phase.hours));
  const most = 1.08 * Math.max(...phases.map((phase) => phase.mw));
  const x = (hour) => left + (hour / end) * (right - left), y = (mw) => bottom - (mw / most) * (bottom - top);
  const soc = (share) => bottom - share * (bottom - top);
  const points = phases.flatMap((phase) => [[phase.start_h, phase.mw], [phase.start_h + phase.hours, phase.mw]]);
  const line = points.map(([hour, mw], index) => `${index ? "L" : "M"}${x(hour).toFixed(1)},${y(mw).toFixed(1)}`).join("");
  const shown = charge.filter(([hour]) => hour <= end);
  const left_over = shown.map(([hour, share], index) => `${index ? "L" : "M"}${x(hour).toFixed(1)},${soc(share).toFixed(1)}`).join("");
  element.replaceChildren(
    picture(width, height, `Power from ${milliwatts(Math.min(...phases.map((phase) => phase.mw)))} to ${milliwatts(most / 1.08)} over ${hours(end)}`,
      phases.map((phase, index) => [
        svg("rect", { class: index % 2 ? "none" : "band", x: x(phase.start_h), y: bottom + 1, width: x(phase.hours) - left, height: 18, fill: "none" }),
        textWidth(phase.name) < x(phase.hours) - left - 4
          ? svg("text", { class: "faint", x: x(phase.start_h + phase.hours / 2), y: bottom + 14, "text-anchor": "middle" }, phase.name) : null,
        svg("rect", { x: x(phase.start_h), y: top, width: x(phase.hours) - left, height: bottom - top + 18, fill: "transparent" },
          svg("title", {}, `${phase.name}: ${hours(phase.hours)}, ${milliwatts(phase.mw)}\n${states(phase)}`)),
      ]),
      marks(0, most, step(most, 4)).map((mw) => [
        svg("line", { class: "rule", x1: left, x2: right, y1: y(mw), y2: y(mw) }),
        svg("text", { class: "faint", x: left - 6, y: y(mw) + 4, "text-anchor": "end" }, plain(mw)),
      ]),
      svg("path", { class: "power", d: `${line}L${x(end)},${bottom}L${left},${bottom}Z`, "pointer-events": "none" }),
      svg("path", { class: "power-line", d: line, "pointer-events": "none" }),
      shown.length > 1 ? [
        svg("path", { class: "charge", d: left_over, "pointer-events": "none" }),
        [0, 0.5, 1].map((share) => svg("text", { class: "charge-text", x: right + 6, y: soc(share) + 4 }, `${100 * share} %`)),
      ] : null,
      svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
      marks(0, end, hourStep(end, width < 500 ? 6 : 12)).map((hour) =>
        svg("text", { class: "faint", x: x(hour), y: height - 18, "text-anchor": "middle" }, plain(hour))),
      svg("text", { class: "power-text strong", x: left, y: height - 2 }, "mW"),
      svg("text", { class: "faint", x: (left + right) / 2, y: height - 2, "text-anchor": "middle" }, "hours"),
      svg("text", { class: "charge-text strong", x: right + 40, y: height - 2, "text-anchor": "end" }, "charge")),
    unseenTable("The day by phase", ["phase", "starts", "lasts", "power", "time by state"],
      phases.map((phase) => [phase.name, hours(phase.start_h), hours(phase.hours), milliwatts(phase.mw), states(phase)])),
    html("p", { class: "legend" }, phases.filter((phase) => textWidth(phase.name) >= x(phase.hours) - left - 4)
      .map((phase) => html("span", {}, `${phase.name} ${plain(phase.start_h)}\u2013${plain(phase.start_h + phase.hours)} h`))));
}

const states = (phase) => Object.entries(phase.by_state).map(([name, share]) => `${name} ${percent(share)}`).join(", ");
