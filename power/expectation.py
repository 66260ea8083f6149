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
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from power import battery, playback, radio
from power.battery import Cell
from power.errors import PowerError
from power.figures import BoardParts
from power.regulator import taken_w
from power.results import Budget, Evidence, Load, PhaseResult, Waterfall
from power.scenario import Day, Phase, false_accepts_key
from power.values import Values
from power.work import UART_BITS_A_BYTE, Awake, Work, awake, given_v, kept_banks, state

Array = NDArray[np.float64]
CELL_RAIL = "cell"
"""The rail of what hangs on the cell itself: PMIC, fixed loads."""


def expect(done: Work | None, values: Values, day: Day) -> Budget:
    """The budget of `day`'s scenario on the parts of `values`, at the work `done`; PowerError where they do not fit.

    `done` may be None only for a scenario of fixed loads. `values` and `day` have the same number of variants.
    """
    return _Expectation(done, values, day).budget()


def waterfall(budget: Budget, cell: Cell) -> Waterfall:
    """From the rating to the loads, typical (variant 0)."""
    used = battery.usable(cell, budget.from_cell_w)
    first = [float(part[0]) for part in (cell.capacity, cell.voltage, cell.by_cycles, cell.by_temperature)]
    capacity, volts, cycles, temperature = first
    rest, rate = float(cell.rest_loss[0]), float(used.by_rate[0])
    steps = [("gross", capacity * volts)]
    left = capacity * volts
    for name, part in (
        ("ageing", cycles),
        ("temperature", temperature),
        ("held back", 1 - rest),
        ("rate of discharge", rate),
    ):
        steps.append((name, left * (part - 1)))
        left *= part
    charge, mean_v = float(used.coulomb[0]), float(used.mean_v[0])
    cutoff = charge / (1 - float(used.left[0])) * float(used.left[0]) * volts if used.left[0] < 1 else left
    steps.append(("below the cutoff", -cutoff))
    resistance = float(used.resistance_j[0])
    steps.append(("mean voltage against the rating", charge * (mean_v - volts) + resistance))
    steps.append(("cell's resistance", -resistance))
    steps.append(("self-discharge", float(budget.usable_j[0] - used.joules[0])))
    ratio = float(budget.regulator_loss_w[0] / budget.from_cell_w[0]) if budget.from_cell_w[0] > 0 else 0.0
    steps.append(("regulators", -ratio * float(budget.usable_j[0])))
    steps.append(("net to the loads", sum(joules for _, joules in steps)))
    return Waterfall(tuple(steps))


def cell_of(values: Values, day: Day) -> Cell:
    """The board's cell at the day's temperature and age."""
    name = values.parts.cell
    temperature, cycles = day["temperature"], day["cycles"]
    grid = battery.charge_grid()[:, None]
    return Cell(
        capacity=values[f"{name}.capacity"],
        voltage=values[f"{name}.voltage"],
        resistance=values[f"{name}.resistance"] * values.curve(f"{name}.resistance_by_temperature", temperature),
        cutoff=values[f"{name}.cutoff"],
        brownout=values[f"{name}.brownout"],
        self_discharge=values[f"{name}.self_discharge"] / battery.MONTH_S,
        rest_loss=values[f"{name}.rest_loss"],
        by_temperature=values.curve(f"{name}.by_temperature", temperature),
        by_cycles=values.curve(f"{name}.by_cycles", cycles),
        by_rate=lambda rate: values.curve(f"{name}.by_rate", rate),
        ocv=values.curve(f"{name}.ocv", grid),
    )


@dataclass
class _Row:
    """One load in the making: watts, and amps that a voltage not yet known turns into watts."""

    watts: Array
    amps: Array
    keys: dict[str, None] = field(default_factory=dict)


@dataclass
class _Regime:
    """A part of a phase in which the same things go on."""

    state: str
    share: Array
    """Of the phase."""
    playing: bool
    core: Awake
    keys: tuple[str, ...]
    """Of the scenario, that the share rests on."""


