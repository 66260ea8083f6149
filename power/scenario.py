"""How a device is used over a day: its phases, radio, playback, temperature; from scenarios/NAME.toml.

A number may be one value or a range {min, typ, max}, which the Monte Carlo draws from as a triangular distribution.
Three forms: phases of a day; `shares = "ledger"`, the states as a run had them; or fixed loads in milliwatts, such as
an estimate that someone else made.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from power import data_files
from power.data_files import Facts, NamedFacts, Text
from power.distributions import quantile
from power.errors import PowerError
from power.figures import Range

Array = NDArray[np.float64]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Spread(Facts):
    """A number of a scenario: least, likeliest and greatest."""

    min: Finite
    typ: Finite
    max: Finite

    @model_validator(mode="after")
    def _in_order(self) -> Spread:
        if not self.min <= self.typ <= self.max:
            raise ValueError(f"min {self.min:g}, typ {self.typ:g}, max {self.max:g} are not in this order")
        return self

    @property
    def range(self) -> Range:
        """The three values."""
        return Range(self.min, self.typ, self.max)


def _spread(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"min": value, "typ": value, "max": value}
    if not isinstance(value, dict | Spread):
        raise ValueError("must be a number, or {min = ..., typ = ..., max = ...}")
    return value


class _Within:
    """Pydantic marker: a Spread whose ends lie from `least`, itself left out if `above`, up to `greatest`."""

    def __init__(self, least: float, greatest: float, *, above: bool = False) -> None:
        self._least, self._greatest, self._above = least, greatest, above
        self.text = f"must be {'above' if above else 'from'} {least:g}, up to {greatest:g}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def holds(self, value: Array) -> NDArray[np.bool_]:
        """Whether each value lies within; NaN does not."""
        low = value > self._least if self._above else value >= self._least
        return low & (value <= self._greatest)

    def _check(self, value: Spread) -> Spread:
        if not self.holds(np.array([value.min, value.max])).all():
            raise ValueError(self.text)
        return value


_INPUT = BeforeValidator(_spread)
_SHARE = _Within(0.0, 1.0)
_RATE = _Within(0.0, 3600.0)


def _one(value: float) -> Spread:
    return Spread(min=value, typ=value, max=value)


Noise = Literal["silence", "office", "street", "music"]
FALSE_ACCEPTS: dict[Noise, Spread] = {
    "silence": _one(0.0),
    "office": Spread(min=10.0, typ=20.0, max=40.0),
    "street": Spread(min=17.0, typ=34.0, max=68.0),
    "music": Spread(min=260.0, typ=517.0, max=600.0),
}
"""False accepts an hour in what is heard, of the shipped detector: firmware/models/vad.md ("ambience", "esc10" and
"music" there). The recordings are minutes long, so the ends are half and twice of it; music cannot be much worse."""


class RadioUse(Facts):
    """How the phone is kept in touch with."""

    interval_s: Annotated[Spread, _INPUT, _Within(0.0075, 4.0)] = _one(0.1)
    """Connection interval."""
    latency: Annotated[Spread, _INPUT, _Within(0.0, 499.0)] = _one(4.0)
    """Connection events that the board may leave out while it has nothing to say."""
    payload_bytes: Annotated[Spread, _INPUT, _Within(20.0, 244.0)] = _one(100.0)
    """Most payload in a packet: the ATT MTU less 3."""
    bytes_a_transcript: Annotated[Spread, _INPUT, _Within(1.0, 100_000.0)] = _one(96.0)
    retry_rate: Annotated[Spread, _INPUT, _Within(0.0, 0.9)] = Spread(min=0.0, typ=0.05, max=0.2)
    """Probability that a packet is lost and sent again."""
    advertising_s: Annotated[Spread, _INPUT, _Within(0.02, 10.24)] = _one(1.0)
    """Advertising interval while the phone is away."""
    advertising_bytes: Annotated[Spread, _INPUT, _Within(0.0, 31.0)] = _one(21.0)


class PlaybackUse(Facts):
    """What is played: the translation's voice, which the phone sends."""

    seconds: Annotated[Spread, _INPUT, _Within(0.1, 3600.0)] = Spread(min=1.5, typ=3.0, max=6.0)
    """Length of one."""
    bytes_a_second: Annotated[Spread, _INPUT, _Within(0.0, 40_000.0)] = Spread(min=2000.0, typ=4000.0, max=8000.0)
    """Coded speech over the radio: 4000 is 32 kbit/s."""
    gated: bool = True
    """Codec and amplifier are off between sounds."""


