"""The outbox against a model of it: nothing said is lost before its ACK, and what has to go is counted."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware.link import (
    RESEND_AHEAD_FRAMES,
    RESEND_CHUNKS,
    RESEND_DAMAGED_CHUNKS,
    RESEND_MOST_CHUNKS,
    Final,
    Partial,
    Segment,
)
from firmware.native.library import load

FFI, LIBRARY = load()
ENTRIES = len(FFI.new("struct outbox *").entry)
BYTES = len(FFI.new("struct outbox *").bytes)
SEGMENT, PARTIAL, FINAL = Segment.TYPE, Partial.TYPE, Final.TYPE
WORTH = {PARTIAL: 0, SEGMENT: 1, FINAL: 2}


class Outbox:
    """The C."""

    def __init__(self) -> None:
        self.c = FFI.new("struct outbox *")

    def put(self, kind: int, number: int, payload: bytes) -> None:
        LIBRARY.outbox_put(self.c, kind, number, FFI.new("uint8_t[]", payload), len(payload))

    def ack(self, kind: int, number: int) -> bool:
        return bool(LIBRARY.outbox_ack(self.c, kind, number))

    def heard(self) -> None:
        LIBRARY.outbox_heard(self.c)

    def want_all(self) -> None:
        LIBRARY.outbox_want_all(self.c)

    def want_damaged(self) -> None:
        LIBRARY.outbox_want_damaged(self.c)

    def tick(self) -> tuple[int, bytes] | None:
        """A chunk passes; type and payload of the frame that is sent."""
        LIBRARY.outbox_tick(self.c)
        kind, count = FFI.new("uint8_t *"), FFI.new("size_t *")
        payload = FFI.new("uint8_t[]", LIBRARY.NATIVE_PAYLOAD_MAX)
        if not LIBRARY.outbox_take(self.c, kind, payload, count):
            return None
        return int(kind[0]), bytes(FFI.buffer(payload, count[0]))

    @property
    def kept(self) -> list[tuple[int, int]]:
        return [(self.c.entry[i].type, self.c.entry[i].id) for i in range(self.c.count)]

    @property
    def lost(self) -> tuple[int, int, int]:
        return self.c.lost.partials, self.c.lost.segments, self.c.lost.finals


@dataclass
class Entry:
    kind: int
    number: int
    payload: bytes
    sent_at: int | None = None
    wanted: bool = False


@dataclass
class Model:
    """The same, told in other words: a list, and times instead of counters."""

    entries: list[Entry] = field(default_factory=list)
    lost: dict[int, int] = field(default_factory=lambda: dict.fromkeys((PARTIAL, SEGMENT, FINAL), 0))
    now: int = 0
    repeated_at: int = -(10**9)
    unheard: int = 0
    """Repetitions since a host was heard."""
    repeated_last: bool = False

    def put(self, kind: int, number: int, payload: bytes) -> None:
        if kind != SEGMENT:
            self.entries = [e for e in self.entries if (e.kind, e.number) != (PARTIAL, number)]
        new = Entry(kind, number, payload)
        candidates = sorted((e for e in self.entries if WORTH[e.kind] <= WORTH[kind]), key=lambda e: WORTH[e.kind])
        while not self._fits(new):
            victim = candidates.pop(0) if candidates else new
            self.lost[victim.kind] += 1
            if victim is new:
                return
            self.entries.remove(victim)
        self.entries.append(new)

    def _fits(self, new: Entry) -> bool:
        return len(self.entries) < ENTRIES and sum(len(e.payload) for e in [*self.entries, new]) <= BYTES

    def ack(self, kind: int, number: int) -> bool:
        before = len(self.entries)
        self.entries = [e for e in self.entries if (e.kind, e.number) != (kind, number)]
        return len(self.entries) < before

    def heard(self) -> None:
        self.unheard = 0

    def want_all(self) -> None:
        self._want(0)

    def want_damaged(self) -> None:
        self._want(RESEND_DAMAGED_CHUNKS)

    def _want(self, age: int) -> None:
        for entry in self.entries:
            if entry.sent_at is not None and self.now - entry.sent_at >= age:
                entry.wanted = True

    def tick(self) -> tuple[int, bytes] | None:
        self.now += 1
        fresh = next((e for e in self.entries if e.sent_at is None), None)
        slow = self.unheard - RESEND_AHEAD_FRAMES
        gap = min(RESEND_CHUNKS << slow, RESEND_MOST_CHUNKS) if slow >= 0 else 0
        old = None
        if self.now - self.repeated_at >= gap:
            old = next((e for e in self.entries if self._is_due(e)), None)
        repeats = old is not None and (fresh is None or not self.repeated_last)
        chosen = old if repeats else fresh
        if chosen is None:
            return None
        self.repeated_last = repeats
        chosen.sent_at, chosen.wanted = self.now, False
        if repeats:
            self.repeated_at = self.now
            self.unheard += 1
        if chosen.kind == PARTIAL:
            self.entries.remove(chosen)
        return chosen.kind, chosen.payload

    def _is_due(self, entry: Entry) -> bool:
        return entry.sent_at is not None and (entry.wanted or self.now - entry.sent_at >= RESEND_CHUNKS)


class OutboxAgainstModel(RuleBasedStateMachine):
    """Any life of an outbox."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox, self.model = Outbox(), Model()
        self.next_id = 1

    def _put(self, kind: int, number: int, size: int) -> None:
        payload = bytes([kind, number & 255]) + bytes(i & 255 for i in range(size - 2))
        self.outbox.put(kind, number, payload)
        self.model.put(kind, number, payload)

    @rule(size=st.integers(18, 423), final=st.booleans())
    def speech_ends(self, size: int, final: bool) -> None:
        self._put(SEGMENT, self.next_id, 21)
        if final:
            self._put(FINAL, self.next_id, size)
        self.next_id += 1

    @rule(count=st.integers(1, 70), size=st.sampled_from([24, 120, 423]))
    def much_is_said(self, count: int, size: int) -> None:
        for _ in range(count):
            self.speech_ends(size, True)

    @rule(size=st.integers(23, 223), ahead=st.integers(0, 2))
    def more_is_said(self, size: int, ahead: int) -> None:
        self._put(PARTIAL, self.next_id + ahead, size)

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), heard=st.booleans())
    def the_host_acknowledges(self, data: st.DataObject, heard: bool) -> None:
        entry = data.draw(st.sampled_from([(e.kind, e.number) for e in self.model.entries]))
        if heard:
            self.a_host_is_heard()
        assert self.outbox.ack(*entry)
        assert self.model.ack(*entry)

    @rule(kind=st.sampled_from([SEGMENT, FINAL]), number=st.integers(0, 300))
    def an_ack_comes_late(self, kind: int, number: int) -> None:
        assert self.outbox.ack(kind, number) == self.model.ack(kind, number)

    @rule()
    def a_host_is_heard(self) -> None:
        self.outbox.heard()
        self.model.heard()

    @rule()
    def a_host_asks(self) -> None:
        self.a_host_is_heard()
        self.outbox.want_all()
        self.model.want_all()

    @rule()
    def a_host_got_damage(self) -> None:
        self.a_host_is_heard()
        self.outbox.want_damaged()
        self.model.want_damaged()

    @rule(chunks=st.sampled_from([1, 2, RESEND_DAMAGED_CHUNKS, RESEND_CHUNKS, 200]))
    def time_passes(self, chunks: int) -> None:
        for _ in range(chunks):
            assert self.outbox.tick() == self.model.tick()

    @invariant()
    def both_keep_the_same(self) -> None:
        assert self.outbox.kept == [(e.kind, e.number) for e in self.model.entries]
        assert self.outbox.lost == tuple(self.model.lost.values())
        used = sum(len(e.payload) for e in self.model.entries)
        assert self.outbox.c.used == used <= BYTES


