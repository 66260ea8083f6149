"""Every transcript comes to the journal once: the image's outbox and the host's session over a line that hurts.

Audio time alone passes: mostly the board hears silence, and what recognition would say is put in.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.link import Damage, Final, Ledger, Segment
from firmware.link.codec import Decoder
from firmware.native import NativeBoard, NativeStore
from host.journal import Journal, entries
from host.session import Session
from host.status import BoardStatus
from tests.fault_line import FaultLine

CHUNK = 512
ASK_CHUNKS = 31
"""Between two questions of a host that has no answer yet."""
MINUTE = 60 * 16_000 // CHUNK
SILENCE = np.zeros(CHUNK, np.int16)


class Table:
    """A board, a line, a host, and what was said."""

    def __init__(self, journal: Path, line: FaultLine) -> None:
        self.line, self.path = line, journal
        self.store = NativeStore()
        self.board = NativeBoard(store=self.store, unit=7)
        self.said: list[str] = []
        self.shown: list[str] = []
        self.chunks = 0
        self.ledger: Ledger | None = None
        self._from_host = bytearray()
        self._on_the_way = b""
        self.session: Session | None = None
        self.journal: Journal | None = None
        self.host_comes()

    def host_comes(self) -> None:
        """A host that remembers nothing but its journal."""
        self.journal = Journal(self.path)
        self.session = Session(BoardStatus("test"), self._from_host.extend, keep=self.journal.keep)
        self.session.join()
        self.session.ask()

    def host_goes(self) -> None:
        """In the middle of whatever it does."""
        assert self.journal is not None
        self.journal.close()
        self.session = self.journal = None
        self._from_host.clear()

    def board_resets(self) -> None:
        """What its outbox held is gone."""
        self.board = NativeBoard(store=self.store, unit=7)

    def say(self, text: str) -> None:
        """Speech ends, and this is its transcript."""
        self.said.append(text)
        start = self.chunks * CHUNK
        slots = (("number", str(len(self.said))),)
        self.board.say_final(Segment(0, start, start + 1, 99), Final(0, start, start + 1, 222, text, slots))

    def pass_chunks(self, count: int) -> None:
        """Audio time passes; an answer of the host arrives a chunk later."""
        self.hear(np.tile(SILENCE, count))

    def hear(self, pcm: NDArray[np.int16]) -> None:
        """The same, with something to hear, whole chunks of it."""
        for chunk in pcm.reshape(-1, CHUNK):
            self.chunks += 1
            self.board.send(self._on_the_way)
            self._on_the_way = b""
            sent = self.board.hear(chunk)
            if self.session is None:
                continue
            if not self.session.greeted and self.chunks % ASK_CHUNKS == 0:
                self.session.ask()
            for item in self.session.feed(self.line.carry(sent)):
                if isinstance(item, Final):
                    self.shown.append(item.text)
                elif isinstance(item, Ledger):
                    self.ledger = item
            self._on_the_way = self.line.carry(bytes(self._from_host))
            self._from_host.clear()

    @property
    def written(self) -> list[str]:
        """The journal's texts."""
        return [entry.transcript.text for entry in entries(self.path)]


def sentences(count: int) -> Iterator[str]:
    """Of 11 to 71 bytes."""
    for i in range(count):
        yield f"sentence {i} " + "on and on " * (i % 7)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_bit_flipped_in_each_hundredth_byte_loses_and_doubles_nothing(journal: Path, seed: int) -> None:
    table = Table(journal, FaultLine(seed, flipped=0.01))
    for text in sentences(60):
        table.say(text)
        table.pass_chunks(90)
    table.pass_chunks(20 * ASK_CHUNKS)
    assert sorted(table.written) == sorted(table.said)
    assert sorted(table.shown) == sorted(table.said)
    assert table.line.faults > 0.009 * table.line.carried > 100