class FalseAccepts(Facts):
    """Noise that the voice detector takes for speech, so that the recogniser runs for nothing."""

    per_hour: Annotated[Spread, _INPUT, _RATE] | None = None
    """In every phase; None: what FALSE_ACCEPTS has for the phase's noise."""
    seconds: Annotated[Spread, _INPUT, _Within(0.0, 60.0)] = Spread(min=1.0, typ=2.0, max=4.0)
    """How long the recogniser runs each time."""


class Phase(Facts):
    """A part of the day."""

    name: Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    hours: Annotated[Spread, _INPUT, _Within(0.0, 1000.0, above=True)]
    speech: Annotated[Spread, _INPUT, _SHARE] = _one(0.0)
    """Share of the time that someone speaks."""
    noise: Noise = "silence"
    transcripts_per_hour: Annotated[Spread, _INPUT, _Within(0.0, 3600.0)] = _one(0.0)
    radio: Literal["connected", "away", "off"] = "off"
    playback: Annotated[Spread, _INPUT, _SHARE] = _one(0.0)
    """Share of the time that it plays."""
    level_vrms: Annotated[Spread, _INPUT, _Within(0.0, 10.0)] = _one(0.1)
    """At the speaker, while it plays."""


class FixedLoad(Facts):
    """A load that someone states in milliwatts, drawn straight from the cell for a share of the time."""

    name: Text
    milliwatts: Annotated[Spread, _INPUT, _Within(0.0, 100_000.0)]
    share: Annotated[Spread, _INPUT, _SHARE] = _one(1.0)
    source: Text


class Scenario(NamedFacts):
    """A day."""

    hours: Annotated[float, Field(strict=True, gt=0, le=100_000, allow_inf_nan=False)]
    """What is wanted on one charge."""
    temperature: Annotated[Spread, _INPUT, _Within(-40.0, 85.0)] = Spread(min=0.0, typ=23.0, max=35.0)
    cycles: Annotated[Spread, _INPUT, _Within(0.0, 10_000.0)] = Spread(min=0.0, typ=250.0, max=500.0)
    """Charges and discharges that the cell has seen."""
    shares: Literal["ledger"] | None = None
    radio: RadioUse = RadioUse()
    playback: PlaybackUse = PlaybackUse()
    false_accepts: FalseAccepts = FalseAccepts()
    phases: tuple[Phase, ...] = ()
    fixed: tuple[FixedLoad, ...] = ()
    notes: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> Scenario:
        forms = [bool(self.phases), self.shares is not None, bool(self.fixed)]
        if sum(forms) != 1:
            raise ValueError('must have either [[phases]], shares = "ledger", or [[fixed]] loads')
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise ValueError(f"two phases have the name {next(n for n in names if names.count(n) > 1)!r}")
        return self


def scenario(name: str) -> Scenario:
    """The scenario `name`; PowerError if there is none or its file does not hold."""
    return data_files.load(Scenario, "scenarios", name)


