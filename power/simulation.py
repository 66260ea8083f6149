"""The discrete-event engine: one discharge, wake by wake and event by event, with typical figures.

It shares with the closed form (expectation.py) the figures of the components and the elementary formulas: charge of a
radio event, power of a sound, what a regulator takes at a current, a cell's voltage. It differs in method:

- States, sounds, false accepts, transcripts and lost packets happen at moments, drawn with a seed or read from a run's
  ledgers, not with probabilities; the core wakes on the grid of the audio clock.
- A radio event that falls together with a wake is at the regulator together with it: the efficiency is taken at the sum
  of what draws at that instant, where the closed form adds each draw to the mean of all others.
- The cell is discharged step by step from full: current, state of charge, voltage at the terminals and the rate's loss
  follow each other, where the closed form integrates the voltage at the mean current. What hangs on the cell itself
  draws at the voltage of the moment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from power import battery, course, playback, radio
from power.course import EVENT_NAMES, Course
from power.discharge import Drawn, discharge
from power.errors import PowerError
from power.last_run import LastRun
from power.regulator import taken_w
from power.results import Simulation
from power.scenario import Day
from power.values import Values
from power.work import BURST_STATES, UART_BITS_A_BYTE, Work, given_v, kept_banks

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

STEP_S = 60.0
MOST_STEPS = 4096
"""Of the days that are drawn, or of a run."""
MOST_FRAMES = 50_000
"""On the serial link that are followed one by one."""
ASLEEP, BASE, BURST = range(3)
"""The core's levels."""
STAGES = ("none", "cpu", "rx", "tx", "codec", "amplifier", "uart")
"""What may draw briefly, one at a time: the radio's stages, what starts before a sound, the serial link."""
RADIO_STAGES = ("cpu", "rx", "tx")


def simulate(run: LastRun | None, done: Work | None, values: Values, day: Day, seed: int) -> Simulation:
    """Discharges the cell of `values`' parts through days like `day`, all typical; PowerError where they do not fit.

    `run` and `done` may be None only for a scenario of fixed loads.
    """
    cell = battery.cell_of(values, day)
    scenario = day.scenario
    if scenario.fixed:
        return discharge(_fixed(day), cell, seed)
    if run is None or done is None:
        raise PowerError(f"scenario {scenario.name} needs a run; make one with: host replay FILE.wav --board artemis")
    if scenario.shares == "ledger":
        happened = course.recorded(run)
    else:
        uses_radio = any(phase.radio != "off" for phase in scenario.phases) and values.parts.radio
        happened = course.drawn(done, day, radio.figures_of(values) if uses_radio else None, seed)
    return discharge(_Day(happened, done, values, day).drawn(), cell, seed)


def _fixed(day: Day) -> Drawn:
    mean, peak = {}, 0.0
    for load in day.scenario.fixed:
        watts = float(day[f"fixed.{load.name}.milliwatts"][0]) / 1000
        mean[load.name] = watts * float(day[f"fixed.{load.name}.share"][0])
        peak += watts
    total = np.array([sum(mean.values())])
    return Drawn(day.scenario.hours * 3600, total, np.zeros(1), np.array([peak]), mean, {}, 0)


@dataclass(frozen=True)
class _Brief:
    """Draws of a moment, each of `weight` alike; arrays of shape (draws,)."""

    at: Array
    seconds: Array
    weight: Array
    stage: Indices


