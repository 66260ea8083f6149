"""Where a report differs from the estimate that the design began with, and why."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from power.figures import component
from power.report.shown import rounded, unit_text

_FILE = Path(__file__).with_suffix(".toml")
OTHER = "other"


def compare(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """The estimate's items beside a document's loads, in mW; None where the scenario is not the estimate's."""
    estimate = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    if facts["scenario"]["name"] != estimate["scenario"]:
        return None
    found = _sorted(facts, estimate["items"])
    rows = []
    for item in estimate["items"]:
        parts = item.get("parts", [])
        mw = sum(found.get(name, 0.0) for name in (item["name"], *(part["name"] for part in parts)))
        rows.append(_row(item["name"], item.get("mw"), mw, _WHY[item["why"]](facts)))
        for part in parts:
            of_it = _row(f"of it: {part['name']}", None, found.get(part["name"], 0.0), _WHY[part["why"]](facts))
            rows.append({**of_it, "part": True})
    if found.get(OTHER):
        rows.append(_row(OTHER, None, found[OTHER], ""))
    total = _row("all of it", estimate["total_mw"], facts["power"]["typ"], "")
    return {"says": estimate["says"], "rows": [*rows, {**total, "sum": True}]}


def _row(item: str, estimate: float | None, mw: float, why: str) -> dict[str, Any]:
    difference = None if estimate is None else mw - estimate
    return {
        "item": item,
        "estimate_mw": estimate,
        "mw": mw,
        "difference_mw": difference,
        "why": why,
        "part": False,
        "sum": False,
    }


def _sorted(facts: Mapping[str, Any], items: list[dict[str, Any]]) -> dict[str, float]:
    """Milliwatts by the name of the item, or of the part of an item, that a load belongs to."""
    rules = [
        (owner["name"], rule)
        for item in items
        for owner in (item, *item.get("parts", []))
        for rule in owner.get("loads", [])
    ]
    found: dict[str, float] = {}
    for row in facts["components"]:
        kinds = {component(part).kind for part in row["component"].split(", ") if part}
        for state, mw in row["by_state"].items():
            owner = next((name for name, rule in rules if _holds(rule, row["name"], kinds, state)), OTHER)
            found[owner] = found.get(owner, 0.0) + mw
    return found


def _holds(rule: Mapping[str, Any], name: str, kinds: set[str], state: str) -> bool:
    return (
        rule.get("kind", next(iter(kinds), "")) in kinds | {""}
        and rule.get("name", name) == name
        and state in rule.get("states", [state])
    )


def _figure(facts: Mapping[str, Any], ending: str) -> Mapping[str, Any] | None:
    rows = facts["evidence"]["figures"]
    return next((row for row in rows if row["key"].endswith(ending) and row["points"] is None), None)


def _said(facts: Mapping[str, Any], ending: str, words: str) -> str:
    """A figure in words, if the result rests on it."""
    row = _figure(facts, ending)
    return "" if row is None else f"{rounded(row['typ'], None)} {unit_text(row['unit'])} {words}".strip()


def _work(facts: Mapping[str, Any], state: str) -> str:
    row = next((row for row in facts["run"]["states"] if row["name"] == state), None)
    return "" if row is None else f"{rounded(row['work_per_s'] / 1e6)} million {facts['run']['cycles_are']} a second"


def _time(facts: Mapping[str, Any], *states: str) -> float:
    return sum(row["time"] or 0.0 for row in facts["states"] if row["name"] in states)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _detection(facts: Mapping[str, Any]) -> str:
    return _joined(
        f"counted: {_work(facts, 'hear')}",
        _said(facts, ".run", "at work"),
        "front end included, wakes in the MCU's row",
    )


def _recognition(facts: Mapping[str, Any]) -> str:
    listening = 100 * _time(facts, "listen")
    false = 100 * _time(facts, "false_accept")
    return _joined(
        f"counted: {_work(facts, 'listen')}, where 15 mW stood for a core at work all the time",
        f"it listens for {rounded(listening)} % of the day, and {rounded(false)} % on false accepts",
    )


def _radio(facts: Mapping[str, Any]) -> str:
    radio = facts["scenario"].get("radio", {})
    interval, latency = radio.get("interval_s"), radio.get("latency")
    every = ""
    if interval and latency:
        seconds = interval["typ"] * (1 + latency["typ"])
        every = f"text, not sound, goes out: a connection event each {rounded(seconds)} s while nothing is said"
    away = any(row["name"] == "advertising" for row in facts["components"])
    streamed = "only the translation's voice is streamed, while it plays"
    return _joined(every, streamed, "it advertises while the phone is away" if away else "")


def _rest(facts: Mapping[str, Any]) -> str:
    return "the estimate's largest item was an allowance; its parts are below"


def _microphone(facts: Mapping[str, Any]) -> str:
    return _joined(_said(facts, ".listening", "for the microphone"), _said(facts, ".pdm", "for its interface"))


def _playback(facts: Mapping[str, Any]) -> str:
    playing = sum(phase["hours"] * phase["playback"]["typ"] for phase in _hours(facts))
    gated = facts["scenario"].get("playback", {}).get("gated", True)
    how = "off between sounds" if gated else "on all day"
    return f"plays {rounded(60 * playing)} minutes a day, {how}"


def _hours(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    phases = facts["scenario"].get("phases") or []
    return [{"hours": phase["hours"]["typ"], "playback": phase["playback"]} for phase in phases]


def _mcu(facts: Mapping[str, Any]) -> str:
    return _joined(
        "deep sleep between chunks, with wakes, retained RAM and interfaces", _said(facts, ".deep_sleep", "asleep")
    )


def _power_path(facts: Mapping[str, Any]) -> str:
    share = sum(row["share"] for row in facts["components"] if row["name"] == "regulator loss")
    return f"the estimate had none: {rounded(100 * share, 2)} % of what the cell gives is lost in regulators"


_WHY: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "detection": _detection,
    "recognition": _recognition,
    "radio": _radio,
    "rest": _rest,
    "microphone": _microphone,
    "playback": _playback,
    "mcu": _mcu,
    "power_path": _power_path,
}
