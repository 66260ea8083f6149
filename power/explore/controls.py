"""The page's sliders: which of a scenario's numbers and a board's figures can be moved, how far, in which unit."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from power import what_if
from power.figures import BoardParts, Figure, component
from power.scenario import Phase, Scenario, false_accepts_key, numbers
from power.units import conversion

MAP_STEPS = 9


@dataclass(frozen=True)
class Control:
    """One slider. Values are in `unit`; times `factor` they are the model's."""

    key: str
    label: str
    unit: str
    factor: float
    min: float
    max: float
    step: float
    value: float
    """As the scenario or the part's data have it."""
    least: float
    """What may be typed: beyond the slider's ends, as far as the model takes it."""
    most: float
    scale: Literal["linear", "log"]
    written_unit: str
    """The unit behind the value in a command; "" for a number of the scenario."""
    written_factor: float
    """The model's value by this is what a command says."""
    help: str


@dataclass(frozen=True)
class Group:
    """Sliders that belong together."""

    title: str
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class Page:
    """What the page offers for one scenario on one board."""

    groups: tuple[Group, ...]
    others: tuple[Control, ...]
    """Every other figure, to be added on demand."""
    map: tuple[str, str]
    """Keys of the two that the map begins with."""

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "groups": [
                {"title": group.title, "sliders": [asdict(one) for one in group.controls]} for group in self.groups
            ],
            "others": [asdict(one) for one in self.others],
            "map": list(self.map),
        }


def page(parts: BoardParts, scenario: Scenario) -> Page:
    """The sliders for a scenario on a board."""
    groups = [
        Group("The day", tuple(_of_phases(parts, scenario))),
        Group("Radio", tuple(_of_radio(parts, scenario))),
        Group(
            "Cell",
            (
                _capacity(parts),
                _number(scenario, "temperature", "temperature", "°C", low=-20, high=60, step=1),
                _number(scenario, "cycles", "age, charge cycles", "", low=0, high=1000, step=10),
            ),
        ),
    ]
    if not scenario.fixed:
        groups.append(Group("Core", (_cpi(parts),)))
    groups = [group for group in groups if group.controls]
    shown = {one.key for group in groups for one in group.controls}
    others = tuple(
        control
        for key in what_if.keys(parts, scenario)
        if key not in shown and (control := _other(key, parts, scenario))
    )
    first = groups[0].controls[0].key if groups[0].controls else ""
    return Page(
        tuple(groups), others, (first if groups[0].title == "The day" else "scenario.cycles", "scenario.temperature")
    )


def _of_phases(parts: BoardParts, scenario: Scenario) -> list[Control]:
    found = []
    several = len(scenario.phases) > 1
    can_play = bool(parts.speaker and (parts.codec or parts.amplifier))

    def add(
        phase: Phase, name: str, label: str, unit: str, high: float, *, step: float = 1.0, most: float = 100.0
    ) -> None:
        of = f"{phase.name.replace('_', ' ')}: " if several else ""
        found.append(
            _number(scenario, f"phases.{phase.name}.{name}", of + label, unit, low=0, high=high, step=step, most=most)
        )

    for phase in scenario.phases:
        if phase.speech.max > 0 or not several:
            add(phase, "speech", "someone speaks", "%", 80)
        if can_play and (phase.playback.max > 0 or not several):
            add(phase, "playback", "voice is played", "%", 60)
            add(phase, "level_vrms", "voice level", "mV", 1000, step=10, most=10_000)
    for key in dict.fromkeys(false_accepts_key(scenario, phase) for phase in scenario.phases):
        of = "" if key == "false_accepts.per_hour" else f" in {key.partition('.')[2]}"
        if key != "noise.silence":
            found.append(_number(scenario, key, f"false accepts{of}", "/h", low=0, high=600, step=5, most=3600))
    for load in scenario.fixed:
        found.append(_number(scenario, f"fixed.{load.name}.milliwatts", load.name, "mW", low=0, high=50, step=0.5))
        if load.share.typ < 1:
            found.append(
                _number(
                    scenario, f"fixed.{load.name}.share", f"{load.name}: share of time", "%", low=0, high=100, step=1
                )
            )
    return found