class _Core:
    """How long the core has been at work by any moment, from the grid of its wakes."""

    def __init__(self, happened: Course, done: Work, values: Values) -> None:
        mcu = values.parts.mcu
        self._happened = happened
        self.chunk_s = 1 / done.wakes_per_s
        self.wake_s = float(values[f"{mcu}.wake"][0])
        self.settle_s = float(values[f"{mcu}.settle"][0])
        bursts = values.has(f"{mcu}.burst_clock") and values.has(f"{mcu}.burst_run")
        in_burst = np.array([bursts and name in BURST_STATES for name in happened.states])
        self.burst = in_burst[happened.state]
        clock = float(values[f"{mcu}.clock"][0])
        burst_clock = float(values[f"{mcu}.burst_clock"][0]) if bursts else clock
        cycles = float(values[f"{mcu}.cpi"][0]) if done.counts_instructions else 1.0
        share = happened.per_s * cycles / np.where(self.burst, burst_clock, clock)
        room = 1 - (self.wake_s + self.settle_s) / self.chunk_s
        work = _levelled(share, room, happened.end - happened.start, self.burst) * self.chunk_s
        woken = self.wake_s + self.settle_s
        self._base_s = np.where(self.burst, woken, woken + work)
        self._burst_s = np.where(self.burst, work, 0.0)
        # Wakes before the start of each piece, on the grid.
        self._before = np.ceil(happened.start / self.chunk_s - 1e-9)
        self.wakes = np.ceil(happened.end / self.chunk_s - 1e-9) - self._before
        self._base_before = np.concatenate([[0.0], np.cumsum(self.wakes * self._base_s)])
        self._burst_before = np.concatenate([[0.0], np.cumsum(self.wakes * self._burst_s)])

    def awake_by(self, at: Array) -> tuple[Array, Array]:
        """Seconds at the base clock and at the burst clock, from the day's start to each moment of `at`."""
        last = np.floor(at / self.chunk_s + 1e-9)
        woken_at = last * self.chunk_s
        piece = np.clip(
            np.searchsorted(self._happened.start, woken_at + 1e-9, side="right") - 1, 0, len(self.wakes) - 1
        )
        earlier = last - self._before[piece]
        since = at - woken_at
        base_s, burst_s = self._base_s[piece], self._burst_s[piece]
        base = self._base_before[piece] + earlier * base_s + np.minimum(since, base_s)
        burst = self._burst_before[piece] + earlier * burst_s + np.clip(since - base_s, 0.0, burst_s)
        return base, burst


def _levelled(share: Array, room: float, seconds: Array, burst: NDArray[np.bool_]) -> Array:
    """Shares of the time no more than `room`: work for which a stretch has no time is done in others of its clock."""
    held = np.minimum(share, room)
    for kind in (burst, ~burst):
        over = float(((share - held) * seconds)[kind].sum())
        spare = float(((room - held) * seconds)[kind].sum())
        if over > 0 and spare > 0:
            held[kind] += (room - held[kind]) * min(over / spare, 1.0)
    return held


