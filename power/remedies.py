"""What helps a cell that does not last: each remedy of remedies.toml is tried, not guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from power import data_files, what_if
from power.errors import PowerError
from power.figures import ROLES, BoardParts, component
from power.scenario import Scenario, numbers

_FILE = Path(__file__).with_suffix(".toml")
LEAST = 0.001
"""Of the wanted hours: what wins less is no remedy."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Remedy(BaseModel):
    """One thing to try: numbers by `key` (which may have a *), each of `times` in turn; a setting; or another part."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    effort: str
    key: str | None = None
    times: tuple[Positive, ...] = ()
    most: Positive | None = None
    """A number is not taken beyond this, in its own unit."""
    set: Literal["scenario.playback.gated"] | None = None
    swap: Literal["microphone", "regulator"] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Remedy:
        if sum(way is not None for way in (self.key, self.set, self.swap)) != 1 or bool(self.key) != bool(self.times):
            raise ValueError("a remedy has key and times, or set, or swap")
        return self


class Remedies(BaseModel):
    """All of remedies.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: str
    effort: dict[str, Positive]
    remedies: tuple[Remedy, ...]

    @model_validator(mode="after")
    def _known(self) -> Remedies:
        for remedy in self.remedies:
            if remedy.effort not in self.effort:
                raise ValueError(f"remedy {remedy.title!r} takes the effort {remedy.effort!r}, which is not listed")
        return self


@dataclass(frozen=True)
class Trial:
    """A design that differs from the one that does not last."""

    parts: BoardParts
    scenario: Scenario
    factors: dict[str, float]
    """Figures and numbers, by full key, times this, with their whole range."""
    says: str
    """What is done: "scenario.radio.interval_s 0.05 to 0.1"."""

    def and_also(self, other: Trial, base: Trial) -> Trial:
        """Both changes to `base` at once."""
        changed = {
            name: getattr(one.parts, name)
            for one in (self, other)
            for name in ("microphone", "rails")
            if getattr(one.parts, name) != getattr(base.parts, name)
        }
        parts = base.parts.model_copy(update=changed)
        scenario = other.scenario if other.scenario != base.scenario else self.scenario
        return Trial(parts, scenario, self.factors | other.factors, f"{self.says}; {other.says}")


@dataclass(frozen=True)
class Helped:
    """A remedy that was tried: hours then, won over before, and whether that alone is enough."""

    remedy: Remedy
    trial: Trial
    points: float
    hours: float
    won: float
    enough: bool


@cache
def shipped() -> Remedies:
    """The remedies that are known."""
    return Remedies.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def cheapest(base: Trial, hours: float, wanted: float, lasts: Callable[[Trial], float], count: int = 3) -> list[Helped]:
    """The `count` cheapest remedies by the rule of remedies.toml.

    `lasts` gives a design's hours, `hours` are those of `base`. Of the steps of one remedy the first that is enough
    counts, else the one with most hours a point; what a scenario or a board refuses is no remedy.
    """
    known = shipped()
    found = []
    for remedy in known.remedies:
        points = known.effort[remedy.effort]
        best: Helped | None = None
        for trial in trials(remedy, base):
            try:
                then = lasts(trial)
            except PowerError:
                # Such as a connection interval that the voice does not fit into.
                continue
            helped = Helped(remedy, trial, points, then, then - hours, then >= wanted)
            if best is None or helped.hours > best.hours:
                best = helped
            if helped.enough and not remedy.swap:
                break
        if best is not None and best.won >= LEAST * wanted:
            found.append(best)
    return sorted(found, key=lambda each: -each.won / each.points)[:count]


def together(found: list[Helped], base: Trial, lasts: Callable[[Trial], float]) -> float | None:
    """The hours with all of `found` done; None if they cannot be had together."""
    if not found:
        return None
    trial = found[0].trial
    for each in found[1:]:
        trial = trial.and_also(each.trial, base)
    try:
        return lasts(trial)
    except PowerError:
        return None


def trials(remedy: Remedy, base: Trial) -> Iterator[Trial]:
    """The designs that a remedy makes of `base`, the mildest first; none where it has nothing to change."""
    if remedy.key is not None:
        yield from _scaled(remedy, remedy.key, base)
    elif remedy.set is not None:
        playback = base.scenario.playback
        if not playback.gated and any(phase.playback.max > 0 for phase in base.scenario.phases):
            gated = playback.model_copy(update={"gated": True})
            yield Trial(base.parts, base.scenario.model_copy(update={"playback": gated}), {}, "playback gated")
    elif remedy.swap == "microphone":
        for name in _others("microphone", base.parts.microphone):
            parts = base.parts.model_copy(update={"microphone": name})
            yield Trial(parts, base.scenario, {}, f"{base.parts.microphone} to {name}")
    else:
        used = sorted({rail.regulator for rail in base.parts.rails.values() if rail.regulator})
        for name in _others("regulator", *used):
            rails = {
                key: rail.model_copy(update={"regulator": name}) if rail.regulator else rail
                for key, rail in base.parts.rails.items()
            }
            yield Trial(
                base.parts.model_copy(update={"rails": rails}), base.scenario, {}, f"{', '.join(used)} to {name}"
            )


def _scaled(remedy: Remedy, pattern: str, base: Trial) -> Iterator[Trial]:
    role, _, figure = pattern.partition(".")
    if role in ROLES and (part := getattr(base.parts, role)) is not None:
        pattern = f"{part}.{figure}"
    typical = _typical(base)
    keys = [key for key in typical if fnmatchcase(key, pattern) and typical[key] > 0]
    for times in remedy.times:
        factors = {}
        for key in keys:
            most = remedy.most
            factor = times if most is None else min(times, max(1.0, most / typical[key]))
            if factor != 1:
                factors[key] = factor
        if factors:
            says = [
                f"{key} {_shown(key, typical[key])} to {_shown(key, typical[key] * f)}" for key, f in factors.items()
            ]
            yield Trial(base.parts, base.scenario, factors, "; ".join(says))


def _typical(base: Trial) -> dict[str, float]:
    """Typical values by full key, in the model's units."""
    found = {
        f"{name}.{key}": figure.si.typ
        for name in base.parts.component_names
        for key, figure in component(name).figures.items()
    }
    return found | {f"scenario.{key}": spread.typ for key, spread in numbers(base.scenario).items()}


def _shown(key: str, value: float) -> str:
    number, unit = what_if.written(key, value)
    return f"{number:.4g} {unit}".rstrip()


def _others(kind: str, *used: str) -> list[str]:
    """Parts of a kind that the board does not have yet."""
    return [name for name in data_files.names("components") if name not in used and component(name).kind == kind]