def test_what_is_really_spoken_comes_once_through_flipped_bits(journal: Path, travellers: NDArray[np.int16]) -> None:
    clip = travellers[: len(travellers) // CHUNK * CHUNK]
    first = {one.id: one for one in Decoder().feed(NativeBoard().hear(clip)) if isinstance(one, Final)}
    spoken = [(one.id, one.start, one.end, one.text, one.slots) for one in first.values()]
    assert sum(bool(text) for _, _, _, text, _ in spoken) >= 3
    table = Table(journal, FaultLine(2, flipped=0.01))
    table.hear(clip)
    table.pass_chunks(MINUTE)
    assert table.line.faults > 50
    kept = [entry.transcript for entry in entries(journal)]
    assert sorted((one.id, one.start, one.end, one.text, one.slots) for one in kept) == spoken
    assert sorted(table.shown) == sorted(text for _, _, _, text, _ in spoken)


def test_the_longest_frames_come_through_it_too(journal: Path) -> None:
    """One in ten of them is whole."""
    table = Table(journal, FaultLine(8, flipped=0.01))
    for i in range(4):
        table.say(f"{i} " + "x" * 198)
    table.pass_chunks(150 * ASK_CHUNKS)
    assert sorted(table.written) == sorted(table.said)


def test_bytes_that_are_lost_doubled_or_made_up_lose_and_double_nothing(journal: Path) -> None:
    table = Table(journal, FaultLine(4, lost=0.004, doubled=0.003, inserted=0.003))
    for text in sentences(40):
        table.say(text)
        table.pass_chunks(90)
    table.pass_chunks(20 * ASK_CHUNKS)
    assert sorted(table.written) == sorted(table.said)


def test_a_host_that_leaves_for_a_minute_misses_nothing(journal: Path) -> None:
    table = Table(journal, FaultLine())
    for i, text in enumerate(sentences(40)):
        if i == 10:
            table.line.cut = True
        if i == 30:
            assert table.chunks > MINUTE
            table.line.cut = False
            assert table.session is not None
            table.session.ask()
        table.say(text)
        table.pass_chunks(95)
    assert sorted(table.written) == sorted(table.said) == sorted(table.shown)


def test_a_host_that_comes_back_has_all_of_a_minute_in_seconds(journal: Path) -> None:
    table = Table(journal, FaultLine())
    table.pass_chunks(10)
    table.host_goes()
    for text in sentences(30):
        table.say(text)
        table.pass_chunks(MINUTE // 20)
    table.host_comes()
    table.pass_chunks(160)  # 5 s
    assert sorted(table.written) == sorted(table.said)


@pytest.mark.parametrize("seed", [5, 6])
def test_a_host_that_restarts_keeps_each_transcript_once(journal: Path, seed: int) -> None:
    """Also where it kept one, and its ACK was still on the way."""
    table = Table(journal, FaultLine(seed, flipped=0.01))
    for i, text in enumerate(sentences(40)):
        table.say(text)
        table.pass_chunks(2 if i % 3 == 0 else 60)
        table.host_goes()
        table.pass_chunks(i)
        table.host_comes()
    table.pass_chunks(40 * ASK_CHUNKS)
    assert sorted(table.written) == sorted(table.said)


def test_a_board_that_resets_starts_its_ids_again_and_nothing_is_taken_for_a_repetition(journal: Path) -> None:
    table = Table(journal, FaultLine())
    for text in sentences(12):
        table.say(text)
        table.pass_chunks(20)
        table.board_resets()
        table.pass_chunks(20)
    assert table.written == table.said
    boots = [entry.transcript.boot for entry in entries(journal)]
    assert boots == sorted(set(boots))


def test_what_an_outbox_without_a_host_gives_up_is_counted_and_the_rest_comes(journal: Path) -> None:
    table = Table(journal, FaultLine())
    table.pass_chunks(10)
    table.host_goes()
    for text in sentences(200):
        table.say(text)
        table.pass_chunks(3)
    table.host_comes()
    table.pass_chunks(600)
    assert table.ledger is not None
    assert table.ledger.finals_lost > 0
    assert table.written == table.said[table.ledger.finals_lost :]


def test_a_host_that_is_away_costs_next_to_no_power() -> None:
    board = NativeBoard(store=NativeStore())
    for text in sentences(50):
        board.say_final(Segment(0, 1, 2, 3), Final(0, 1, 2, 200, text, ()))
    board.hear(np.tile(SILENCE, 10 * MINUTE))
    sent = [item for item in Decoder().feed(board.hear(np.tile(SILENCE, 10 * MINUTE))) if not isinstance(item, Damage)]
    assert len([frame for frame in sent if isinstance(frame, Segment | Final)]) <= 10


def test_the_same_seed_hurts_the_same_bytes() -> None:
    data = bytes(range(256)) * 8
    first, second, third = (FaultLine(seed, flipped=0.1, lost=0.1).carry(data) for seed in (1, 1, 2))
    assert first == second != third
    assert FaultLine(9).carry(data) == data
