"""The outbox: nothing said is lost before its ACK, and what has to go is told."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from firmware.link import RESEND_CHUNKS
from firmware.native.library import load

FFI, LIBRARY = load()
ROOM = len(FFI.new("struct outbox *").entry)


class Outbox:
    def __init__(self) -> None:
        self.c = FFI.new("struct outbox *")

    def put(self, start: int) -> int:
        segment: Any = FFI.new("struct link_segment *", {"start": start, "end": start + 1})
        return int(LIBRARY.outbox_put(self.c, segment))

    def ack(self, number: int) -> bool:
        return bool(LIBRARY.outbox_ack(self.c, number))

    def tick(self) -> int | None:
        """A chunk passes; the id that is sent."""
        LIBRARY.outbox_tick(self.c)
        due = LIBRARY.outbox_due(self.c)
        return None if due == FFI.NULL else int(due.id)

    @property
    def kept(self) -> list[int]:
        return [self.c.entry[i].segment.id for i in range(self.c.count)]


def test_a_segment_is_sent_at_once_and_again_until_its_ack() -> None:
    outbox = Outbox()
    outbox.put(0)
    sent = [outbox.tick() for _ in range(2 * RESEND_CHUNKS + 1)]
    assert [i for i, number in enumerate(sent) if number == 1] == [0, RESEND_CHUNKS, 2 * RESEND_CHUNKS]
    assert outbox.ack(1)
    assert {outbox.tick() for _ in range(3 * RESEND_CHUNKS)} == {None}


def test_ids_count_from_one() -> None:
    outbox = Outbox()
    for start in range(3):
        outbox.put(start)
    assert outbox.kept == [1, 2, 3]


def test_a_second_ack_finds_nothing() -> None:
    outbox = Outbox()
    outbox.put(0)
    assert outbox.ack(1)
    assert not outbox.ack(1)
    assert not outbox.ack(0)


def test_a_backlog_goes_out_one_a_chunk_oldest_first() -> None:
    outbox = Outbox()
    for start in range(ROOM):
        outbox.put(start)
    assert [outbox.tick() for _ in range(ROOM + 1)] == [*range(1, ROOM + 1), None]


def test_a_full_outbox_gives_up_its_oldest_and_names_it() -> None:
    outbox = Outbox()
    assert [outbox.put(start) for start in range(ROOM + 2)] == [0] * ROOM + [1, 2]
    assert outbox.c.lost == 2
    assert outbox.kept == list(range(3, ROOM + 3))


@given(st.lists(st.just("put") | st.just("tick") | st.integers(0, 40), max_size=200))
def test_what_is_put_is_acknowledged_lost_or_kept(steps: list[str | int]) -> None:
    outbox = Outbox()
    model: list[int] = []
    last = lost = 0
    for step in steps:
        if step == "put":
            last += 1
            gone = model.pop(0) if len(model) == ROOM else 0
            lost += gone > 0
            model.append(last)
            assert outbox.put(last) == gone
        elif step == "tick":
            sent = outbox.tick()
            assert sent is None or sent in model
        else:
            assert outbox.ack(int(step)) == (step in model)
            model = [number for number in model if number != step]
        assert outbox.kept == model
        assert outbox.c.lost == lost
