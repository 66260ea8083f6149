"""What-ifs from a command line: KEY=VALUE, checked against what the board and the scenario have."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable

from power.errors import PowerError
from power.figures import ROLES, BoardParts, Figure, component
from power.scenario import Scenario, numbers
from power.units import DIMENSIONS, conversion

_VALUE = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S.*)?")
_NEAR = 3


def keys(parts: BoardParts, scenario: Scenario) -> list[str]:
    """Every key that a what-if can change: "apollo3.run", "cell_300mah.by_cycles", "scenario.radio.interval_s"."""
    found = []
    for name in parts.component_names:
        part = component(name)
        found += [f"{name}.{key}" for key in (*part.figures, *part.curves)]
    return found + [f"scenario.{key}" for key in numbers(scenario)]


def full_key(key: str, parts: BoardParts, scenario: Scenario) -> str:
    """The key that `key` stands for: itself, a role for its part ("cell.capacity"), or a bare number of the scenario.

    PowerError, with the nearest keys, where it stands for none.
    """
    known = keys(parts, scenario)
    role, _, figure = key.partition(".")
    meant = [key, f"scenario.{key}"]
    if role in ROLES and (part := parts.part(role)) is not None:
        meant.insert(1, f"{part}.{figure}")
    for candidate in meant:
        if candidate in known:
            return candidate
    near = difflib.get_close_matches(key, known, n=_NEAR, cutoff=0.4)
    near += [k for k in known if k.endswith(f".{key.rpartition('.')[2]}") and k not in near][: _NEAR - len(near)]
    listed = f"; near it are: {', '.join(near)}" if near else f"; it may begin with: {', '.join(parts.component_names)}"
    raise PowerError(_printable(f"there is no figure or number {key!r} in {scenario.name} on {parts.name}{listed}"))


def read(changes: Iterable[str], parts: BoardParts, scenario: Scenario) -> dict[str, float]:
    """Changes by full key, in the model's units, from texts KEY=VALUE.

    A value is in the unit that its figure is written in, or names its own: "apollo3.run=9", "cell.capacity=1.08Ah".
    PowerError where a text is none of these, or where its unit does not fit.
    """
    found: dict[str, float] = {}
    for text in changes:
        key, equals, value = (part.strip() for part in text.partition("="))
        match = _VALUE.fullmatch(value)
        if not equals or not key or match is None:
            raise PowerError(
                _printable(f"--set {text!r} is not KEY=VALUE with a number; write it like apollo3.run=9uA/MHz")
            )
        full = full_key(key, parts, scenario)
        if full in found:
            raise PowerError(f"--set names {full} twice; name it once")
        number, unit = float(match[1]), match[2]
        if not math.isfinite(number):
            raise PowerError(f"--set {text}: the value must be a finite number")
        found[full] = number * _factor(full, unit, text)
    return found


def written(key: str, value: float) -> tuple[float, str]:
    """A change as its figure is written: value and unit; a scenario's number as it is, with no unit."""
    unit = unit_of(key)
    return (value, "") if unit is None else (float(f"{value / conversion(unit).factor:.12g}"), unit)


def unit_of(key: str) -> str | None:
    """The unit that a figure or the values of a curve are written in; None for a number of the scenario."""
    part, _, name = key.rpartition(".")
    if key.startswith("scenario."):
        return None
    found = component(part)
    figure = found.figures.get(name) or found.curves[name]
    return figure.unit


def limits_of(key: str) -> Figure | None:
    """The figure behind a key; None for a curve or a number of the scenario."""
    part, _, name = key.rpartition(".")
    return None if key.startswith("scenario.") else component(part).figures.get(name)


def _factor(key: str, unit: str | None, text: str) -> float:
    written_in = unit_of(key)
    if written_in is None:
        if unit is not None:
            raise PowerError(_printable(f"--set {text}: a number of the scenario has no unit; leave {unit!r} out"))
        return 1.0
    wanted = conversion(written_in)
    if unit is None:
        return wanted.factor
    try:
        given = conversion(unit)
    except ValueError as error:
        raise PowerError(_printable(f"--set {text}: {error}")) from error
    if given.unit != wanted.unit:
        raise PowerError(
            f"--set {text}: {unit} is {DIMENSIONS[given.unit].what}, and {key} is {DIMENSIONS[wanted.unit].what}, "
            f"such as {written_in}"
        )
    return given.factor


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
