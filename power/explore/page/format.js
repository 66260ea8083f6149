// Numbers as people read them.

const MINUS = "\u2212", SPACE = "\u00a0";

/** `value` to `digits` significant digits, whole numbers never cut. */
export function rounded(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "none" : (value > 0 ? "" : MINUS) + "\u221e";
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  const places = Math.max(0, digits - 1 - size);
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  return (value < 0 ? MINUS : "") + text;
}

/** A unit as people write it; the data's files keep to letters of every keyboard. */
export const spelled = (unit) => unit.replace(/^u(?=[A-Z])/, "\u00b5").replace(/^ohm$/, "\u03a9").replace(/^degC$/, "\u00b0C");

/** `value` as short as it can be written, with its unit. */
export function plain(value, unit = "") {
  const text = Number(value.toPrecision(4)).toLocaleString("en-US", { maximumSignificantDigits: 4 });
  return text.replace("-", MINUS) + (unit ? SPACE + spelled(unit) : "");
}

export const hours = (value) => rounded(value) + SPACE + "h";
export const milliwatts = (value) => rounded(value) + SPACE + "mW";
export const percent = (share) => (share > 0 && share < 0.001 ? "<0.1" : rounded(100 * share, share < 0.1 ? 2 : 3)) + SPACE + "%";

/** The round step that marks `span` at most `most` times. */
export function step(span, most = 6) {
  if (!(span > 0) || !Number.isFinite(span)) return 1;
  const size = 10 ** Math.floor(Math.log10(span / most));
  return size * [1, 2, 2.5, 5, 10].find((one) => size * one * most >= span * (1 - 1e-9));
}

/** The multiples of `width` from `low` to `high`. */
export function marks(low, high, width) {
  const found = [];
  for (let at = Math.ceil(low / width - 1e-9); at <= Math.floor(high / width + 1e-9); at += 1) found.push(at * width);
  return found;
}

/** Hours of a day in steps that divide it. */
export function hourStep(span, most = 12) {
  return [1, 2, 3, 4, 6, 12, 24, 48, 72].find((one) => one * most >= span) ?? step(span, most);
}