@dataclass
class _Draws:
    """On one rail in one regime: the steady current, and draws of (amps, share of the time) beyond it."""

    steady: Array
    brief: list[tuple[Array, Array]]
    peak: Array
    """The greatest current."""


class _Expectation:
    def __init__(self, done: Work | None, values: Values, day: Day) -> None:
        self._work, self._values, self._day = done, values, day
        self._parts: BoardParts = values.parts
        self._n = values.n
        self._zero = np.zeros(values.n)
        self._rows: dict[tuple[str, str, str, str], _Row] = {}
        self._phases: list[tuple[str, Array, Array, Array, dict[str, float]]] = []
        """Name, hours, watts and amps from the cell, states."""
        self._rail_in = {name: np.zeros(values.n) for name in self._parts.rails}
        self._peak_w = np.zeros(values.n)
        self._cores: dict[tuple[str, float], Awake] = {}

    def budget(self) -> Budget:
        scenario = self._day.scenario
        if scenario.fixed:
            self._fixed()
        elif scenario.shares == "ledger":
            self._phase(None, self._zero + self._done.seconds / 3600)
        else:
            for phase in scenario.phases:
                self._phase(phase, self._day[f"phases.{phase.name}.hours"])
        return self._sum()

    @property
    def _done(self) -> Work:
        if self._work is None:
            raise PowerError("this scenario needs a run; make one with: host replay FILE.wav --board artemis")
        return self._work

    # Regimes of a phase

    def _regimes(self, phase: Phase | None) -> Iterator[_Regime]:
        done = self._done
        if phase is None:
            for name, each in done.states.items():
                yield _Regime(name, self._zero + each.share, False, self._core(name, each.per_s), ())
            return
        prefix = f"phases.{phase.name}"
        title = f"scenario {self._day.scenario.name}, phase {phase.name},"
        shares: list[tuple[str, Array, tuple[str, ...]]] = []
        speech, transcripts = self._day[f"{prefix}.speech"], self._day[f"{prefix}.transcripts_per_hour"]
        false_key = false_accepts_key(self._day.scenario, phase)
        false = self._day[false_key] * self._day["false_accepts.seconds"] / 3600
        if speech.any():
            shares.append(("listen", speech, (f"{prefix}.speech",)))
        if false.any():
            shares.append(("false_accept", false, (false_key, "false_accepts.seconds")))
        if transcripts.any():
            sending = state(done, "send", title).entry_s * transcripts / 3600
            shares.append(("send", sending, (f"{prefix}.transcripts_per_hour",)))
        heard = 1.0 - sum((share for _, share, _ in shares), self._zero)
        if self._n == 1 and heard[0] < -1e-9:
            raise PowerError(
                f"{title} is more than full: speech, false accepts and sending take {1 - heard[0]:.0%} of it"
            )
        shares.insert(0, ("hear", np.maximum(heard, 0.0), ()))
        played = self._day[f"{prefix}.playback"]
        for name, share, keys in shares:
            core = self._core(name, state(done, "listen" if name == "false_accept" else name, title).per_s)
            dotted = tuple(f"scenario.{key}" for key in keys)
            yield _Regime(name, share * (1 - played), False, core, dotted)
            if played.any():
                yield _Regime(name, share * played, True, core, dotted)

    def _core(self, name: str, per_s: float) -> Awake:
        key = (name, per_s)
        if key not in self._cores:
            self._cores[key] = awake(per_s, name, self._done.counts_instructions, self._values)
        return self._cores[key]

    # Currents

    def _volts(self, rail: str) -> Array:
        volts = self._parts.rails[rail].volts
        return self._zero + volts if volts is not None else self._values[f"{self._parts.cell}.voltage"]

    def _at_rail(self, amps: Array, part: str, rail: str) -> Array:
        """A current that goes through the part's own converter."""
        return amps * given_v(self._values, part) / self._volts(rail)

    def _add(self, row_of: tuple[str, str, str, str], amps: Array, weight: Array, keys: tuple[str, ...]) -> None:
        """Adds `amps` for `weight` of the day to a load: its name, part, rail and group."""
        rail = row_of[2]
        row = self._rows.setdefault(row_of, _Row(np.zeros(self._n), np.zeros(self._n)))
        row.keys.update(dict.fromkeys(keys))
        if self._parts.rails[rail].volts is None:
            row.amps += amps * weight
        else:
            row.watts += amps * self._volts(rail) * weight

    def _phase(self, phase: Phase | None, hours: Array) -> None:
        watts, amps = np.zeros(self._n), np.zeros(self._n)
        states: dict[str, float] = {}
        total = self._total_hours()
        for regime in self._regimes(phase):
            weight = regime.share * hours / total
            states[regime.state] = states.get(regime.state, 0.0) + float(regime.share[0])
            if not weight.any():
                continue
            draws = {rail: _Draws(np.zeros(self._n), [], np.zeros(self._n)) for rail in self._parts.rails}
            self._mcu(regime, weight, draws)
            self._microphone(weight, draws)
            if phase is None:
                self._uart(weight, draws)
            else:
                self._radio(phase, regime, weight, draws)
                self._playback(phase, regime, weight, draws)
            peak = np.zeros(self._n)
            for rail, draw in draws.items():
                if self._parts.rails[rail].volts is None:
                    amps += regime.share * (draw.steady + sum((i * d for i, d in draw.brief), self._zero))
                    peak += draw.peak * self._volts(rail)
                else:
                    taken = self._taken(rail, draw)
                    watts += regime.share * taken
                    self._rail_in[rail] += weight * taken
                    peak += taken_w(self._efficiency(rail), self._rail_volts(rail), draw.peak)
            self._peak_w = np.maximum(self._peak_w, np.where(weight > 0, peak, 0.0))
        self._phases.append((phase.name if phase else "as recorded", hours, watts, amps, states))

    def _total_hours(self) -> Array:
        if self._day.scenario.shares == "ledger":
            return self._zero + self._done.seconds / 3600
        return sum((self._day[f"phases.{phase.name}.hours"] for phase in self._day.scenario.phases), self._zero)

    def _rail_volts(self, rail: str) -> float:
        return float(self._parts.rails[rail].volts or 0.0)

    def _efficiency(self, rail: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
        key = f"{self._parts.rails[rail].regulator}.efficiency"
        return lambda amps: self._values.curve(key, amps)

    def _taken(self, rail: str, draw: _Draws) -> Array:
        """Expected power that the rail's regulator takes, without its quiescent current."""
        efficiency, volts = self._efficiency(rail), self._rail_volts(rail)
        mean = draw.steady + sum((i * d for i, d in draw.brief), self._zero)
        taken = taken_w(efficiency, volts, draw.steady)
        for amps, share in draw.brief:
            # What the draw meets: all else at its mean.
            below = np.maximum(mean - amps * share, 0.0)
            taken = taken + share * (taken_w(efficiency, volts, below + amps) - taken_w(efficiency, volts, below))
        return taken

    def _mcu(self, regime: _Regime, weight: Array, draws: dict[str, _Draws]) -> None:
        values, part = self._values, self._parts.mcu
        rail = self._parts.rail_of("mcu")
        draw = draws[rail]
        base = self._at_rail(values[f"{part}.run"] * values[f"{part}.clock"], part, rail)
        work = self._at_rail(regime.core.amps, part, rail)
        waking = np.minimum(self._done.wakes_per_s * values[f"{part}.wake"], 1.0)
        settling = np.minimum(self._done.wakes_per_s * values[f"{part}.settle"], 1.0)
        asleep_share = np.maximum(1.0 - regime.core.share - waking - settling, 0.0)
        lighter = regime.playing and values.has(f"{part}.sleep")
        asleep_key = f"{part}.sleep" if lighter else f"{part}.deep_sleep"
        retention = values[f"{part}.retention"] * kept_banks(values)
        asleep = values[asleep_key] + (0.0 if lighter else 1.0) * retention
        pdm = values[f"{part}.pdm"]
        self._add(
            ("core, awake", part, rail, regime.state),
            work,
            weight * regime.core.share,
            (*regime.core.rests_on, *regime.keys),
        )
        self._add(
            ("core, waking", part, rail, "always"),
            base,
            weight * waking,
            (f"{part}.wake", f"{part}.run", f"{part}.clock"),
        )
        self._add(
            ("core, settling", part, rail, "always"),
            base,
            weight * settling,
            (f"{part}.settle", f"{part}.run", f"{part}.clock"),
        )
        self._add(("core, asleep", part, rail, "always"), values[asleep_key], weight * asleep_share, (asleep_key,))
        if not lighter:
            self._add(
                ("retained RAM", part, rail, "always"),
                retention,
                weight * asleep_share,
                (f"{part}.retention", f"{part}.bank"),
            )
        self._add(("microphone interface", part, rail, "always"), pdm, weight, (f"{part}.pdm",))
        draw.steady += pdm + asleep
        draw.brief.append((np.maximum(work - asleep, 0.0), regime.core.share))
        draw.brief.append((np.maximum(base - asleep, 0.0), waking + settling))
        draw.peak += pdm + np.maximum(work, base)

    def _microphone(self, weight: Array, draws: dict[str, _Draws]) -> None:
        part, rail = self._parts.microphone, self._parts.rail_of("microphone")
        amps = self._values[f"{part}.listening"]
        self._add(("microphone", part, rail, "always"), amps, weight, (f"{part}.listening",))
        draws[rail].steady += amps
        draws[rail].peak += amps

    def _uart(self, weight: Array, draws: dict[str, _Draws]) -> None:
        sent = self._done.link_bytes_per_s
        if not sent:
            return
        part, rail = self._parts.mcu, self._parts.rail_of("mcu")
        share = self._zero + min(1.0, sent * UART_BITS_A_BYTE / self._parts.link_baud)
        amps = self._values[f"{part}.uart"]
        self._add(("serial link", part, rail, "always"), amps, weight * share, (f"{part}.uart",))
        draws[rail].brief.append((amps, share))
        draws[rail].peak += amps

    def _radio(self, phase: Phase, regime: _Regime, weight: Array, draws: dict[str, _Draws]) -> None:
        if phase.radio == "off":
            return
        part = self._parts.radio
        if part is None:
            raise PowerError(
                f"scenario {self._day.scenario.name}, phase {phase.name}, uses a radio, and board {self._parts.name} "
                'has none; name one in its file, or have the phase say radio = "off"'
            )
        rail = self._parts.rail_of("radio")
        figures = radio_figures(self._values)
        idle = self._values[f"{part}.idle"]
        self._add(("radio, asleep", part, rail, "radio"), idle, weight, (f"{part}.idle",))
        draw = draws[rail]
        draw.steady += idle
        levels = {name: self._at_rail(self._values[f"{part}.{name}"], part, rail) for name in ("cpu", "rx", "tx")}
        shares = dict.fromkeys(levels, self._zero)
        for name, per_s, event, keys in radio_events(phase, self._day, figures, regime.playing):
            stages = {"cpu": event.cpu_s * per_s, "rx": event.rx_s * per_s, "tx": event.tx_s * per_s}
            figure_keys = tuple(f"{part}.{key}" for key in radio.NAMES if key != "idle")
            for level, share in stages.items():
                self._add((name, part, rail, "radio"), levels[level], weight * share, (*figure_keys, *keys))
                shares[level] = shares[level] + share
        for level, share in shares.items():
            draw.brief.append((np.maximum(levels[level] - idle, 0.0), np.minimum(share, 1.0)))
        draw.peak += np.maximum(levels["rx"], levels["tx"])

    def _playback(self, phase: Phase, regime: _Regime, weight: Array, draws: dict[str, _Draws]) -> None:
        day, values, parts = self._day, self._values, self._parts
        share = day[f"phases.{phase.name}.playback"]
        if not share.any():
            return
        if parts.speaker is None or (parts.amplifier is None and parts.codec is None):
            raise PowerError(
                f"scenario {day.scenario.name}, phase {phase.name}, plays, and board {parts.name} has no "
                "speaker with a codec or an amplifier; name them in its file, or have the phase say playback = 0"
            )
        keys = (f"scenario.phases.{phase.name}.playback",)
        gated = day.scenario.playback.gated
        starts_per_s = share / day["playback.seconds"] / np.maximum(1 - share, 1e-9)
        for role, on, off in (("codec", "playing", "standby"), ("amplifier", "quiescent", "shutdown")):
            part = parts.part(role)  # type: ignore[arg-type]
            if part is None:
                continue
            rail = parts.rail_of(role)  # type: ignore[arg-type]
            playing, idle = values[f"{part}.{on}"], values[f"{part}.{off}"]
            draw = draws[rail]
            if regime.playing or not gated:
                self._add((f"{role}, on", part, rail, "playback"), playing, weight, (f"{part}.{on}", *keys))
                draw.steady += playing
                draw.peak += playing
                continue
            starting = np.minimum(starts_per_s * values[f"{part}.start"], 1.0)
            start_keys = (f"{part}.{on}", f"{part}.start", "scenario.playback.seconds", *keys)
            self._add((f"{role}, starting", part, rail, "playback"), playing, weight * starting, start_keys)
            self._add((f"{role}, off", part, rail, "playback"), idle, weight * (1 - starting), (f"{part}.{off}",))
            draw.steady += idle
            draw.brief.append((np.maximum(playing - idle, 0.0), starting))
            draw.peak += idle
        if regime.playing:
            self._sound(phase, weight, draws, keys)

    def _sound(self, phase: Phase, weight: Array, draws: dict[str, _Draws], keys: tuple[str, ...]) -> None:
        """What goes to the speaker, and the interface that brings it."""
        values, parts = self._values, self._parts
        role = "amplifier" if parts.amplifier else "codec"
        part, rail = parts.part(role), parts.rail_of(role)  # type: ignore[arg-type]
        efficiency = values[f"{part}.efficiency"] if parts.amplifier else self._zero + playback.CODEC_OUTPUT_EFFICIENCY
        level = f"phases.{phase.name}.level_vrms"
        drive = playback.drive_w(self._day[level], values[f"{parts.speaker}.impedance"], efficiency)
        amps = drive / self._volts(rail)
        rests_on = (f"{parts.speaker}.impedance", f"scenario.{level}", *keys)
        if parts.amplifier:
            rests_on = (f"{part}.efficiency", *rests_on)
        row = self._rows.setdefault(("sound", str(part), rail, "playback"), _Row(np.zeros(self._n), np.zeros(self._n)))
        row.keys.update(dict.fromkeys(rests_on))
        # A power whatever the voltage, also straight on the cell.
        row.watts += drive * weight
        draws[rail].steady += amps
        draws[rail].peak += amps * playback.SPEECH_CREST**2
        mcu = parts.mcu
        if values.has(f"{mcu}.i2s"):
            i2s, mcu_rail = values[f"{mcu}.i2s"], parts.rail_of("mcu")
            self._add(("sound interface", mcu, mcu_rail, "playback"), i2s, weight, (f"{mcu}.i2s", *keys))
            draws[mcu_rail].steady += i2s
            draws[mcu_rail].peak += i2s

    # Sums

    def _fixed(self) -> None:
        watts = np.zeros(self._n)
        for load in self._day.scenario.fixed:
            key = f"fixed.{load.name}"
            drawn = self._day[f"{key}.milliwatts"] / 1000 * self._day[f"{key}.share"]
            row = _Row(drawn, np.zeros(self._n), {f"scenario.{key}.milliwatts": None, f"scenario.{key}.share": None})
            self._rows[(load.name, "", CELL_RAIL, "fixed")] = row
            watts = watts + drawn
        self._peak_w = watts
        hours = self._zero + self._day.scenario.hours
        self._phases.append(("fixed loads", hours, watts, np.zeros(self._n), {}))

    def _quiescent(self) -> tuple[Array, Array]:
        """Amps from the cell, always: regulators, and the PMIC."""
        if self._day.scenario.fixed:
            return self._zero, self._zero
        names = {rail.regulator for rail in self._parts.rails.values() if rail.regulator}
        regulators = sum((self._values[f"{name}.quiescent"] for name in sorted(names)), self._zero)
        pmic = self._values[f"{self._parts.pmic}.quiescent"] if self._parts.pmic else self._zero
        return regulators, pmic

    def _sum(self) -> Budget:
        cell = cell_of(self._values, self._day)
        regulators, pmic = self._quiescent()
        total = sum((hours for _, hours, *_ in self._phases), self._zero)
        fixed_w = sum((hours / total * watts for _, hours, watts, _, _ in self._phases), self._zero)
        direct_a = sum((hours / total * amps for _, hours, _, amps, _ in self._phases), self._zero)
        direct_a = direct_a + regulators + pmic
        volts = cell.voltage
        for _ in range(2):
            drawn = fixed_w + direct_a * volts
            used = battery.usable(cell, drawn)
            volts = used.mean_v
        drawn = fixed_w + direct_a * volts
        leak = battery.self_discharge_w(cell, volts)
        usable = used.joules * drawn / (drawn + leak)
        loads = self._loads(volts, pmic)
        at_loads = sum((load.watts for load in loads), self._zero)
        sag = battery.sag(cell, drawn, self._peak_w + (regulators + pmic) * volts)
        return Budget(
            scenario=self._day.scenario,
            parts=self._parts,
            loads=loads,
            phases=self._phase_results(volts, regulators + pmic),
            regulator_loss_w=drawn - at_loads,
            from_cell_w=drawn,
            usable_j=usable,
            gross_j=cell.gross_j,
            hours=usable / drawn / 3600,
            peak_a=sag.peak_a,
            peak_sag_v=sag.sag_v,
            brownout_margin_v=sag.margin_v,
            evidence=self._evidence(loads, drawn, regulators * volts) if self._n == 1 else (),
            notes=self._notes(),
        )

    def _loads(self, volts: Array, pmic: Array) -> tuple[Load, ...]:
        loads = [
            Load(name, part, rail, group, row.watts + row.amps * volts, tuple(row.keys))
            for (name, part, rail, group), row in self._rows.items()
        ]
        if self._parts.pmic and not self._day.scenario.fixed:
            key = f"{self._parts.pmic}.quiescent"
            loads.append(Load("charger and power path", self._parts.pmic, CELL_RAIL, "always", pmic * volts, (key,)))
        return tuple(loads)

    def _phase_results(self, volts: Array, quiescent: Array) -> tuple[PhaseResult, ...]:
        results, start = [], 0.0
        for name, hours, watts, amps, states in self._phases:
            seconds = float(hours[0]) * 3600
            from_cell = watts + (amps + quiescent) * volts
            results.append(PhaseResult(name, start, seconds, from_cell, states))
            start += seconds
        return tuple(results)

    def _evidence(self, loads: tuple[Load, ...], drawn: Array, quiescent_w: Array) -> tuple[Evidence, ...]:
        """Milliwatts from the cell by figure, of variant 0: a load counts for each figure that it rests on."""
        ratio = {}
        for rail, taken in self._rail_in.items():
            at_rail = sum(float(load.watts[0]) for load in loads if load.rail == rail)
            ratio[rail] = float(taken[0]) / at_rail if at_rail and self._parts.rails[rail].volts is not None else 1.0
        milliwatts: dict[str, float] = {}
        for load in loads:
            for key in load.rests_on:
                milliwatts[key] = milliwatts.get(key, 0.0) + 1000 * float(load.watts[0]) * ratio.get(load.rail, 1.0)
        regulators = {rail.regulator for rail in self._parts.rails.values() if rail.regulator}
        loss = float(drawn[0]) - sum(float(load.watts[0]) for load in loads)
        for name in sorted(regulators) if not self._day.scenario.fixed else ():
            milliwatts[f"{name}.efficiency"] = 1000 * (loss - float(quiescent_w[0])) / len(regulators)
            milliwatts[f"{name}.quiescent"] = 1000 * float(quiescent_w[0]) / len(regulators)
        for key in (*self._values.used, *(f"scenario.{name}" for name in self._day.used)):
            milliwatts.setdefault(key, 0.0)
        ordered = sorted(milliwatts.items(), key=lambda item: -item[1])
        return tuple(
            Evidence(key, None if key.startswith("scenario.") else self._values.figure(key), share, 0.0)
            for key, share in ordered
        )

    def _notes(self) -> tuple[str, ...]:
        scenario = self._day.scenario
        if scenario.fixed:
            return (*scenario.notes, "Loads as stated, straight from the cell: no board, no regulator.")
        notes = [*self._parts.notes, *scenario.notes]
        if scenario.shares == "ledger" and self._done.link_bytes_per_s is None:
            notes.append("How many bytes the link carried is not known; sending them is not in the figures.")
        if any(phase.playback.max > 0 for phase in scenario.phases):
            notes.append("Decoding the voice that the phone sends is not in the image, and not in the figures.")
        return tuple(notes)


def radio_figures(values: Values) -> radio.RadioFigures:
    """The figures of a board's radio, its currents at the voltage that they are given at."""
    return radio.RadioFigures(**{name: values[f"{values.parts.radio}.{name}"] for name in radio.NAMES})


def radio_events(
    phase: Phase, day: Day, figures: radio.RadioFigures, playing: bool
) -> Iterator[tuple[str, Array, radio.Event, tuple[str, ...]]]:
    """What the radio does in a phase: name, events a second, stages of one, and keys of the scenario.

    PowerError if the voice does not fit into the connection interval.
    """
    again = radio.sendings(day["radio.retry_rate"])
    if phase.radio == "away":
        period = day["radio.advertising_s"] + radio.ADVERTISING_DELAY_S
        event = radio.advertising_event(figures, day["radio.advertising_bytes"])
        yield "advertising", 1 / period, event, ("scenario.radio.advertising_s", "scenario.radio.advertising_bytes")
        return
    interval, latency, payload = (day[f"radio.{name}"] for name in ("interval_s", "latency", "payload_bytes"))
    common = ("scenario.radio.interval_s", "scenario.radio.latency", "scenario.radio.retry_rate")
    streams = day["playback.bytes_a_second"] if playing else np.zeros(day.n)
    # While the phone has something to send, no event may be left out.
    period = np.where(streams > 0, interval, interval * (1 + latency))
    yield "connection events", again / period, radio.idle_event(figures, period), common
    if streams.any():
        full = radio.air_share(figures, payload, streams * again, interval)
        if day.n == 1 and full[0] > 1:
            raise PowerError(
                f"scenario {day.scenario.name}, phase {phase.name}: {streams[0]:g} bytes a second of voice need "
                f"{full[0]:.0%} of a connection interval of {1000 * interval[0]:g} ms; raise radio.payload_bytes or "
                "lower playback.bytes_a_second"
            )
        keys = ("scenario.playback.bytes_a_second", "scenario.radio.payload_bytes", *common)
        yield "voice from the phone", streams / payload * again, radio.received(figures, payload), keys
    per_s = day[f"phases.{phase.name}.transcripts_per_hour"] / 3600
    if per_s.any():
        size = day["radio.bytes_a_transcript"]
        count = radio.packets(size, payload)
        # The last packet is shorter: on average each has this much.
        one = radio.sent(figures, size / count)
        out_of_turn = np.where(streams > 0, 0.0, latency / (1 + latency))
        extra = radio.idle_event(figures, interval * (1 + latency) / 2).times(out_of_turn)
        rate_key = f"scenario.phases.{phase.name}.transcripts_per_hour"
        sizes = ("scenario.radio.bytes_a_transcript", "scenario.radio.payload_bytes")
        yield "transcripts", per_s, one.times(count * again) + extra, (*sizes, rate_key, *common)
