// The page: settings in, answers of the model out. All computing is the model's.

import { drawComponents } from "./components.js";
import { drawDay } from "./day.js";
import { html } from "./elements.js";
import { hours, milliwatts, percent, plain, rounded } from "./format.js";
import { fromFragment, toCommand, toFragment } from "./link.js";
import { drawMap } from "./map.js";
import { drawSliders } from "./sliders.js";
import { drawSpread } from "./spread.js";
import { drawTornado } from "./tornado.js";

const QUICK_DAYS = 400, THOROUGH_DAYS = 4000, SETTLED_MS = 350;
const element = (id) => document.getElementById(id);

let settings = { scenario: null, board: null, changes: {}, mapX: null, mapY: null };
let choices, controls, sliders = new Map(), last = null, lastMap = null;

/** What the model answers; an Error with its sentence where it refuses. */
async function ask(path, question) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) });
  } catch {
    throw new Error("The model does not answer any more: is `power explore` still running?");
  }
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.error);
  return document;
}

const complaints = new Map();

/** Shows what is wrong with `about` (or with null, that nothing is any more), beside what else is. */
function complain(about, error) {
  if (error) complaints.set(about, error.message);
  else complaints.delete(about);
  const texts = new Set(complaints.values());
  element("error").hidden = !texts.size;
  element("error").textContent = [...texts].join(" ");
}

/** Asks one at a time, and of what is asked meanwhile only the latest. */
class Latest {
  constructor(path, show, fail) {
    this.path = path;
    this.show = show;
    this.fail = fail;
    this.running = false;
    this.waiting = null;
  }

  async ask(question) {
    this.waiting = question;
    if (this.running) return;
    this.running = true;
    tellBusy();
    while (this.waiting) {
      const asked = this.waiting;
      this.waiting = null;
      try {
        const answer = await ask(this.path, asked);
        complain(this.path, null);
        this.show(answer);
      } catch (error) {
        complain(this.path, error);
        this.fail();
      }
    }
    this.running = false;
    tellBusy();
  }
}

/** Says on the page itself whether an answer is still to come. */
function tellBusy() {
  document.body.classList.toggle("busy", studies.running || maps.running || settling !== null);
}

const studies = new Latest("/api/study", showStudy, showNoHours);
const maps = new Latest("/api/map", showMap, () => element("map").replaceChildren());
const added = new Set();
let settling = null;

function question() {
  return { scenario: settings.scenario, board: settings.board, changes: settings.changes };
}

function refresh(settled) {
  showCommand();
  clearTimeout(settling);
  settling = null;
  if (settled) thoroughly();
  else {
    settling = setTimeout(thoroughly, SETTLED_MS);
    studies.ask({ ...question(), days: QUICK_DAYS, thorough: false });
  }
}

function thoroughly() {
  settling = null;
  history.replaceState(null, "", toFragment(settings));
  studies.ask({ ...question(), days: THOROUGH_DAYS, thorough: true });
  refreshMap();
}

function refreshMap() {
  const [x, y] = [settings.mapX, settings.mapY].map((key) => sliders.get(key)?.facts);
  if (!x || !y || x.key === y.key) return;
  const axis = (facts) => ({ key: facts.key, low: facts.min * facts.factor, high: facts.max * facts.factor, count: 9, scale: facts.scale });
  const changes = Object.fromEntries(Object.entries(settings.changes).filter(([key]) => key !== x.key && key !== y.key));
  maps.ask({ scenario: settings.scenario, board: settings.board, changes, x: axis(x), y: axis(y) });
}

function showStudy(answer) {
  last = answer;
  const found = answer.hours, meets = found.p5 >= found.wanted;
  element("verdict").className = `verdict ${meets ? "meets" : "misses"}`;
  element("verdict-word").textContent = meets ? "\u2713 meets" : "\u2717 misses";
  element("hours-typ").textContent = rounded(found.typ);
  element("sentence").textContent = answer.verdict;
  drawSpread(element("range"), found);
  element("tiles").replaceChildren(...[
    ["5th percentile", hours(found.p5)], ["95th percentile", hours(found.p95)], ["from the cell, mean", milliwatts(answer.from_cell_mw)],
    [`allowed for ${plain(found.wanted, "h")}`, milliwatts(answer.budget_net_mw)], ["used of that", percent(answer.from_cell_mw / answer.budget_net_mw)],
  ].map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))));
  drawComponents(element("components"), answer.loads, answer.from_cell_mw);
  drawDay(element("day"), answer.phases, answer.charge);
  const [end, left] = answer.charge.at(-1);
  element("day-note").textContent = left > 0
    ? `Typical. After one such day ${percent(left)} of what the cell can give is left.`
    : `Typical. The cell is empty after ${hours(end)}, before the day is over.`;
  if (answer.tornado) drawTornado(element("tornado"), answer.tornado.map(inUnits), found.typ);
  element("notes-section").hidden = !answer.notes.length;
  element("notes").replaceChildren(...answer.notes.map((note) => html("li", {}, note)));
}

/** Where the model refuses the settings, no hours of others may be taken for theirs. */
function showNoHours() {
  last = null;
  element("verdict").className = "verdict";
  element("verdict-word").textContent = "no answer";
  element("hours-typ").textContent = "\u2013";
  element("sentence").textContent = "";
  for (const id of ["range", "tiles", "components", "day", "day-note", "tornado"]) element(id).replaceChildren();
}

/** A row of the tornado in the words and the unit of its slider, where it has one. */
function inUnits(row) {
  const facts = sliders.get(row.key)?.facts;
  const text = (value, written) => (facts ? plain(value / facts.factor, facts.unit) : plain(written, row.unit));
  return { ...row, label: facts?.label ?? row.label, lowest: text(row.lowest, row.lowest_written), highest: text(row.highest, row.highest_written) };
}

