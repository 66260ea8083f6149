"""The model against figures that others published: cases from validation/*.toml, and the original estimate.

Streaming wake word: power at work x the clock's ratio x duty + power asleep x the rest. At work is what the same board
takes for another network (its keyword spotting run); asleep it waits in WFI with its clocks on, taken as a fifth of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from power import data_files, radio
from power.data_files import Facts, NamedFacts, Text
from power.expectation import expect
from power.figures import board_parts, component
from power.scenario import Day, scenario
from power.values import Values

FOLDER = Path(__file__).with_name("validation")
WAKEWORD_TOLERANCE = 0.25
SLEEP_SHARE = 0.2
"""Of the power at work, that a core takes in WFI with its clocks on: an assumption, the same as in the MCUs' files."""

Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]


class WakewordRow(Facts):
    """A result of the streaming wake word benchmark, and what its power at work is taken from."""

    system: Text
    mhz: Positive
    duty: Annotated[float, Field(strict=True, gt=0, le=1)]
    milliwatts: Positive
    source: Text
    work_milliwatts: Positive | None = None
    work_mhz: Positive | None = None
    work_source: Text | None = None
    headline_ua_per_mhz: Positive | None = None
    headline_volts: Positive | None = None
    headline_source: Text | None = None
    outside: Text | None = None
    """Why the model cannot be near."""

    @model_validator(mode="after")
    def _whole(self) -> WakewordRow:
        for group in (
            ("work_milliwatts", "work_mhz", "work_source"),
            (
                "headline_ua_per_mhz",
                "headline_volts",
                "headline_source",
            ),
        ):
            given = [name for name in group if getattr(self, name) is not None]
            if given and len(given) < len(group):
                raise ValueError(f"has {given[0]}, and so needs all of {', '.join(group)}")
        if self.work_milliwatts is None and self.outside is None:
            raise ValueError("has nothing to model it from; say in outside why")
        return self

    def from_work(self) -> float | None:
        """Milliwatts from the same board's other network."""
        if self.work_milliwatts is None or self.work_mhz is None:
            return None
        return _duty_cycled(self.work_milliwatts * self.mhz / self.work_mhz, self.duty)

    def from_headline(self) -> float | None:
        """Milliwatts from the maker's current per clock."""
        if self.headline_ua_per_mhz is None or self.headline_volts is None:
            return None
        return _duty_cycled(self.headline_ua_per_mhz * self.headline_volts * self.mhz / 1000, self.duty)


class RadioRow(Facts):
    """A mean current of a radio that is connected or advertises, and does nothing else."""

    system: Text
    radio: Text
    connected_s: Positive | None = None
    """Between two connection events: interval x (1 + latency)."""
    advertising_s: Positive | None = None
    microamps: Positive
    tolerance: Positive
    source: Text
    outside: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> RadioRow:
        if (self.connected_s is None) == (self.advertising_s is None):
            raise ValueError("has either connected_s or advertising_s")
        return self

    def modelled(self) -> float:
        """Microamps."""
        part = component(self.radio)
        figures = radio.RadioFigures(**{name: np.array([part.figure(name).si.typ]) for name in radio.NAMES})
        if self.connected_s is not None:
            charge, period = radio.idle_event(figures, self.connected_s).charge(figures), self.connected_s
        else:
            charge = radio.advertising_event(figures, 0.0).charge(figures)
            period = (self.advertising_s or 0.0) + radio.ADVERTISING_DELAY_S
        return float((charge / period + figures.idle)[0]) * 1e6


class _Wakewords(NamedFacts):
    rows: tuple[WakewordRow, ...]


class _Radios(NamedFacts):
    rows: tuple[RadioRow, ...]


@dataclass(frozen=True)
class Case:
    """One comparison."""

    group: str
    name: str
    published: float
    modelled: float | None
    """None: there is nothing to model it from."""
    unit: str
    tolerance: float
    source: str
    basis: str
    """What the model's value rests on."""
    outside: str | None
    """Why it is known to lie outside the tolerance."""

    @property
    def difference(self) -> float | None:
        """(modelled - published) / published."""
        return None if self.modelled is None else self.modelled / self.published - 1

    @property
    def within(self) -> bool:
        """Whether the model is as near as it is held to."""
        return self.difference is not None and abs(self.difference) <= self.tolerance

    @property
    def holds(self) -> bool:
        """Within, or outside for a reason that is said; a reason for one that is within is out of date."""
        return self.within == (self.outside is None)


def cases() -> list[Case]:
    """All comparisons; PowerError if a file of them does not hold."""
    return [*_estimate(), *_radio_events(), *_wakewords()]


def wakeword_rows() -> tuple[WakewordRow, ...]:
    """The benchmark's rows."""
    return data_files.read(_Wakewords, FOLDER / "streaming_wakeword.toml").rows


def radio_rows() -> tuple[RadioRow, ...]:
    """The radios' rows."""
    return data_files.read(_Radios, FOLDER / "bluetooth.toml").rows


def _estimate() -> list[Case]:
    which = scenario("original_estimate")
    budget = expect(None, Values.typical(board_parts("artemis")), Day.typical(which))
    allowed = float(budget.gross_j[0]) / which.hours / 3.6
    total = float(budget.from_cell_w[0]) * 1000
    group = "the original estimate"
    source = "300 mAh at 3.7 V, 8 hours; 0.5 + 15 x 30 % + 10, and what was left to 45 mW"
    return [
        Case(group, "budget of 300 mAh at 3.7 V over 8 hours", 138.75, allowed, "mW", 0.001, source, "scenario", None),
        Case(group, "sum of its loads", 45.0, total, "mW", 0.001, source, "scenario original_estimate", None),
    ]


def _radio_events() -> list[Case]:
    return [
        Case(
            "Bluetooth LE",
            row.system,
            row.microamps,
            row.modelled(),
            "µA",
            row.tolerance,
            row.source,
            f"power/components/{row.radio}.toml",
            row.outside,
        )
        for row in radio_rows()
    ]


def _wakewords() -> list[Case]:
    return [
        Case(
            "streaming wake word",
            row.system,
            row.milliwatts,
            row.from_work(),
            "mW",
            WAKEWORD_TOLERANCE,
            row.source,
            row.work_source or "nothing",
            row.outside,
        )
        for row in wakeword_rows()
    ]


def _duty_cycled(at_work: float, duty: float) -> float:
    return at_work * duty + at_work * SLEEP_SHARE * (1 - duty)