class _Day:
    """A course turned into what the cell gives."""

    def __init__(self, happened: Course, done: Work, values: Values, day: Day) -> None:
        self._happened, self._done, self._values, self._day = happened, done, values, day
        self._parts = values.parts
        self._core = _Core(happened, done, values)
        self._rails = list(self._parts.rails)

    def _value(self, key: str) -> float:
        return float(self._values[key][0])

    def _rail(self, role: str) -> int:
        return self._rails.index(self._parts.rail_of(role))  # type: ignore[arg-type]

    def _volts(self, rail: int) -> float:
        volts = self._parts.rails[self._rails[rail]].volts
        return volts if volts is not None else self._value(f"{self._parts.cell}.voltage")

    def _converted(self, amps: float, part: str, rail: int) -> float:
        return amps * given_v(self._values, part) / self._volts(rail)

    def drawn(self) -> Drawn:
        happened = self._happened
        steps = int(np.clip(happened.length_s / STEP_S, 1, MOST_STEPS))
        step_s = happened.length_s / steps
        pieces = self._cut(step_s, steps)
        brief = self._brief()
        inside = self._overlaps(brief)
        classes = 2 * max(len(self._day.scenario.phases), 1)
        levels = self._levels(classes)
        # Time of each class and core level by step; of each stage too, which takes it from "none".
        shape = (steps, classes, 3, len(STAGES))
        times = np.zeros(shape)
        group = pieces.phase * 2 + pieces.playing
        for level, seconds in enumerate(pieces.by_level):
            flat = np.ravel_multi_index((pieces.step, group), (steps, classes))
            times[:, :, level, 0] = np.bincount(flat, seconds, steps * classes).reshape(steps, classes)
        at_piece = np.clip(np.searchsorted(happened.start, brief.at, side="right") - 1, 0, len(happened.start) - 1)
        brief_group = happened.phase[at_piece] * 2 + happened.playing[at_piece]
        brief_step = np.clip((brief.at / step_s).astype(np.int64), 0, steps - 1)
        for level, seconds in enumerate(inside):
            flat = np.ravel_multi_index((brief_step, brief_group, brief.stage), (steps, classes, len(STAGES)))
            spent = np.bincount(flat, seconds * brief.weight, steps * classes * len(STAGES))
            spent = spent.reshape(steps, classes, len(STAGES))
            times[:, :, level, :] += spent
            times[:, :, level, 0] -= spent.sum(axis=2)
        watts, amps, peaks = levels
        quiescent = self._quiescent()
        there = times > 1e-12
        peak = np.where(there, peaks, 0.0).reshape(steps, -1).max(axis=1)
        cell_v = self._value(f"{self._parts.cell}.voltage")
        load_w, load_a = self._loads(pieces, times.sum(axis=0))
        return Drawn(
            length_s=happened.length_s,
            watts=(times * watts).reshape(steps, -1).sum(axis=1) / step_s,
            amps=(times * amps).reshape(steps, -1).sum(axis=1) / step_s + quiescent,
            peak_w=peak + quiescent * cell_v,
            load_w=load_w,
            load_a=load_a,
            events=round(
                (self._core.wakes.sum() + happened.events.weight.sum() + len(happened.sounds)) / happened.days
            ),
        )

    def _quiescent(self) -> float:
        names = {rail.regulator for rail in self._parts.rails.values() if rail.regulator}
        pmic = self._value(f"{self._parts.pmic}.quiescent") if self._parts.pmic else 0.0
        return sum(self._value(f"{name}.quiescent") for name in names) + pmic

    # Times

    def _cut(self, step_s: float, steps: int) -> _Pieces:
        """The course's pieces, cut where a step ends."""
        happened = self._happened
        edges = np.unique(np.concatenate([happened.start, happened.end[-1:], np.arange(1, steps) * step_s]))
        start, end = edges[:-1], edges[1:]
        middle = (start + end) / 2
        source = np.clip(np.searchsorted(happened.start, middle, side="right") - 1, 0, len(happened.start) - 1)
        base, burst = self._core.awake_by(edges)
        base, burst = np.diff(base), np.diff(burst)
        return _Pieces(
            step=np.clip((middle / step_s).astype(np.int64), 0, steps - 1),
            phase=happened.phase[source],
            playing=happened.playing[source].astype(np.int64),
            state=happened.state[source],
            by_level=(end - start - base - burst, base, burst),
        )

    def _brief(self) -> _Brief:
        happened, events = self._happened, self._happened.events
        at, seconds, weight, stage = [], [], [], []
        begin = events.at
        for name, lasts in (
            ("cpu", events.prepare_s),
            ("rx", events.rx_s),
            ("tx", events.tx_s),
            ("cpu", events.finish_s),
        ):
            at.append(begin)
            seconds.append(lasts)
            weight.append(events.weight)
            stage.append(np.full(len(begin), STAGES.index(name)))
            begin = begin + lasts
        if len(happened.sounds) and self._day.scenario.playback.gated:
            for role, part, _, _ in playback.stages(self._parts):
                start_s = self._value(f"{part}.start")
                at.append(np.maximum(happened.sounds - start_s, 0.0))
                seconds.append(np.full(len(happened.sounds), start_s))
                weight.append(np.ones(len(happened.sounds)))
                stage.append(np.full(len(happened.sounds), STAGES.index(role)))
        sent = self._done.link_bytes_per_s
        if self._day.scenario.shares == "ledger" and sent:
            share = min(1.0, sent * UART_BITS_A_BYTE / self._parts.link_baud)
            chunks = max(1, int(happened.length_s / self._core.chunk_s))
            followed = min(chunks, MOST_FRAMES)
            at.append((np.arange(followed) + 0.5) * happened.length_s / followed)
            seconds.append(np.full(followed, share * happened.length_s / chunks))
            weight.append(np.full(followed, chunks / followed))
            stage.append(np.full(followed, STAGES.index("uart")))
        last = happened.length_s
        starts = np.concatenate(at)
        return _Brief(
            at=np.minimum(starts, last),
            seconds=np.concatenate(seconds),
            weight=np.concatenate(weight),
            stage=np.concatenate(stage).astype(np.int64),
        )

    def _overlaps(self, brief: _Brief) -> tuple[Array, Array, Array]:
        """Of each brief draw: seconds while the core is asleep, at its base clock, in a burst."""
        base_from, burst_from = self._core.awake_by(brief.at)
        base_to, burst_to = self._core.awake_by(brief.at + brief.seconds)
        base = np.clip(base_to - base_from, 0.0, brief.seconds)
        burst = np.clip(burst_to - burst_from, 0.0, brief.seconds - base)
        return brief.seconds - base - burst, base, burst

    # Levels

    def _levels(self, classes: int) -> tuple[Array, Array, Array]:
        """Watts through regulators, amps straight from the cell, and the peak in watts; (classes, core levels, stages).

        A class is a phase, without (even) or with (odd) playback.
        """
        shape = (classes, 3, len(STAGES))
        watts, amps, peaks = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for index in range(classes):
            steady, drive, drive_rail = self._steady(index)
            for level in range(3):
                for number, stage in enumerate(STAGES):
                    rails = steady.copy()
                    rails[self._rail("mcu")] += self._core_amps(level, bool(index % 2))
                    self._add_stage(rails, stage)
                    for rail, current in enumerate(rails):
                        fed = self._parts.rails[self._rails[rail]]
                        extra = drive if rail == drive_rail else 0.0
                        if fed.volts is None:
                            amps[index, level, number] += current
                            watts[index, level, number] += extra
                            peaks[index, level, number] += current * self._volts(rail)
                            peaks[index, level, number] += extra * playback.SPEECH_CREST**2
                        else:
                            sound = extra / fed.volts
                            watts[index, level, number] += self._taken(rail, current + sound)
                            peaks[index, level, number] += self._taken(rail, current + sound * playback.SPEECH_CREST**2)
        return watts, amps, peaks

    def _taken(self, rail: int, current: float) -> float:
        fed = self._parts.rails[self._rails[rail]]
        key = f"{fed.regulator}.efficiency"
        return float(
            taken_w(lambda amps: self._values.curve(key, amps), float(fed.volts or 0.0), np.array([current]))[0]
        )

    def _steady(self, index: int) -> tuple[Array, float, int]:
        """Amps by rail of all but the core; the power of the sound and its rail (-1: none)."""
        rails = np.zeros(len(self._rails))
        phases = self._day.scenario.phases
        phase = phases[index // 2] if phases else None
        playing = bool(index % 2)
        rails[self._rail("mcu")] += self._value(f"{self._parts.mcu}.pdm")
        rails[self._rail("microphone")] += self._value(f"{self._parts.microphone}.listening")
        if phase is None:
            return rails, 0.0, -1
        if phase.radio != "off" and self._parts.radio:
            rails[self._rail("radio")] += self._value(f"{self._parts.radio}.idle")
        if phase.playback.max <= 0:
            return rails, 0.0, -1
        for role, part, on, off in playback.stages(self._parts):
            runs = playing or not self._day.scenario.playback.gated
            rails[self._rail(role)] += self._value(f"{part}.{on if runs else off}")
        if not playing:
            return rails, 0.0, -1
        if self._values.has(f"{self._parts.mcu}.i2s"):
            rails[self._rail("mcu")] += self._value(f"{self._parts.mcu}.i2s")
        drive = float(playback.drive_of(self._values, self._day[f"phases.{phase.name}.level_vrms"])[0])
        return rails, drive, self._rail(playback.driver(self._parts))

    def _asleep(self, playing: bool) -> tuple[float, float]:
        """Amps of the sleeping core, and of the RAM that it keeps."""
        mcu = self._parts.mcu
        if playing and self._values.has(f"{mcu}.sleep"):
            return self._value(f"{mcu}.sleep"), 0.0
        return self._value(f"{mcu}.deep_sleep"), float((self._values[f"{mcu}.retention"] * kept_banks(self._values))[0])

    def _core_amps(self, level: int, playing: bool) -> float:
        mcu, rail = self._parts.mcu, self._rail("mcu")
        if level == ASLEEP:
            return sum(self._asleep(playing))
        if level == BURST and self._values.has(f"{mcu}.burst_run") and self._values.has(f"{mcu}.burst_clock"):
            return self._converted(self._value(f"{mcu}.burst_run") * self._value(f"{mcu}.burst_clock"), mcu, rail)
        return self._converted(self._value(f"{mcu}.run") * self._value(f"{mcu}.clock"), mcu, rail)

    def _add_stage(self, rails: Array, stage: str) -> None:
        parts = self._parts
        if stage in RADIO_STAGES and parts.radio:
            rail = self._rail("radio")
            idle = self._value(f"{parts.radio}.idle")
            rails[rail] += self._converted(self._value(f"{parts.radio}.{stage}"), parts.radio, rail) - idle
        elif stage == "uart":
            rails[self._rail("mcu")] += self._value(f"{parts.mcu}.uart")
        elif stage in ("codec", "amplifier"):
            for role, part, on, off in playback.stages(parts):
                if role == stage:
                    rails[self._rail(role)] += self._value(f"{part}.{on}") - self._value(f"{part}.{off}")

    # Loads

    def _loads(self, pieces: _Pieces, times: Array) -> tuple[dict[str, float], dict[str, float]]:
        """Mean watts of each load at its rail, mean amps of those on the cell; `times`: class, core level, stage."""
        tally = _Tally(self)
        happened, parts, core = self._happened, self._parts, self._core
        mcu = self._rail("mcu")
        base, burst = self._core_amps(BASE, False), self._core_amps(BURST, False)
        wakes = float(core.wakes.sum())
        tally.add("core, waking", mcu, base, wakes * core.wake_s)
        tally.add("core, settling", mcu, base, wakes * core.settle_s)
        tally.add("microphone interface", mcu, self._value(f"{parts.mcu}.pdm"), happened.length_s)
        listening = self._value(f"{parts.microphone}.listening")
        tally.add("microphone", self._rail("microphone"), listening, happened.length_s)
        count = len(happened.states)
        at_base = np.bincount(pieces.state, pieces.by_level[BASE], count)
        in_burst = np.bincount(pieces.state, pieces.by_level[BURST], count)
        woken = np.bincount(happened.state, core.wakes, count) * (core.wake_s + core.settle_s)
        for index, name in enumerate(happened.states):
            row = "core, false accepts" if name == "false_accept" else "core, awake"
            tally.add(row, mcu, base, max(float(at_base[index] - woken[index]), 0.0))
            tally.add(row, mcu, burst, float(in_burst[index]))
        for playing in (0, 1):
            asleep_s = float(times[playing::2, ASLEEP, :].sum())
            core_a, kept_a = self._asleep(bool(playing))
            tally.add("core, asleep", mcu, core_a, asleep_s)
            tally.add("retained RAM", mcu, kept_a, asleep_s)
        uart_s = float(times[:, :, STAGES.index("uart")].sum())
        tally.add("serial link", mcu, self._value(f"{parts.mcu}.uart"), uart_s)
        self._radio_loads(tally)
        self._sound_loads(tally, times)
        if parts.pmic:
            tally.amps["charger and power path"] = self._value(f"{parts.pmic}.quiescent") * happened.length_s
        return tally.means(happened.length_s)

    def _radio_loads(self, tally: _Tally) -> None:
        parts, events = self._parts, self._happened.events
        if not parts.radio:
            return
        rail, phases = self._rail("radio"), self._day.scenario.phases
        hours = sum(float(self._day[f"phases.{phase.name}.hours"][0]) for phase in phases if phase.radio != "off")
        tally.add("radio, asleep", rail, self._value(f"{parts.radio}.idle"), hours * 3600 * self._happened.days)
        cpu, rx, tx = (
            self._converted(self._value(f"{parts.radio}.{name}"), parts.radio, rail) for name in RADIO_STAGES
        )
        data = (events.data_rx_s * rx + events.data_tx_s * tx) * events.weight
        charge = (events.prepare_s + events.finish_s) * cpu + events.rx_s * rx + events.tx_s * tx
        charge = charge * events.weight - data
        advertised = events.name == EVENT_NAMES.index("advertising")
        tally.add("advertising", rail, float(charge[advertised].sum()), 1.0)
        tally.add("connection events", rail, float(charge[~advertised].sum()), 1.0)
        for name, coulomb in zip(EVENT_NAMES, np.bincount(events.name, data, len(EVENT_NAMES)), strict=True):
            tally.add(name, rail, float(coulomb), 1.0)

    def _sound_loads(self, tally: _Tally, times: Array) -> None:
        gated = self._day.scenario.playback.gated
        for index, phase in enumerate(self._day.scenario.phases):
            if phase.playback.max <= 0:
                continue
            silent_s, playing_s = (float(times[2 * index + playing].sum()) for playing in (0, 1))
            level = self._day[f"phases.{phase.name}.level_vrms"]
            tally.watts["sound"] = tally.watts.get("sound", 0.0)
            tally.watts["sound"] += float(playback.drive_of(self._values, level)[0]) * playing_s
            for role, part, on, off in playback.stages(self._parts):
                starting_s = float(times[2 * index : 2 * index + 2, :, STAGES.index(role)].sum())
                on_s = playing_s if gated else playing_s + silent_s
                off_s = silent_s - starting_s if gated else 0.0
                for row, seconds, name in (("on", on_s, on), ("starting", starting_s, on), ("off", off_s, off)):
                    tally.add(f"{role}, {row}", self._rail(role), self._value(f"{part}.{name}"), seconds)
            if self._values.has(f"{self._parts.mcu}.i2s"):
                i2s = self._value(f"{self._parts.mcu}.i2s")
                tally.add("sound interface", self._rail("mcu"), i2s, playing_s)

    def rail_v(self, rail: int) -> float | None:
        """A rail's voltage; None of the cell itself."""
        return self._parts.rails[self._rails[rail]].volts


class _Tally:
    """Energy of loads, and charge of those that hang on the cell itself."""

    def __init__(self, day: _Day) -> None:
        self._day = day
        self.watts: dict[str, float] = {}
        self.amps: dict[str, float] = {}

    def add(self, name: str, rail: int, amps: float, seconds: float) -> None:
        """`amps` on a rail for `seconds`."""
        volts = self._day.rail_v(rail)
        found = self.amps if volts is None else self.watts
        found[name] = found.get(name, 0.0) + amps * seconds * (1.0 if volts is None else volts)

    def means(self, length_s: float) -> tuple[dict[str, float], dict[str, float]]:
        """Watts and amps over a day, without loads that take nothing."""
        watts = {name: energy / length_s for name, energy in self.watts.items() if energy > 0}
        return watts, {name: charge / length_s for name, charge in self.amps.items() if charge > 0}


@dataclass(frozen=True)
class _Pieces:
    """The course cut into steps; arrays of shape (pieces,)."""

    step: Indices
    phase: Indices
    playing: Indices
    state: Indices
    by_level: tuple[Array, Array, Array]
    """Seconds of each core level."""