def _of_radio(parts: BoardParts, scenario: Scenario) -> list[Control]:
    uses = {phase.radio for phase in scenario.phases}
    if parts.radio is None or uses <= {"off"}:
        return []
    found = []
    if "connected" in uses:
        found.append(
            _number(
                scenario, "radio.interval_s", "connection interval", "ms", low=7.5, high=2000, scale="log", most=4000
            )
        )
        found.append(
            _number(scenario, "radio.latency", "latency, events left out", "", low=0, high=30, step=1, most=499)
        )
        found.append(_number(scenario, "radio.retry_rate", "packets lost", "%", low=0, high=50, step=1, most=90))
    if "away" in uses:
        found.append(
            _number(scenario, "radio.advertising_s", "advertising interval", "ms", low=20, high=10_240, scale="log")
        )
    return found


def _capacity(parts: BoardParts) -> Control:
    return _figure(f"{parts.cell}.capacity", "capacity", low=50, high=1000, step=10)


def _cpi(parts: BoardParts) -> Control:
    return _figure(f"{parts.mcu}.cpi", "cycles an instruction", low=1, high=2.5, step=0.05)


def _number(
    scenario: Scenario,
    key: str,
    label: str,
    unit: str,
    *,
    low: float,
    high: float,
    step: float = 1.0,
    scale: Literal["linear", "log"] = "linear",
    most: float | None = None,
) -> Control:
    """Of a scenario's number."""
    factor = {"%": 0.01, "ms": 1e-3, "mV": 1e-3}.get(unit, 1.0)
    value = numbers(scenario)[key].typ / factor
    return Control(
        key=f"scenario.{key}",
        label=label,
        unit=unit,
        factor=factor,
        min=min(low, value),
        max=max(high, value),
        step=step,
        value=_short(value),
        least=low,
        most=most or high,
        scale=scale,
        written_unit="",
        written_factor=1.0,
        help=f"scenario {scenario.name}: {key}",
    )


def _figure(key: str, label: str, *, low: float, high: float, step: float) -> Control:
    """Of a part's figure, in the unit that it is written in."""
    part, _, name = key.rpartition(".")
    figure = component(part).figure(name)
    unit = "" if "/" in figure.unit and name == "cpi" else figure.unit
    return Control(
        key=key,
        label=label,
        unit=unit,
        factor=conversion(figure.unit).factor,
        min=min(low, figure.typ),
        max=max(high, figure.typ),
        step=step,
        value=figure.typ,
        least=low / 10,
        most=10 * high,
        scale="linear",
        written_unit=figure.unit,
        written_factor=conversion(figure.unit).factor,
        help=f"{key}: {figure.conditions}; {figure.source}",
    )


def _other(key: str, parts: BoardParts, scenario: Scenario) -> Control | None:
    """Of any key: a slider over a good bit more than its range; None where there is nothing to move."""
    if key.startswith("scenario."):
        spread = numbers(scenario)[key.removeprefix("scenario.")]
        low, typ, high, unit, written, factor, of = *spread.range, "", "", 1.0, f"scenario {scenario.name}"
    else:
        part, _, name = key.rpartition(".")
        figure = component(part).figures.get(name)
        if not isinstance(figure, Figure):
            return None  # a curve has no one value
        low, typ, high = figure.range
        unit = written = figure.unit
        factor, of = conversion(figure.unit).factor, f"{figure.conditions}; {figure.source}"
    if high <= 0:
        return None
    top = _ceiling(max(2 * high, 4 * (high - low)))
    if written == "fraction" or key.endswith((".speech", ".playback", ".share", "_rate")):
        top = min(top, 1.0)
    step = top / 200
    return Control(
        key=key,
        label=label_of(key),
        unit=unit,
        factor=factor,
        min=0.0,
        max=top,
        step=step,
        value=typ,
        least=0.0,
        most=1.0 if top == 1.0 else 100 * top,
        scale="linear",
        written_unit=written,
        written_factor=factor,
        help=f"{key}: {of}",
    )


def label_of(key: str) -> str:
    """A key as people read it."""
    part, _, name = key.rpartition(".")
    if key.startswith("scenario."):
        return key.removeprefix("scenario.").replace("_", " ").replace(".", ": ")
    return f"{part} {name.replace('_', ' ')}"


def _ceiling(value: float) -> float:
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 2, 5, 10) if step * size >= value * (1 - 1e-9))


def _short(value: float) -> float:
    return float(f"{value:.12g}")
