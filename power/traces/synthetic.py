"""Traces with known truth: a listening board on an instrument that has noise, ranges, dropouts and its own clock.

The board wakes once a chunk of audio, works for a while at its run current and sleeps for the rest. The instrument
averages the current over each sample, adds noise in proportion to its range's full scale, takes some samples to settle
after each change of range, and now and then loses samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from power.last_run import LastRun, Snapshot
from power.traces.samples import BLOCK, Block
from power.traces.states import CHUNK_S, CHUNK_SAMPLES, STATES

Floats = NDArray[np.float64]

PIN_S = 15e-6
"""Between the changes of two pins: a sample or two at 100 kS/s."""
FULL_SCALES_A = (50e-6, 500e-6, 5e-3, 50e-3, 1.0)
"""Five ranges, a decade apart."""


@dataclass(frozen=True)
class Drawn:
    """What a board draws in one state."""

    asleep_a: float
    awake_a: float
    awake_s: float
    """In each chunk, on average."""
    jitter: float = 0.1
    """Standard deviation of the time awake from chunk to chunk, over its mean."""
    clock: float = 48e6
    """Cycles in a second awake, as the ledger counts them."""


QUIET = {
    "sleep": Drawn(330e-6, 950e-6, 60e-6),
    "hear": Drawn(330e-6, 950e-6, 1.2e-3),
    "listen": Drawn(330e-6, 1650e-6, 14e-3, clock=96e6),
    "send": Drawn(330e-6, 1650e-6, 18e-3, clock=96e6),
}
"""About an artemis at 3.3 V, microphone included."""


@dataclass(frozen=True)
class Instrument:
    """What the instrument makes of it."""

    rate: float = 100_000.0
    noise: float = 2e-4
    """Standard deviation of a sample, over the full scale of its range."""
    settling: int = 3
    """Samples after a change of range that still hold part of the range before."""
    glitch: float = 0.2
    """Standard deviation of an error on the first of those, over the current."""
    dropouts_per_s: float = 0.0
    dropout_samples: int = 200
    """The longest."""
    clock: float = 1.0
    """Its clock over the board's: 1.0001 counts 100.01 samples where the board's time has passed for 100."""
    smear_s: float = 0.0
    """Time constant of the board's capacitors, which hand on current later than it is drawn."""


