"""The closed form: expected power of a day, and the hours that a cell lasts at it, in n variants at once.

A day is its phases; a phase is its listener states (hear, listen, send, false accept), each with and without playback.
In each of these the rail carries a steady current (microphone, its interface, the core asleep, the radio asleep), to
which short draws add: the core at work, the stages of the radio's events, codec and amplifier starting. Each is
expected for its share of the time, and the regulator's efficiency is taken at the steady current and at the steady
current plus the draw, which for draws that seldom meet is its expectation. Listening, radio and playback are taken to
be independent of each other.

Currents of cores at work and of radios go through the part's own converter: at another rail than the one that they are
given at they take the same power. All others take the same current.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from power import battery
from power.consumers import Consumers, Draws, Regime
from power.errors import PowerError
from power.loads import CELL_RAIL, Loads, Name
from power.regulator import Efficiency, taken_w
from power.results import Budget, Evidence, PhaseResult
from power.scenario import Day, Phase, false_accepts_key
from power.values import Values
from power.work import Awake, Work, awake, state

Array = NDArray[np.float64]


def expect(done: Work | None, values: Values, day: Day) -> Budget:
    """The budget of `day`'s scenario on the parts of `values`, at the work `done`; PowerError where they do not fit.

    `done` may be None only for a scenario of fixed loads. `values` and `day` have the same number of variants.
    """
    return _Expectation(done, values, day).budget()


class _PhaseSum(NamedTuple):
    """A phase's mean draw from the cell: watts, and amps that the cell's voltage turns into watts."""

    name: str
    hours: Array
    watts: Array
    amps: Array
    states: dict[str, float]


class _Expectation:
    def __init__(self, done: Work | None, values: Values, day: Day) -> None:
        self._values, self._day, self._parts = values, day, values.parts
        self._zero = np.zeros(values.n)
        self._loads = Loads(values)
        self._fixed_only = bool(day.scenario.fixed)
        if done is None and not self._fixed_only:
            raise PowerError(
                f"scenario {day.scenario.name} needs a run; make one with: host replay FILE.wav --board artemis"
            )
        self._work = done
        self._phases: list[_PhaseSum] = []
        self._taken = {name: np.zeros(values.n) for name in self._parts.rails}
        """From the cell, by rail."""
        self._peak_w = np.zeros(values.n)
        self._cores: dict[tuple[str, float], Awake] = {}

    def budget(self) -> Budget:
        scenario, done = self._day.scenario, self._work
        if self._fixed_only or done is None:
            self._fixed()
        else:
            consumers = Consumers(done, self._values, self._day, self._loads)
            if scenario.shares == "ledger":
                hours = self._zero + done.seconds / 3600
                self._phase(consumers, None, self._as_recorded(done), hours, hours)
            hours_of = {phase.name: self._day[f"phases.{phase.name}.hours"] for phase in scenario.phases}
            total = sum(hours_of.values(), self._zero)
            for phase in scenario.phases:
                self._phase(consumers, phase, self._regimes(done, phase), hours_of[phase.name], total)
        return self._sum()

    # Regimes of a phase

    def _as_recorded(self, done: Work) -> Iterator[Regime]:
        for name, each in done.states.items():
            yield Regime(name, self._zero + each.share, False, self._core(done, name, each.per_s), ())

    def _regimes(self, done: Work, phase: Phase) -> Iterator[Regime]:
        day, prefix = self._day, f"phases.{phase.name}"
        title = f"scenario {day.scenario.name}, phase {phase.name},"
        shares: list[tuple[str, Array, tuple[str, ...]]] = []
        speech, transcripts = day[f"{prefix}.speech"], day[f"{prefix}.transcripts_per_hour"]
        false_key = false_accepts_key(day.scenario, phase)
        false = day[false_key] * day["false_accepts.seconds"] / 3600
        if speech.any():
            shares.append(("listen", speech, (f"{prefix}.speech",)))
        if false.any():
            # Noise is taken for speech only while nobody speaks.
            shares.append(("false_accept", false * (1 - speech), (false_key, "false_accepts.seconds")))
        if transcripts.any():
            sending = state(done, "send", title).entry_s * transcripts / 3600
            shares.append(("send", sending, (f"{prefix}.transcripts_per_hour",)))
        heard = 1.0 - sum((share for _, share, _ in shares), self._zero)
        if self._values.n == 1 and heard[0] < -1e-9:
            raise PowerError(
                f"{title} is more than full: speech, false accepts and sending take {100 * (1 - heard[0]):.0f} % of "
                "it; lower speech, transcripts_per_hour or false_accepts"
            )
        shares.insert(0, ("hear", np.maximum(heard, 0.0), ()))
        played = day[f"{prefix}.playback"]
        for name, share, keys in shares:
            work_of = "listen" if name == "false_accept" else name
            core = self._core(done, name, state(done, work_of, title).per_s)
            dotted = tuple(f"scenario.{key}" for key in keys)
            yield Regime(name, share * (1 - played), False, core, dotted)
            if played.any():
                yield Regime(name, share * played, True, core, dotted)

    def _core(self, done: Work, name: str, per_s: float) -> Awake:
        key = (name, per_s)
        if key not in self._cores:
            self._cores[key] = awake(per_s, name, done.counts_instructions, self._values)
        return self._cores[key]

    # Power of a phase

    def _phase(
        self, consumers: Consumers, phase: Phase | None, regimes: Iterator[Regime], hours: Array, total: Array
    ) -> None:
        watts, amps = np.zeros(self._values.n), np.zeros(self._values.n)
        states: dict[str, float] = {}
        for regime in regimes:
            weight = regime.share * hours / total
            states[regime.state] = states.get(regime.state, 0.0) + float(regime.share[0])
            if not weight.any():
                continue
            peak = np.zeros(self._values.n)
            for rail, draws in consumers.draws(phase, regime, weight).items():
                volts = self._parts.rails[rail].volts
                if volts is None:
                    amps += regime.share * draws.mean()
                    peak += draws.peak * self._loads.volts(rail)
                    continue
                taken = _expected_w(self._efficiency(rail), volts, draws)
                watts += regime.share * taken
                self._taken[rail] += weight * taken
                peak += taken_w(self._efficiency(rail), volts, draws.peak)
            self._peak_w = np.maximum(self._peak_w, np.where(weight > 0, peak, 0.0))
        self._phases.append(_PhaseSum(phase.name if phase else "as recorded", hours, watts, amps, states))

    def _efficiency(self, rail: str) -> Efficiency:
        key = f"{self._parts.rails[rail].regulator}.efficiency"
        return lambda amps: self._values.curve(key, amps)

    def _fixed(self) -> None:
        watts = self._zero
        for load in self._day.scenario.fixed:
            keys = (f"fixed.{load.name}.milliwatts", f"fixed.{load.name}.share")
            drawn = self._day[keys[0]] / 1000 * self._day[keys[1]]
            name = Name(load.name, "", CELL_RAIL, "fixed")
            self._loads.take(name, drawn, tuple(f"scenario.{key}" for key in keys))
            watts = watts + drawn
            # On at once, at worst.
            self._peak_w = self._peak_w + self._day[keys[0]] / 1000
        hours = self._zero + self._day.scenario.hours
        self._phases.append(_PhaseSum("fixed loads", hours, watts, self._zero, {}))

    # Sums

    def _quiescent(self) -> tuple[Array, Array]:
        """Amps from the cell, always: of the regulators, and of the PMIC, which is a load too."""
        pmic = self._zero
        if self._fixed_only:
            return self._zero, pmic
        if self._parts.pmic:
            key = f"{self._parts.pmic}.quiescent"
            pmic = self._values[key]
            name = Name("charger and power path", self._parts.pmic, CELL_RAIL, "always")
            self._loads.draw(name, pmic, self._zero + 1.0, (key,))
        return sum((self._values[f"{name}.quiescent"] for name in self._regulators()), self._zero), pmic

    def _regulators(self) -> list[str]:
        return sorted({rail.regulator for rail in self._parts.rails.values() if rail.regulator})

    def _sum(self) -> Budget:
        cell = battery.cell_of(self._values, self._day)
        regulators, pmic = self._quiescent()
        total = sum((phase.hours for phase in self._phases), self._zero)
        watts = sum((phase.hours / total * phase.watts for phase in self._phases), self._zero)
        amps = sum((phase.hours / total * phase.amps for phase in self._phases), self._zero) + regulators + pmic
        volts = cell.voltage
        for _ in range(2):
            used = battery.usable(cell, watts + amps * volts)
            volts = used.mean_v
        drawn = watts + amps * volts
        leak = battery.self_discharge_w(cell, volts)
        usable = used.joules * drawn / (drawn + leak)
        loads = self._loads.finished(volts)
        sag = battery.sag(cell, drawn, self._peak_w + (regulators + pmic) * volts)
        return Budget(
            scenario=self._day.scenario,
            parts=self._parts,
            loads=loads,
            phases=self._phase_results(volts, regulators + pmic),
            regulator_loss_w=drawn - sum((load.watts for load in loads), self._zero),
            from_cell_w=drawn,
            usable_j=usable,
            gross_j=cell.gross_j,
            hours=usable / drawn / 3600,
            peak_a=sag.peak_a,
            peak_sag_v=sag.sag_v,
            brownout_margin_v=sag.margin_v,
            evidence=self._evidence(float(volts[0])) if self._values.n == 1 else (),
            notes=self._notes(),
        )

    def _phase_results(self, volts: Array, quiescent: Array) -> tuple[PhaseResult, ...]:
        results, start = [], 0.0
        for phase in self._phases:
            seconds = float(phase.hours[0]) * 3600
            from_cell = phase.watts + (phase.amps + quiescent) * volts
            results.append(PhaseResult(phase.name, start, seconds, from_cell, phase.states))
            start += seconds
        return tuple(results)

    def _evidence(self, volts: float) -> tuple[Evidence, ...]:
        """Milliwatts from the cell by figure: a load counts for each figure that it rests on."""
        ratios = {}
        lost: dict[str, float] = {}
        for name, rail in self._parts.rails.items():
            if rail.regulator and not self._fixed_only:
                taken, at_loads = float(self._taken[name][0]), self._loads.on_rail(name)
                ratios[name] = taken / at_loads if at_loads else 1.0
                lost[rail.regulator] = lost.get(rail.regulator, 0.0) + taken - at_loads
        milliwatts = self._loads.milliwatts(volts, ratios)
        for name, watts in lost.items():
            milliwatts[f"{name}.efficiency"] = 1000 * watts
            milliwatts[f"{name}.quiescent"] = 1000 * float(self._values[f"{name}.quiescent"][0]) * volts
        for key in (*self._values.used, *(f"scenario.{name}" for name in self._day.used)):
            milliwatts.setdefault(key, 0.0)
        return tuple(
            Evidence(key, None if key.startswith("scenario.") else self._values.figure(key), share, 0.0)
            for key, share in sorted(milliwatts.items(), key=lambda item: -item[1])
        )

    def _notes(self) -> tuple[str, ...]:
        scenario = self._day.scenario
        if self._fixed_only:
            return (*scenario.notes, "Loads as stated, straight from the cell: no board, no regulator.")
        notes = [*self._parts.notes, *scenario.notes, *(self._work.notes if self._work else ())]
        if scenario.shares == "ledger" and self._work and self._work.link_bytes_per_s is None:
            notes.append("How many bytes the link carried is not known; sending them is not in the figures.")
        if any(phase.playback.max > 0 for phase in scenario.phases):
            notes.append("Decoding the voice that the phone sends is not in the image, and not in the figures.")
        return tuple(notes)


def _expected_w(efficiency: Efficiency, volts: float, draws: Draws) -> Array:
    """Expected power that a rail's regulator takes, without its quiescent current."""
    mean = draws.mean()
    taken = taken_w(efficiency, volts, draws.steady)
    for amps, share in draws.brief:
        # What the draw meets: all else at its mean.
        below = np.maximum(mean - amps * share, 0.0)
        taken = taken + share * (taken_w(efficiency, volts, below + amps) - taken_w(efficiency, volts, below))
    return taken
