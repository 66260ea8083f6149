// The settings as a link and as a command: what a page's address and a terminal's line have in common.

/** Settings {scenario, board, changes, mapX, mapY} from an address's fragment; what is malformed is left out. */
export function fromFragment(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const settings = { scenario: null, board: null, changes: {}, mapX: null, mapY: null };
  for (const [name, text] of parts) {
    if (name === "scenario" || name === "board") settings[name] = text;
    else if (name === "x") settings.mapX = text;
    else if (name === "y") settings.mapY = text;
    else if (name.length <= 120 && text.trim() !== "" && Number.isFinite(Number(text))) {
      settings.changes[name] = Number(text);
    }
  }
  return settings;
}

export function toFragment(settings) {
  const parts = new URLSearchParams({ scenario: settings.scenario, board: settings.board });
  for (const [name, value] of Object.entries(settings.changes)) parts.set(name, short(value));
  if (settings.mapX) parts.set("x", settings.mapX);
  if (settings.mapY) parts.set("y", settings.mapY);
  return `#${parts}`;
}

/** The `power report` line of the same view; `written(key)` tells {factor, unit} of a value in a command. */
export function toCommand(settings, ledger, written) {
  const line = ["power report", "--scenario", quoted(settings.scenario), "--board", quoted(settings.board)];
  if (ledger) line.push("--ledger", quoted(ledger));
  for (const [key, value] of Object.entries(settings.changes)) {
    const { factor, unit } = written(key);
    line.push("--set", quoted(`${key}=${short(value / factor)}${unit}`));
  }
  return line.join(" ");
}

const short = (value) => String(Number(value.toPrecision(12)));
const quoted = (text) => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