@dataclass(frozen=True)
class Synthetic:
    """A run and its trace. Equal arguments give equal samples, block by block, at any length."""

    schedule: tuple[tuple[str, int], ...]
    """States and their chunks, in order."""
    drawn: dict[str, Drawn] = field(default_factory=lambda: dict(QUIET))
    instrument: Instrument = Instrument()
    volts: float = 3.3
    lead_s: float = 0.0
    """Before the run begins, the board is asleep for so long."""
    edge_s: float = 0.3e-3
    """After a chunk's wake, the core has decided on the state, and sets its pins."""
    seed: int = 1

    @cached_property
    def _chunks(self) -> tuple[NDArray[np.int64], Floats]:
        """State code and time awake of each chunk (n,)."""
        codes = np.concatenate([np.full(count, STATES.index(name)) for name, count in self.schedule])
        random = np.random.default_rng([self.seed, 0])
        mean = np.array([self.drawn[name].awake_s if name in self.drawn else 0.0 for name in STATES])[codes]
        jitter = np.array([self.drawn[name].jitter if name in self.drawn else 0.0 for name in STATES])[codes]
        return codes, np.clip(mean * (1 + jitter * random.standard_normal(len(codes))), 0, 0.98 * CHUNK_S)

    @property
    def seconds(self) -> float:
        """Length of the run on the board's clock, lead included."""
        return self.lead_s + len(self._chunks[0]) * CHUNK_S

    @property
    def samples(self) -> int:
        """Samples that the instrument takes, lost ones included."""
        return int(self.seconds * self.instrument.clock * self.instrument.rate)

    def means(self) -> dict[str, float]:
        """The true mean current of each state, in A: of these very chunks, between the changes of the pins."""
        codes, _ = self._chunks
        changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
        edges = np.concatenate(([0.0], changes * CHUNK_S + self.edge_s, [len(codes) * CHUNK_S]))
        stays = codes[np.concatenate(([0], changes))]
        charge, seconds = np.diff(self._charge_until(edges)), np.diff(edges)
        return {
            name: float(charge[stays == code].sum() / seconds[stays == code].sum())
            for code, name in enumerate(STATES)
            if (stays == code).any()
        }

    @cached_property
    def _charge(self) -> Floats:
        """Charge from the run's start to each chunk's (n + 1,)."""
        codes, awake = self._chunks
        asleep, run = self._levels
        return np.concatenate(([0.0], np.cumsum(asleep[codes] * CHUNK_S + (run - asleep)[codes] * awake)))

    @cached_property
    def _levels(self) -> tuple[Floats, Floats]:
        none = Drawn(0.0, 0.0, 0.0)
        every = [self.drawn.get(name, none) for name in STATES]
        return np.array([each.asleep_a for each in every]), np.array([each.awake_a for each in every])

    def _charge_until(self, times: Floats) -> Floats:
        """Charge (n,) up to moments on the board's clock, the lead before 0."""
        codes, awake = self._chunks
        asleep, run = self._levels
        chunk = np.clip((times / CHUNK_S).astype(np.int64), 0, len(codes) - 1)
        within = np.clip(times - chunk * CHUNK_S, 0, CHUNK_S)
        state = codes[chunk]
        charge = self._charge[chunk] + asleep[state] * within + (run - asleep)[state] * np.minimum(within, awake[chunk])
        return np.where(times < 0, asleep[codes[0]] * times, charge)

    def _codes(self, times: Floats) -> NDArray[np.uint8]:
        """The pins at moments on the board's clock: set one after another."""
        codes, _ = self._chunks
        out = np.zeros(len(times), np.int64)
        for bit in range(3):
            late = self.edge_s + bit * PIN_S
            chunk = np.clip(((times - late) / CHUNK_S).astype(np.int64), 0, len(codes) - 1)
            out |= codes[chunk] & (1 << bit)
        return out.astype(np.uint8)

    def blocks(self, truth: bool = False) -> Iterator[Block]:
        """The trace as the instrument gives it; `truth`: as it would be without an instrument's faults."""
        instrument = self.instrument
        step = 1 / (instrument.rate * instrument.clock)
        range_before, value_before, smeared = -1, 0.0, 0.0
        for number, start in enumerate(range(0, self.samples, BLOCK)):
            count = min(BLOCK, self.samples - start)
            edges = (start + np.arange(count + 1, dtype=np.float64)) * step - self.lead_s
            current = np.diff(self._charge_until(edges)) / step
            codes = self._codes(edges[:-1])
            if not truth:
                if instrument.smear_s:
                    current, smeared = _smeared(
                        current, smeared if number else float(current[0]), step / instrument.smear_s
                    )
                current, range_before, value_before = self._measured(current, range_before, value_before, number)
                current = self._dropped(current, number)
            yield Block(start, current.astype(np.float32), None, codes)

    def _measured(
        self, current: Floats, range_before: int, value_before: float, number: int
    ) -> tuple[Floats, int, float]:
        instrument = self.instrument
        random = np.random.default_rng([self.seed, 1, number])
        ranges = np.searchsorted(FULL_SCALES_A, current)
        scale = np.array(FULL_SCALES_A)[np.minimum(ranges, 4)]
        before = np.concatenate(([range_before if range_before >= 0 else ranges[0]], ranges[:-1]))
        previous = np.concatenate(([value_before if range_before >= 0 else current[0]], current[:-1]))
        switched = np.flatnonzero(ranges != before)
        measured = current + instrument.noise * scale * random.standard_normal(len(current))
        for after in range(instrument.settling):
            # What the range before held fades within the settling time.
            at = switched[switched + after < len(current)] + after
            part = 0.5 ** (after + 1)
            measured[at] += part * (previous[at - after] - current[at - after])
        measured[switched] *= 1 + instrument.glitch * random.standard_normal(len(switched)).clip(-3, 3)
        return measured, int(ranges[-1]), float(current[-1])

    def _dropped(self, current: Floats, number: int) -> Floats:
        instrument = self.instrument
        random = np.random.default_rng([self.seed, 2, number])
        count = random.poisson(instrument.dropouts_per_s * len(current) / instrument.rate)
        for at, length in zip(
            random.integers(0, len(current), count),
            random.integers(1, instrument.dropout_samples + 1, count),
            strict=True,
        ):
            current[at : at + length] = np.nan
        return current

    def run(self, snapshot_chunks: int = 31) -> LastRun:
        """The run's ledger and its timeline, a snapshot every `snapshot_chunks`, as the host would keep them."""
        codes, awake = self._chunks
        clocks = np.array([self.drawn[name].clock if name in self.drawn else 0.0 for name in STATES])[codes]
        cycles = np.rint(awake * clocks).astype(np.int64)
        entries = np.concatenate(([True], codes[1:] != codes[:-1]))
        # Until the state is decided, the work is the one's before, as in the firmware's ledger.
        early = np.where(entries, np.rint(np.minimum(awake, self.edge_s) * clocks), 0.0).astype(np.int64)
        early[0] = 0
        before = np.concatenate((codes[:1], codes[:-1]))
        rows = {}
        for code, name in enumerate(STATES):
            mine = codes == code
            rows[name] = np.stack(
                [
                    np.cumsum(mine) * CHUNK_SAMPLES,
                    np.cumsum(np.where(mine, cycles - early, 0) + np.where(before == code, early, 0)),
                    np.cumsum(mine & entries),
                ]
            )
        moments = sorted({*range(snapshot_chunks, len(codes) + 1, snapshot_chunks), len(codes)})

        def at(chunks: int) -> dict[str, dict[str, int]]:
            return {
                name: dict(zip(("samples", "cycles", "entries"), map(int, table[:, chunks - 1]), strict=True))
                for name, table in rows.items()
            }

        document = {
            "board": "artemis",
            "rate": 15_625,
            "firmware": "synthetic",
            "cycles_are": "cycles",
            "ledger": {
                "sample": len(codes) * CHUNK_SAMPLES,
                "rows": at(len(codes)),
                **dict.fromkeys(("frames", "inferences", "segments", "speech_samples", "dropped", "segments_lost"), 0),
            },
            "wall": "2026-01-01T00:00:00+00:00",
        }
        run = LastRun.model_validate(document)
        shots = [Snapshot.model_validate({"sample": n * CHUNK_SAMPLES, "rows": at(n)}) for n in moments]
        return run.model_copy(update={"timeline": tuple(shots)})

    def with_instrument(self, **changes: Any) -> Synthetic:
        """The same board on another instrument."""
        return replace(self, instrument=replace(self.instrument, **changes))


