"""What the engines give and the report shows. In W, J, A, V and s; arrays hold n variants, shape (n,)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from power.figures import BoardParts, Curve, Figure
    from power.last_run import LastRun
    from power.scenario import Scenario

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Load:
    """What one thing draws at its rail, as a mean over the day."""

    name: str
    """As a reader calls it: "core, awake"."""
    component: str
    """The part that draws it: "apollo3"; "" for a load that the scenario fixes."""
    rail: str
    state: str
    """The listener's state ("hear"), or "always", "radio", "playback", "fixed"."""
    watts: Array
    rests_on: tuple[str, ...]
    """Keys of figures ("apollo3.run"), of curves, and of the scenario ("scenario.phases.talk.speech")."""


@dataclass(frozen=True)
class PhaseResult:
    """One phase of the day."""

    name: str
    start_s: float
    duration_s: float
    watts_from_cell: Array
    by_state: dict[str, float]
    """Share of the phase's time in each listener state, 0..1, typical."""


@dataclass(frozen=True)
class Waterfall:
    """From the cell's rating to the loads: joules of the typical case.

    The first step is the gross energy and the last what reaches the loads, both positive. Those between are losses, at
    most zero, but for two that may be gains: a slow discharge, and a mean voltage above the rated one. All but the last
    add up to the last.
    """

    steps: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Evidence:
    """What rests on one figure."""

    key: str
    figure: Figure | Curve | None
    """None for a value of the scenario or of a what-if."""
    milliwatts: float
    """Of the typical power from the cell, the part whose loads rest on it; 0 for the cell's own figures."""
    hours_share: float
    """Width of the figure's bar in the tornado over the typical hours; 0 where its min is its max."""


@dataclass(frozen=True)
class Budget:
    """One evaluation of a day on a board, in n variants."""

    scenario: Scenario
    parts: BoardParts
    loads: tuple[Load, ...]
    phases: tuple[PhaseResult, ...]
    regulator_loss_w: Array
    from_cell_w: Array
    """Mean over the day: the loads and the regulators' loss."""
    usable_j: Array
    """What the cell gives between full and cutoff at this load, temperature and age, less self-discharge."""
    gross_j: Array
    """The rating: capacity x nominal voltage."""
    hours: Array
    """usable_j / from_cell_w: until the cutoff, days like this one after each other."""
    peak_a: Array
    """The greatest current from the cell."""
    peak_sag_v: Array
    """What the cell's resistance takes at that current."""
    brownout_margin_v: Array
    """Terminal voltage at that current, at the state of charge where the cutoff is met, over the brown-out voltage."""
    evidence: tuple[Evidence, ...]
    """Greatest `milliwatts` first; empty unless n is 1."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Lifetime:
    """Hours on one charge, typical and over the sampled days, and what the wanted hours allow."""

    hours_typ: float
    p5: float
    p50: float
    p95: float
    mean: float
    histogram: tuple[tuple[float, int], ...]
    """(left edge in hours, days) of bins of one width."""
    bin_hours: float
    wanted_hours: float
    budget_gross_w: float
    """What the rated cell allows for the wanted hours."""
    budget_net_w: float
    """What the typical usable energy allows for them."""
    margin: float
    """p5 / wanted_hours."""
    verdict: str
    """One sentence: "lasts 21.4 h of 8 h wanted, 5th percentile 17.9 h, margin 2.2x"."""


class TornadoRow(NamedTuple):
    """Hours with one figure at its ends and every other typical; the values in SI."""

    key: str
    hours_at_lowest: float
    hours_at_highest: float
    lowest: float
    highest: float

    @property
    def width(self) -> float:
        """Hours between the two ends."""
        return abs(self.hours_at_highest - self.hours_at_lowest)


@dataclass(frozen=True)
class Tornado:
    """What each figure's range is worth in hours, widest first."""

    hours_typ: float
    rows: tuple[TornadoRow, ...]


@dataclass(frozen=True)
class Simulation:
    """One discharge by the discrete-event engine. The series have one value per step, shape (steps,)."""

    times_s: Array
    """Start of each step, from a full cell."""
    watts: Array
    """From the cell, mean of the step."""
    state_of_charge: Array
    """At the end of the step, 1 for full."""
    volts: Array
    """At the terminals, under the step's mean current."""
    hours: float
    """energy_j / mean_w: how long it carries such days, wherever in a day it was charged."""
    ended_s: float
    """Until the terminals met the cutoff, or the charge was gone, in this one discharge from a day's start."""
    energy_j: float
    """Given until then."""
    mean_w: float
    """From the cell over one day."""
    by_load: dict[str, float]
    """Mean watts of each load at its rail over one day; "regulator loss" beside them."""
    lowest_v: float
    """The terminals' lowest before the cutoff, under the greatest current."""
    peak_a: float
    events: int
    """Wakes, connection events, transcripts, ... of one day."""
    seed: int


@dataclass(frozen=True)
class Study:
    """All of a report."""

    run: LastRun
    typical: Budget
    sampled: Budget
    lifetime: Lifetime
    tornado: Tornado
    waterfall: Waterfall
    simulation: Simulation
    agreement: float
    """(simulated - expected) / expected hours, both with typical figures."""
    days: int
    seed: int
    changes: dict[str, float]
    inputs: tuple[tuple[str, str], ...]
    """(path, SHA-256) of every data file that was read."""
