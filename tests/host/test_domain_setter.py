"""A domain on its way to a board: through loss and reset, skipped where it is there, refused in clear words."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from domain_store import BUILT_IN, DomainStore, small_domain

from firmware.link import DomainBegin, DomainControl, DomainData, DomainRefusal, DomainSource, DomainState
from host.domain_file import DomainFile, DomainWish
from host.domain_setter import DomainRefused, DomainSetter

DATA = small_domain("hotel", 200)
HOTEL = DomainFile(Path("hotel.domain"), "hotel", 1, DATA)


class Wire:
    """A setter and a store with a line between them that loses a share of the frames, both ways."""

    def __init__(self, wish: DomainWish, store: DomainStore, loss: float = 0.0, seed: int = 1) -> None:
        self.store = store
        self.sent: list[DomainBegin | DomainData | DomainControl] = []
        self.now = 0.0
        self._loss = loss
        self._random = random.Random(seed)
        self._to_board: list[DomainBegin | DomainData | DomainControl] = []
        self.setter = DomainSetter(wish, lambda: "artemis", self._send)
        self.setter.start(self.now)

    def _send(self, frame: object) -> None:
        assert isinstance(frame, DomainBegin | DomainData | DomainControl)
        self.sent.append(frame)
        if self._random.random() >= self._loss:
            self._to_board.append(frame)

    def run(self, most_s: float = 600.0, until: int | None = None) -> None:
        """Until the wish has come true, or `until` blocks were taken."""
        while not self.setter.in_force and self.now < most_s and (until is None or self.store.blocks < until):
            self.now += 0.032
            taken, self._to_board = self._to_board, []
            for frame in taken:
                for state in self.store.take(frame):
                    if self._random.random() >= self._loss:
                        self.setter.take(state, self.now)
            self.setter.tick(self.now)


def test_a_file_is_brought_block_by_block():
    wire = Wire(HOTEL, DomainStore())
    wire.run()
    assert wire.setter.in_force
    assert wire.setter.sent_anything
    blocks = [frame for frame in wire.sent if isinstance(frame, DomainData)]
    assert b"".join(block.data for block in blocks) == DATA
    assert (wire.store.state.name, wire.store.state.crc32) == ("hotel", HOTEL.crc32)
    assert wire.setter.progress is None


def test_one_that_is_in_force_is_not_sent():
    state = replace(BUILT_IN, source=DomainSource.UPLOADED, bytes=len(DATA), crc32=HOTEL.crc32)
    wire = Wire(HOTEL, DomainStore(state))
    wire.run()
    assert wire.setter.in_force
    assert not wire.setter.sent_anything
    assert [type(frame) for frame in wire.sent] == [DomainControl]


@pytest.mark.parametrize("seed", range(8))
def test_a_lossy_line_costs_time_only(seed):
    wire = Wire(HOTEL, DomainStore(), loss=0.2, seed=seed)
    wire.run()
    assert wire.setter.in_force
    assert wire.store.state.crc32 == HOTEL.crc32


def test_answers_that_come_twice_do_not_send_blocks_twice():
    wire = Wire(HOTEL, DomainStore())
    wire.run(until=3)
    for _ in range(3):
        for state in wire.store.take(DomainControl(0)):  # type: ignore[arg-type]
            wire.setter.take(state, wire.now)
    sent = len(wire.sent)
    wire.run(until=10)
    assert len(wire.sent) - sent <= 8


def test_a_board_that_resets_in_between_is_begun_with_again():
    wire = Wire(HOTEL, DomainStore())
    wire.run(until=5)
    wire.store.reset()
    wire.setter.start(wire.now)  # its HELLO
    wire.run()
    assert wire.store.state.crc32 == HOTEL.crc32


def test_a_board_that_forgot_the_upload_is_begun_with_again():
    wire = Wire(HOTEL, DomainStore())
    wire.run(until=5)
    wire.store.reset()
    wire.run()
    assert wire.store.state.crc32 == HOTEL.crc32


def test_another_host_goes_on_where_the_first_one_was_killed():
    store = DomainStore()
    Wire(HOTEL, store).run(until=5)
    wire = Wire(HOTEL, store)
    wire.run()
    assert wire.store.state.crc32 == HOTEL.crc32
    assert len([frame for frame in wire.sent if isinstance(frame, DomainData)]) == -(-len(DATA) // 192) - 5


def test_default_takes_the_built_in_one():
    store = DomainStore(replace(BUILT_IN, source=DomainSource.UPLOADED, name="hotel", crc32=1))
    wire = Wire("default", store)
    wire.run()
    assert wire.setter.in_force
    assert store.state == BUILT_IN
    assert not [frame for frame in wire.sent if isinstance(frame, DomainBegin)]


@pytest.mark.parametrize(
    ("wish", "store", "said"),
    [
        (HOTEL, DomainStore(replace(BUILT_IN, room=0)), "artemis has no room for domains. Build hotel.domain into"),
        (HOTEL, DomainStore(replace(BUILT_IN, room=100)), rf"has {len(DATA)} bytes, and artemis has room for 100\."),
        (HOTEL, DomainStore(replace(BUILT_IN, format=9)), "is of format 1, and artemis reads format 9"),
        (HOTEL, DomainStore(refusal=DomainRefusal.MALFORMED), "no domain that artemis can decode with. Compile it"),
        (HOTEL, DomainStore(refusal=DomainRefusal.FLASH), "the memory of artemis did not keep hotel.domain"),
        (HOTEL, DomainStore(refusal=DomainRefusal.CRC), "came to artemis damaged, 4 times. Check the line"),
        (
            "default",
            DomainStore(replace(BUILT_IN, source=DomainSource.NONE, name=""), refusal=DomainRefusal.NO_BUILT_IN),
            "artemis has no domain of its own. Name a file",
        ),
    ],
)
def test_a_refusal_says_why_and_what_to_do(wish, store, said):
    wire = Wire(wish, store)
    before = store.state
    with pytest.raises(DomainRefused, match=said):
        wire.run()
    assert store.state == before  # the old one stays in force


def test_a_busy_board_is_asked_again():
    wire = Wire(HOTEL, DomainStore())
    busy = replace(BUILT_IN, refused=DomainRefusal.BUSY)
    wire.setter.take(busy, 0.0)
    wire.run()
    assert wire.setter.in_force


def test_a_board_that_never_answers_is_given_up():
    wire = Wire(HOTEL, DomainStore(), loss=1.0)
    with pytest.raises(DomainRefused, match="artemis does not answer what is asked of its domain"):
        wire.run()
    assert wire.now < 20


def test_after_a_new_line_nothing_is_asked_before_hello():
    wire = Wire(HOTEL, DomainStore())
    wire.run(until=2)
    wire.setter.wait()
    sent = len(wire.sent)
    wire.setter.tick(wire.now + 100)
    assert len(wire.sent) == sent


def test_states_of_the_wire_hold_what_the_setter_reads():
    assert DomainState.unpack(BUILT_IN.pack()) == BUILT_IN