def _smeared(current: Floats, before: float, rate: float) -> tuple[Floats, float]:
    """A first-order lag: each sample takes the part 1 - exp(-rate) of the way to the current."""
    keep = float(np.exp(-rate))
    out = np.empty_like(current)
    # In strides short enough for the powers of `keep` to stay numbers.
    stride = max(1, int(30 / rate))
    for low in range(0, len(current), stride):
        part = current[low : low + stride]
        powers = keep ** np.arange(1, len(part) + 1)
        out[low : low + stride] = powers * (before + (1 - keep) * np.cumsum(part / powers))
        before = float(out[low + len(part) - 1])
    return out, before


def talk(
    seconds: float, seed: int = 1, states: Sequence[str] = ("sleep", "hear", "listen", "send")
) -> tuple[tuple[str, int], ...]:
    """A schedule of about `seconds`: quiet, sounds that are no speech, and talk that is written down."""
    random = np.random.default_rng([seed, 3])
    left = round(seconds / CHUNK_S)
    schedule: list[tuple[str, int]] = []
    stays = {"sleep": (60, 200), "hear": (30, 160), "listen": (20, 150), "send": (1, 1)}
    while left > 0:
        round_of = [name for name in ("sleep", "hear", "listen", "send") if name in states]
        for name in round_of:
            low, high = stays[name]
            count = min(left, int(random.integers(low, high + 1)))
            if count:
                schedule.append((name, count))
            left -= count
    merged: list[tuple[str, int]] = schedule[:1]
    for (before, _), (name, count) in pairwise(schedule):
        if name == before:
            merged[-1] = (name, merged[-1][1] + count)
        else:
            merged.append((name, count))
    return tuple(merged)