class Day:
    """The numbers of a scenario in n variants, by key: "temperature", "radio.interval_s", "phases.talk.speech".

    As with the parts' figures, which value a number takes depends on seed and key alone.
    """

    def __init__(self, which: Scenario, n: int, choose: Mapping[str, Array] | int | None) -> None:
        """`choose`: a seed to draw with, or probabilities by key (NaN for typ); None has all typical."""
        self.scenario = which
        self.n = n
        self._choose = choose
        self._spreads = _spreads(which)
        self._overridden: dict[str, Array] = {}
        self.used: dict[str, None] = {}
        """Keys read so far, in order."""

    @classmethod
    def typical(cls, which: Scenario, n: int = 1) -> Day:
        """`n` times the typical day."""
        return cls(which, n, None)

    @classmethod
    def sampled(cls, which: Scenario, n: int, seed: int) -> Day:
        """`n` days drawn at random, each number on its own."""
        return cls(which, n, seed)

    @classmethod
    def one_at_a_time(cls, which: Scenario, keys: Iterable[str]) -> Day:
        """Variant 0 is typical; 1 + 2i and 2 + 2i have key i at its min and its max, all else typical."""
        keys = tuple(keys)
        n = 1 + 2 * len(keys)
        chosen = {}
        for i, key in enumerate(keys):
            chosen[key] = np.full(n, np.nan)
            chosen[key][1 + 2 * i : 3 + 2 * i] = 0.0, 1.0
        return cls(which, n, chosen)

    def __getitem__(self, key: str) -> Array:
        """The number `key`, shape (n,); PowerError if the scenario has no such number."""
        spread = self.spread(key)
        self.used[key] = None
        if key in self._overridden:
            return self._overridden[key]
        typ = np.full(self.n, spread.typ)
        if self._choose is None or spread.min == spread.max:
            return typ
        if isinstance(self._choose, int):
            u = np.random.default_rng([self._choose, zlib.crc32(f"scenario.{key}".encode())]).random(self.n)
        elif key in self._choose:
            u = self._choose[key]
        else:
            return typ
        low, middle, high = (np.asarray(value) for value in spread.range)
        value = quantile("triangular", low, middle, high, np.nan_to_num(u, nan=0.5))
        return np.where(np.isnan(u), typ, value)

    def spread(self, key: str) -> Spread:
        """The number `key` as the scenario has it; PowerError if it has none."""
        if key not in self._spreads:
            raise PowerError(
                f"scenario {self.scenario.name} has no number {key!r}; there are: {', '.join(self._spreads)}"
            )
        return self._spreads[key]

    def override(self, key: str, value: ArrayLike) -> None:
        """Has `key` be `value`, a number or shape (n,); PowerError if the scenario could not have it."""
        given, limits = np.asarray(value, dtype=np.float64), self._limits(key)
        if not np.all(limits.holds(given)):
            raise PowerError(f"scenario.{key} cannot be {given}; it {limits.text}")
        self._overridden[key] = np.broadcast_to(np.asarray(value, dtype=np.float64), (self.n,))

    def _limits(self, key: str) -> _Within:
        """What the file format lets a number be."""
        self.spread(key)
        section, _, name = key.rpartition(".")
        model: type[Facts] = Scenario
        if section.startswith("phases"):
            model = Phase
        elif section.startswith("fixed"):
            model = FixedLoad
        elif section == "noise" or name == "per_hour":
            return _RATE
        elif section:
            model = type(getattr(self.scenario, section))
        return next(mark for mark in model.model_fields[name].metadata if isinstance(mark, _Within))

    def false_accepts_per_hour(self, phase: Phase) -> Array:
        """In a phase: the scenario's own rate, or the detector's in that noise."""
        return self[false_accepts_key(self.scenario, phase)]


def false_accepts_key(which: Scenario, phase: Phase) -> str:
    """The key of the rate that holds in a phase."""
    return "false_accepts.per_hour" if which.false_accepts.per_hour is not None else f"noise.{phase.noise}"


def spread_keys(which: Scenario) -> list[str]:
    """Every number of a scenario with a min below its max."""
    return [key for key, spread in _spreads(which).items() if spread.min < spread.max]


def _spreads(which: Scenario) -> dict[str, Spread]:
    """Every number by its key."""
    found: dict[str, Spread] = {"temperature": which.temperature, "cycles": which.cycles}
    for section in ("radio", "playback", "false_accepts"):
        part = getattr(which, section)
        for name in type(part).model_fields:
            if isinstance(value := getattr(part, name), Spread):
                found[f"{section}.{name}"] = value
    for phase in which.phases:
        for name in Phase.model_fields:
            if isinstance(value := getattr(phase, name), Spread):
                found[f"phases.{phase.name}.{name}"] = value
        found.setdefault(f"noise.{phase.noise}", FALSE_ACCEPTS[phase.noise])
    for load in which.fixed:
        found[f"fixed.{load.name}.milliwatts"] = load.milliwatts
        found[f"fixed.{load.name}.share"] = load.share
    return found


def numbers(which: Scenario) -> dict[str, Spread]:
    """Every number of a scenario, which a what-if may change, by its key."""
    return _spreads(which)
