// The settings that can be moved: a slider and a number for each, in the unit that people use.

import { plain, spelled } from "./format.js";
import { html } from "./elements.js";

const TICKS = 1000;

class Slider {
  constructor(facts, moved) {
    this.facts = facts;
    this.moved = moved;
    const id = `s-${facts.key.replaceAll(".", "-")}`;
    this.range = html("input", { type: "range", id, min: 0, max: this.ticks, step: 1 });
    this.number = html("input", { type: "number", id: `${id}-n`, step: "any", "aria-label": `${facts.label}, ${facts.unit || "number"}` });
    this.undo = html("button", { type: "button", class: "undo", title: `back to ${plain(facts.value, facts.unit)}`,
      "aria-label": `${facts.label}: back to ${plain(facts.value, facts.unit)}` }, "\u21ba");
    this.element = html("div", { class: "slider", "data-key": facts.key, title: facts.help || false },
      html("label", { for: id }, facts.label),
      html("span", { class: "value" }, this.number, html("span", { class: "unit" }, spelled(facts.unit))),
      html("span", { class: "track" }, this.range, this.undo));
    this.range.addEventListener("input", () => this.take(this.atTick(Number(this.range.value)), false));
    this.range.addEventListener("change", () => this.take(this.value, true));
    this.number.addEventListener("change", () => {
      const typed = Number(this.number.value);
      this.take(this.number.value === "" || !Number.isFinite(typed) ? this.value : typed, true);
    });
    this.undo.addEventListener("click", () => { this.take(facts.value, true); this.range.focus(); });
    this.show(facts.value);
  }

  get ticks() {
    const { min, max, step } = this.facts;
    return this.facts.scale === "log" ? TICKS : Math.round((max - min) / step);
  }

  /** The value at a tick, rounded to what a slider can mean. */
  atTick(tick) {
    const { min, max, step, scale } = this.facts;
    if (scale === "log") return Number((min * (max / min) ** (tick / TICKS)).toPrecision(3));
    return Number((min + tick * step).toPrecision(12));
  }

  tickOf(value) {
    const { min, max, step, scale } = this.facts;
    const held = Math.min(max, Math.max(min, value));
    return scale === "log" ? Math.round((TICKS * Math.log(held / min)) / Math.log(max / min)) : Math.round((held - min) / step);
  }

  take(value, settled) {
    this.show(Math.min(this.facts.most ?? Infinity, Math.max(this.facts.least ?? -Infinity, value)));
    this.moved(this.facts.key, this.changed ? this.value * this.facts.factor : null, settled);
  }

  show(value) {
    this.value = value;
    this.range.value = this.tickOf(value);
    this.range.setAttribute("aria-valuetext", plain(value, this.facts.unit));
    if (document.activeElement !== this.number || Number(this.number.value) !== value) this.number.value = String(Number(value.toPrecision(6)));
    this.changed = Math.abs(value - this.facts.value) > 1e-9 * Math.max(1, Math.abs(this.facts.value));
    this.element.classList.toggle("changed", this.changed);
  }
}

/** Draws the sliders of `groups` into `element`; `moved(key, SI value or null for unchanged, settled)`. */
export function drawSliders(element, groups, changes, moved) {
  const sliders = new Map();
  element.replaceChildren(...groups.map((group) => html("fieldset", {},
    html("legend", {}, group.title),
    group.sliders.map((facts) => {
      const slider = new Slider(facts, moved);
      if (facts.key in changes) slider.show(changes[facts.key] / facts.factor);
      sliders.set(facts.key, slider);
      return slider.element;
    }))));
  return sliders;
}
