"""Splitting a trace by the state code on its digital channels: segments, and cells of one chunk of audio each.

A board sets its pins one after another, so that for some microseconds at each change the code is neither state's:
such a run of samples is a transit, and belongs to the segment that follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError
from power.traces.samples import Block, Codes, Recording
from power.work import CHUNK_SAMPLES

STATES = ("sleep", "hear", "listen", "send", "play", "fault")
"""The listener's states by their code (firmware/pipeline/listener.h, enum listener_state)."""
ARTEMIS_RATE = 15_625
CHUNK_S = CHUNK_SAMPLES / ARTEMIS_RATE
"""32.768 ms: how often an artemis wakes."""
SETTLE_S = 1e-3
"""Left out after each change of state, by default: an instrument takes some samples to change its range, and the
board's capacitors hand on what the state before drew. The same part of the state's other wakes stands for it, as the
pins change while the core works: a mean without that work would be too low."""
TRANSIT_S = 50e-6
DEFAULT_CHANNELS = (0, 1, 2)
MOST_SEGMENTS = 5_000_000

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def name_of(code: int) -> str:
    """The state with a code; "code 7" where the listener has none."""
    return STATES[code] if 0 <= code < len(STATES) else f"code {code}"


def decoder(channels: tuple[int, ...]) -> Codes:
    """The state code (256,) for each level of the eight channels: channels[k] is bit k of the code."""
    levels = np.arange(256)
    code = np.zeros(256, np.uint8)
    for bit, channel in enumerate(channels):
        code |= (((levels >> channel) & 1) << bit).astype(np.uint8)
    return code


class Segments(NamedTuple):
    """Stretches of one state each, in order, without transits; shape (n,) each."""

    start: Ints
    stop: Ints
    """Places on the recording's grid; stop is one after the last."""
    code: Codes

    def entries(self, code: int) -> int:
        """How often a state was entered, the first segment of a trace included."""
        return int((self.code == code).sum())


class RunFinder:
    """Finds runs of one code over blocks of any length."""

    def __init__(self) -> None:
        self._starts: list[Ints] = []
        self._codes: list[Codes] = []
        self._last: int | None = None
        self._count = 0
        self.stop = 0

    def add(self, start: int, codes: Codes) -> None:
        """Codes (n,) of the samples from place `start`; what lies between two blocks belongs to the run before it."""
        if not len(codes):
            return
        changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
        if self._last is None or codes[0] != self._last:
            changes = np.concatenate(([0], changes))
        self._count += len(changes)
        if self._count > MOST_SEGMENTS:
            raise PowerError(
                f"the digital channels change {MOST_SEGMENTS} times and more: they are no state codes; "
                "are they wired, and named by --channels?"
            )
        self._starts.append(changes.astype(np.int64) + start)
        self._codes.append(codes[changes])
        self._last = int(codes[-1])
        self.stop = start + len(codes)

    def segments(self, transit: int) -> Segments:
        """The runs, where those of at most `transit` samples are put to the run after them."""
        if self._last is None:
            empty = np.zeros(0, np.int64)
            return Segments(empty, empty, np.zeros(0, np.uint8))
        starts, codes = np.concatenate(self._starts), np.concatenate(self._codes)
        stops = np.append(starts[1:], self.stop)
        brief = stops - starts <= transit
        if brief.all():
            brief[-1] = False
        # A brief run at the end has none after it: it is put to the one before.
        keep = np.flatnonzero(~brief)
        begins = np.concatenate(([starts[0]], stops[keep[:-1]]))
        kept = codes[keep]
        changed = np.concatenate(([True], kept[1:] != kept[:-1]))
        begins, kept = begins[changed], kept[changed]
        return Segments(begins, np.append(begins[1:], self.stop), kept)


@dataclass(frozen=True)
class Cells:
    """A trace in cells of about one chunk of audio, none across two states; shape (n,) each, in order of time."""

    start_s: Floats
    seconds: Floats
    """Measured time in the cell: missing samples are left out."""
    samples: Ints
    """Measured ones."""
    amperes: Floats
    """Mean over the measured time; 0 where none was measured."""
    code: NDArray[np.int16]
    """State code; -1: not known."""
    segment: Ints
    replaced: NDArray[np.bool_]
    """Whether the settling time at the cell's start was left out, and other wakes' stands for it."""
    segment_s: Floats
    """Length of the cell's segment."""

    def __len__(self) -> int:
        return len(self.start_s)

    def of(self, chosen: NDArray[np.bool_]) -> Cells:
        """The cells where `chosen` (n,) is true."""
        return Cells(
            self.start_s[chosen],
            self.seconds[chosen],
            self.samples[chosen],
            self.amperes[chosen],
            self.code[chosen],
            self.segment[chosen],
            self.replaced[chosen],
            self.segment_s[chosen],
        )

    @staticmethod
    def joined(parts: Iterable[Cells]) -> Cells:
        """Cells of several traces, one after another; segments keep their own numbers."""
        every = list(parts)
        offsets = np.cumsum([0, *(int(part.segment.max(initial=-1)) + 1 for part in every)])
        return Cells(
            np.concatenate([part.start_s for part in every]),
            np.concatenate([part.seconds for part in every]),
            np.concatenate([part.samples for part in every]),
            np.concatenate([part.amperes for part in every]),
            np.concatenate([part.code for part in every]),
            np.concatenate([part.segment + offset for part, offset in zip(every, offsets, strict=False)]),
            np.concatenate([part.replaced for part in every]),
            np.concatenate([part.segment_s for part in every]),
        )