OutboxAgainstModel.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestOutboxAgainstModel = OutboxAgainstModel.TestCase


def filled(*kinds: tuple[int, int]) -> Outbox:
    outbox = Outbox()
    for kind, number in kinds:
        outbox.put(kind, number, bytes([kind, number & 255]) + bytes(19))
    return outbox


def ids(sent: list[tuple[int, bytes] | None]) -> list[tuple[int, int] | None]:
    return [None if frame is None else (frame[0], frame[1][1]) for frame in sent]


@pytest.mark.parametrize("kind", [SEGMENT, FINAL])
def test_it_is_sent_at_once_and_ever_more_rarely_until_its_ack(kind: int) -> None:
    outbox = filled((kind, 1))
    sent_at = [chunk for chunk in range(6 * RESEND_MOST_CHUNKS) if outbox.tick()]
    gaps = [after - before for before, after in pairwise(sent_at)]
    assert sent_at[0] == 0
    assert gaps[:RESEND_AHEAD_FRAMES] == [RESEND_CHUNKS] * RESEND_AHEAD_FRAMES
    assert gaps[RESEND_AHEAD_FRAMES:][:5] == [RESEND_CHUNKS << i for i in range(5)]
    assert set(gaps[RESEND_AHEAD_FRAMES + 5 :]) == {RESEND_MOST_CHUNKS}
    assert outbox.ack(kind, 1)
    assert not outbox.ack(kind, 1)
    assert {outbox.tick() for _ in range(3 * RESEND_MOST_CHUNKS)} == {None}