function showMap(answer) {
  lastMap = answer;
  const [x, y] = [answer.x.key, answer.y.key].map((key) => sliders.get(key));
  const shown = (side, slider) => ({ ...side, values: side.values.map((value) => value / slider.facts.factor), label: slider.facts.label, unit: slider.facts.unit, scale: slider.facts.scale });
  drawMap(element("map"), { ...answer, x: shown(answer.x, x), y: shown(answer.y, y) }, { x: x.value, y: y.value });
}

function showCommand() {
  element("command").textContent = toCommand(settings, choices.ledger, (key) => {
    const facts = sliders.get(key)?.facts;
    return facts ? { factor: facts.written_factor, unit: facts.written_unit } : { factor: 1, unit: "" };
  });
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    element("copied").textContent = `${what} copied.`;
  } catch {
    getSelection().selectAllChildren(element("command"));
    element("copied").textContent = `This browser does not let pages copy; the ${what.toLowerCase()} is ${what === "Link" ? "the page's address" : "marked below"}.`;
  }
}

function fillSelect(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => html("option", { value, selected: value === chosen }, text)));
}

/** Takes up a scenario and a board; what they cannot change is forgotten. */
async function choose() {
  document.body.dataset.ready = "false";
  try {
    controls = await ask("/api/controls", { scenario: settings.scenario, board: settings.board });
  } catch (error) {
    complain("controls", error);
    return;
  }
  complain("controls", null);
  element("about").textContent = `${controls.scenario.title}. ${controls.board.title}.`;
  for (const key of Object.keys(settings.changes)) if (controls.others.some((one) => one.key === key)) added.add(key);
  const others = controls.others.filter((one) => added.has(one.key));
  const groups = others.length ? [...controls.groups, { title: "Added", sliders: others }] : controls.groups;
  const known = new Set(groups.flatMap((group) => group.sliders.map((one) => one.key)));
  for (const key of Object.keys(settings.changes)) if (!known.has(key)) delete settings.changes[key];
  sliders = drawSliders(element("sliders"), groups, settings.changes, (key, value, settled) => {
    if (value === null) delete settings.changes[key];
    else settings.changes[key] = value;
    refresh(settled);
  });
  const rest = controls.others.filter((one) => !added.has(one.key));
  fillSelect(element("add"), [["", "Add a setting \u2026"], ...rest.map((one) => [one.key, one.label])], "");
  const keys = [...sliders.keys()];
  const [x, y] = controls.map;
  if (!sliders.has(settings.mapX)) settings.mapX = x;
  if (!sliders.has(settings.mapY) || settings.mapY === settings.mapX) settings.mapY = settings.mapX === y ? x : y;
  const names = keys.map((key) => [key, sliders.get(key).facts.label]);
  fillSelect(element("map-x"), names, settings.mapX);
  fillSelect(element("map-y"), names, settings.mapY);
  refresh(true);
  document.body.dataset.ready = "true";
}

/** Every setting of an address: scenario, board, changes, the map's axes. */
async function takeUp(fragment) {
  settings = fromFragment(fragment);
  const known = (list, name, otherwise) => (list.some((one) => one.name === name) ? name : otherwise);
  settings.scenario = known(choices.scenarios, settings.scenario, choices.scenario);
  settings.board = known(choices.boards, settings.board, choices.board);
  element("scenario").value = settings.scenario;
  element("board").value = settings.board;
  await choose();
}

/** Shows a slider for one more figure, and goes to it. */
async function add(key) {
  if (!key) return;
  added.add(key);
  await choose();
  sliders.get(key)?.range.focus();
}

function redraw() {
  if (last) showStudy(last);
  if (lastMap) showMap(lastMap);
}

async function start() {
  try {
    choices = await ask("/api/choices", {});
  } catch (error) {
    complain("choices", error);
    return;
  }
  element("run").textContent = choices.run;
  fillSelect(element("scenario"), choices.scenarios.map((one) => [one.name, one.name]), choices.scenario);
  fillSelect(element("board"), choices.boards.map((one) => [one.name, one.name]), choices.board);
  element("scenario").addEventListener("change", (event) => { settings.scenario = event.target.value; choose(); });
  element("board").addEventListener("change", (event) => { settings.board = event.target.value; choose(); });
  element("reset").addEventListener("click", () => { settings.changes = {}; added.clear(); choose(); });
  element("add").addEventListener("change", (event) => add(event.target.value));
  element("copy-command").addEventListener("click", () => copy(element("command").textContent, "Command"));
  element("copy-link").addEventListener("click", () => copy(location.href, "Link"));
  for (const [id, name] of [["map-x", "mapX"], ["map-y", "mapY"]]) {
    element(id).addEventListener("change", (event) => {
      const other = name === "mapX" ? "mapY" : "mapX";
      if (settings[other] === event.target.value) swap(settings[name]);
      settings[name] = event.target.value;
      history.replaceState(null, "", toFragment(settings));
      refreshMap();
      function swap(value) {
        settings[other] = value;
        element(other === "mapX" ? "map-x" : "map-y").value = value;
      }
    });
  }
  element("map-swap").addEventListener("click", () => {
    [settings.mapX, settings.mapY] = [settings.mapY, settings.mapX];
    element("map-x").value = settings.mapX;
    element("map-y").value = settings.mapY;
    history.replaceState(null, "", toFragment(settings));
    refreshMap();
  });
  addEventListener("hashchange", () => takeUp(location.hash));
  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(redraw, 100); });
  await takeUp(location.hash);
}

start();