def segments_of(recording: Recording, channels: tuple[int, ...], transit_s: float = TRANSIT_S) -> Segments:
    """The states of a recording with codes, in one pass over it; PowerError where the channels flicker."""
    decode = decoder(channels)
    runs = RunFinder()
    for block in recording.blocks():
        if block.codes is not None:
            runs.add(block.start, decode[block.codes])
    return runs.segments(int(transit_s * recording.rate))


def whole(recording: Recording) -> Segments:
    """A recording without codes as one segment, in one pass over it; its cells' codes mean nothing."""
    start, stop = 0, 0
    for index, block in enumerate(recording.blocks()):
        start = block.start if index == 0 else start
        stop = block.stop
    return Segments(np.array([start]), np.array([stop]), np.zeros(1, np.uint8))


def cells_of(recording: Recording, segments: Segments, cell_s: float = CHUNK_S, settle_s: float = SETTLE_S) -> Cells:
    """The cells of a recording, in one pass over it.

    After each change of state, `settle_s` is left out where the state has other wakes to stand for it: where a stay is
    longer than a cell. The first segment's start is no change of state.
    """
    length = cell_s * recording.rate
    if length < 1:
        raise PowerError(
            f"{recording.path}: {recording.rate:g} samples a second are too few to tell the states' wakes of "
            f"{1000 * cell_s:g} ms apart"
        )
    spans = segments.stop - segments.start
    counts = np.maximum(np.ceil(spans / length - 0.5), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = segments.start[owner] + np.rint(within * length).astype(np.int64)
    guard = round(settle_s * recording.rate)
    headed = np.append(np.diff(starts), segments.stop[-1:] - starts[-1:]) > guard
    if guard == 0:
        headed[:] = False
    whole_cells = np.arange(len(starts))
    piece = np.concatenate((starts, starts[headed] + guard))
    order = np.argsort(piece, kind="stable")
    cell = np.concatenate((whole_cells, whole_cells[headed]))[order]
    sums, numbers = _sums(recording.blocks(), piece[order])
    is_head = headed[cell] & (order < len(starts))
    head, head_n = np.zeros(len(starts)), np.zeros(len(starts))
    head[cell[is_head]], head_n[cell[is_head]] = sums[is_head], numbers[is_head]
    charge = np.bincount(cell, sums, minlength=len(starts))
    measured = np.bincount(cell, numbers, minlength=len(starts))
    code = segments.code[owner]
    replaced = headed & (within == 0) & (owner > 0)
    kept = measured.copy()
    for state in np.unique(code):
        donors = headed & (within > 0) & (code == state)
        entries = replaced & (code == state)
        if head_n[donors].sum() == 0:
            replaced[entries] = False
            continue
        usual = head[donors].sum() / head_n[donors].sum()
        charge[entries] += guard * usual - head[entries]
        measured[entries] += guard - head_n[entries]
        kept[entries] -= head_n[entries]
    return Cells(
        starts / recording.rate,
        measured / recording.rate,
        kept.astype(np.int64),
        np.divide(charge, measured, out=np.zeros_like(charge), where=measured > 0),
        code.astype(np.int16),
        owner,
        replaced,
        (spans / recording.rate)[owner],
    )


def _sums(blocks: Iterable[Block], starts: Ints) -> tuple[Floats, Floats]:
    """Sum of the measured currents, and their number, in each stretch from one of `starts` (n,) to the next."""
    sums = np.zeros(len(starts))
    counts = np.zeros(len(starts))
    for block in blocks:
        known = ~np.isnan(block.current)
        values = np.where(known, block.current, 0.0).astype(np.float64)
        first = int(np.searchsorted(starts, block.start, side="right")) - 1
        last = int(np.searchsorted(starts, block.stop - 1, side="right")) - 1
        if last < 0:
            continue
        first = max(first, 0)
        at = np.maximum(starts[first : last + 1] - block.start, 0)
        sums[first : last + 1] += np.add.reduceat(values, at)
        counts[first : last + 1] += np.add.reduceat(known.astype(np.float64), at)
    return sums, counts