def test_a_host_that_is_gone_costs_one_frame_a_minute_however_much_waits() -> None:
    outbox = filled(*((FINAL, number) for number in range(1, 101)))
    for _ in range(20_000):
        outbox.tick()
    sent = [outbox.tick() for _ in range(10 * RESEND_MOST_CHUNKS)]
    assert sum(frame is not None for frame in sent) == 10


def test_a_host_that_comes_back_gets_everything_as_fast_as_it_acknowledges() -> None:
    outbox = filled(*((FINAL, number) for number in range(1, 101)))
    for _ in range(20_000):
        outbox.tick()
    outbox.heard()
    outbox.want_all()
    for number in range(1, 101):
        assert ids([outbox.tick()]) == [(FINAL, number)]
        outbox.heard()
        assert outbox.ack(FINAL, number)
    assert outbox.tick() is None


def test_a_partial_is_sent_once() -> None:
    outbox = filled((PARTIAL, 1))
    assert ids([outbox.tick() for _ in range(3 * RESEND_CHUNKS)]) == [(PARTIAL, 1)] + [None] * (3 * RESEND_CHUNKS - 1)


def test_a_newer_partial_and_the_final_take_its_place_uncounted() -> None:
    outbox = filled((PARTIAL, 1), (PARTIAL, 1), (SEGMENT, 1), (FINAL, 1))
    assert outbox.kept == [(SEGMENT, 1), (FINAL, 1)]
    assert outbox.lost == (0, 0, 0)


def test_new_frames_and_repeated_ones_take_turns() -> None:
    outbox = filled(*((FINAL, number) for number in range(1, 5)))
    for _ in range(4):
        outbox.tick()
    outbox.want_all()
    sent = []
    for number in range(5, 9):
        outbox.put(SEGMENT, number, bytes([SEGMENT, number]))
        outbox.put(SEGMENT, number + 10, bytes([SEGMENT, number + 10]))
        outbox.heard()
        sent += ids([outbox.tick()])
    assert sent == [(FINAL, 1), (SEGMENT, 5), (FINAL, 2), (SEGMENT, 15)]


def test_a_full_outbox_gives_up_partials_then_segments_then_finals_oldest_first() -> None:
    outbox = filled(*((FINAL, n) for n in range(1, 3)), (PARTIAL, 50), *((SEGMENT, n) for n in range(3, ENTRIES)))
    assert outbox.lost == (0, 0, 0)
    outbox.put(SEGMENT, 200, bytes(21))
    assert outbox.lost == (1, 0, 0)
    outbox.put(SEGMENT, 201, bytes(21))
    assert outbox.lost == (1, 1, 0)
    assert (SEGMENT, 3) not in outbox.kept
    for number in range(300, 300 + ENTRIES):
        outbox.put(FINAL, number, bytes(21))
    assert outbox.kept == [(FINAL, number) for number in range(300, 300 + ENTRIES)]
    assert outbox.lost == (1, ENTRIES - 1, 2)
    assert (outbox.c.lost.segment, outbox.c.lost.final) == (201, 2)


def test_what_is_worth_less_never_drives_out_what_is_worth_more() -> None:
    outbox = filled(*((FINAL, number) for number in range(ENTRIES)))
    outbox.put(SEGMENT, 500, bytes(21))
    outbox.put(PARTIAL, 501, bytes(21))
    assert outbox.kept == [(FINAL, number) for number in range(ENTRIES)]
    assert outbox.lost == (1, 1, 0)


@given(st.integers(1, 423), st.integers(1, 423))
@settings(max_examples=20, deadline=None)
def test_the_bytes_of_a_frame_stay_as_they_were_put(first: int, second: int) -> None:
    outbox = Outbox()
    outbox.put(FINAL, 1, b"\1" * first)
    outbox.put(FINAL, 2, b"\2" * second)
    outbox.ack(FINAL, 1)
    assert outbox.tick() == (FINAL, b"\2" * second)
