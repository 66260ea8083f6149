"""Transcripts on real lines that damage bytes, break off, and lose their host: each is in the journal exactly once."""

import json
import queue
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from board_on_a_line import CHUNK, BoardThread, ScriptedBoard, SerialLine, hello_of, run_host
from domain_store import BUILT_IN, small_domain

from firmware.link import Ack, Decoder, DomainRefusal, Final, Kept, Partial, Segment, encode
from firmware.native import NativeBoard, NativeStore
from host.journal import Journal, entries

RATE = 16_000
KILLED_AFTER_COMMIT = """
import os, signal, sys
from host.cli import main
from host.journal import Journal
keep, left = Journal.keep, [int(sys.argv.pop(1))]
def keep_and_die(self, transcript):
    new = keep(self, transcript)
    left[0] -= new
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return new
Journal.keep = keep_and_die
main()
"""
"""`host` that is killed when it has kept argv[1] transcripts, before the last one's ACK."""


class FaultyLine(SerialLine):
    """Flips a bit in `share` of the bytes, both ways."""

    def __init__(self, link: Path, share: float, seed: int = 3) -> None:
        self._share = share
        self._random = random.Random(seed)
        super().__init__(link)

    def _hurt(self, data: bytes) -> bytes:
        return bytes(b ^ 1 << self._random.randrange(8) if self._random.random() < self._share else b for b in data)

    def read(self) -> bytes:
        return self._hurt(super().read())

    def write(self, data: bytes) -> None:
        super().write(self._hurt(data))


class SpeakingBoard:
    """The native image on a line: it hears silence `speed` times as fast as it would, and is told what was said."""

    def __init__(self, line: SerialLine, speed: float = 20.0) -> None:
        self.line = line
        self.said: list[str] = []
        self.acked: set[int] = set()
        """Ids of finals whose ACK has come."""
        self.chunks = 0
        self._to_say: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._board = NativeBoard(RATE, NativeStore(), unit=0xBEEF)
        self._decoder = Decoder()
        self._pace_s = CHUNK / RATE / speed
        self._next_at = time.monotonic()
        self._thread = BoardThread(self._step)

    def say(self, count: int) -> None:
        """So many transcripts more."""
        for _ in range(count):
            number = len(self.said) + 1
            self.said.append(f"transcript {number} of many " + "words " * (number % 12))
            self._to_say.put(self.said[-1])

    def wait_for_acks(self, timeout_s: float = 60.0) -> None:
        """Until its outbox is empty."""
        until = time.monotonic() + timeout_s
        while len(self.acked) < len(self.said) and time.monotonic() < until:
            time.sleep(0.02)
        assert self.acked == set(range(1, len(self.said) + 1))

    def stop(self) -> None:
        self._thread.stop()

    def _step(self) -> None:
        data = self.line.read()
        self._board.send(data)
        for frame in self._decoder.feed(data):
            if isinstance(frame, Ack) and frame.kept is Kept.FINAL:
                self.acked.add(frame.id)
        if not data:
            time.sleep(0.002)
        while time.monotonic() >= self._next_at:
            self._next_at += self._pace_s
            self._hear()

    def _hear(self) -> None:
        if not self._to_say.empty():
            text = self._to_say.get()
            start, end = self.chunks * CHUNK, self.chunks * CHUNK + 8_000
            self._board.say_partial(Partial(0, 0, start, end, text[:20]))
            segment = Segment(0, start, end, 230)
            self._board.say_final(segment, Final(0, start, end, 200, text, (("length", str(len(text))),)))
        self.chunks += 1
        if sent := self._board.hear(np.zeros(CHUNK, np.int16)):
            self.line.write(sent)


def kept(path: Path) -> list[tuple[int, str]]:
    return sorted((entry.transcript.id, entry.transcript.text) for entry in entries(path))


def said(board: SpeakingBoard) -> list[tuple[int, str]]:
    return list(enumerate(board.said, 1))


@pytest.fixture
def journal(tmp_path) -> Path:
    return tmp_path / "journal.sqlite"


def test_a_line_with_a_flipped_bit_in_each_hundredth_byte_loses_and_doubles_nothing(tmp_path, journal, listening):
    line = FaultyLine(tmp_path / "ttyFAULTY", 0.01)
    board = SpeakingBoard(line, speed=60)
    board.say(20)
    host = listening("listen", "--port", line.port, "--json", "--no-scores", "--journal", str(journal))
    board.wait_for_acks()
    code, stderr = host.stop(signal.SIGINT)
    board.stop()
    line.unplug()
    assert (code, stderr) == (0, "")
    assert kept(journal) == said(board)
    shown = [json.loads(text) for text in host.lines]
    assert sorted(one["id"] for one in shown if one["type"] == "final") == list(range(1, 21))
    assert any(one["type"] == "damaged" for one in shown)  # the line did hurt something


def test_a_host_that_leaves_for_a_minute_gets_all_that_was_said_meanwhile(serial_line, journal, listening):
    board = SpeakingBoard(serial_line)
    board.say(3)
    host = listening("listen", "--port", serial_line.port, "--plain", "--journal", str(journal))
    host.wait_for("final", 3)
    board.wait_for_acks()
    serial_line.unplug()
    host.wait_for("lost")
    left_at = board.chunks
    board.say(5)
    while (board.chunks - left_at) * CHUNK < 60 * RATE:
        time.sleep(0.05)
    serial_line.plug()
    host.wait_for("final", 8)
    board.wait_for_acks()
    host.stop(signal.SIGINT)
    board.stop()
    assert kept(journal) == said(board)
    assert sum(line.startswith("final") for line in host.lines) == 8


def test_a_host_killed_between_commit_and_ack_keeps_each_transcript_once(serial_line, journal, listening):
    board = SpeakingBoard(serial_line)
    board.say(6)
    arguments = ["listen", "--port", serial_line.port, "--json", "--journal", str(journal)]
    for count in (1, 2):
        died = subprocess.run(
            [sys.executable, "-c", KILLED_AFTER_COMMIT, str(count), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert died.returncode == -signal.SIGKILL, died.stderr
        # What it kept last, it had not acknowledged.
        time.sleep(0.2)
        assert len(board.acked) < len(kept(journal))
    assert len(kept(journal)) == 3
    host = listening(*arguments)
    board.wait_for_acks()
    host.stop(signal.SIGINT)
    board.stop()
    assert kept(journal) == said(board)
    shown = [json.loads(line) for line in host.lines]
    assert sorted(one["id"] for one in shown if one["type"] == "final") == [4, 5, 6]  # the others were kept before


def test_while_the_journal_is_locked_the_board_keeps_its_transcripts(serial_line, journal, listening):
    Journal(journal).close()
    board = SpeakingBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--plain", "--journal", str(journal))
    host.wait_for("config")
    lock = sqlite3.connect(journal, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    board.say(2)
    assert "is locked by another program" in host.wait_for("journal")
    host.wait_for("final", 2)  # shown all the same
    time.sleep(0.3)
    assert not board.acked
    lock.execute("ROLLBACK")
    board.wait_for_acks()
    assert "transcripts are kept again" in host.wait_for("journal", 2)
    host.stop(signal.SIGINT)
    board.stop()
    assert kept(journal) == said(board)
    assert sum(line.startswith("final") for line in host.lines) == 2


def test_the_users_journal_is_the_default_and_host_journal_reads_it(serial_line, tmp_path, listening):
    board = SpeakingBoard(serial_line)
    board.say(2)
    host = listening("listen", "--port", serial_line.port, "--plain")
    board.wait_for_acks()
    host.stop(signal.SIGINT)
    board.stop()
    plain = run_host("journal", "--since", "1h").stdout.splitlines()
    assert len(plain) == 2
    assert plain[0].endswith("native  0.78  transcript 1 of many words   length=27")
    (found,) = map(json.loads, run_host("journal", "transcript 2", "--json").stdout.splitlines())
    assert (found["text"].split()[:2], found["slots"]) == (["transcript", "2"], {"length": "33"})
    assert (found["board"], found["unit"], found["boot"], found["id"]) == ("native", "000000000000beef", 1, 2)
    assert found["end_s"] == found["start_s"] + 0.5


def test_without_a_journal_transcripts_are_shown_and_acknowledged(serial_line, tmp_path, listening):
    board = SpeakingBoard(serial_line)
    board.say(2)
    host = listening("listen", "--port", serial_line.port, "--plain", "--no-journal")
    line = host.wait_for("final", 1)
    assert line.startswith("final id=1 start=")
    assert 'length=0.500 confidence=0.781 text="transcript 1 of many words "' in line
    assert line.endswith("slot.length=27")
    board.wait_for_acks()
    host.stop(signal.SIGINT)
    board.stop()
    assert not (tmp_path / "data").exists()


def test_a_partial_is_a_json_line_and_no_plain_one(serial_line, listening):
    board = ScriptedBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--json", "--no-journal")
    host.wait_for('{"type": "config"')
    board.send(Partial(1, 1, 0, RATE, "wo ist"), Final(1, 0, RATE, 128, "wo ist böse", (("x", "1"), ("x", "2"))))
    assert json.loads(host.wait_for('{"type": "partial"')) == {
        "type": "partial",
        "id": 1,
        "revision": 1,
        "start": 0,
        "start_s": 0.0,
        "end": RATE,
        "end_s": 1.024,
        "text": "wo ist",
    }
    assert json.loads(host.wait_for('{"type": "final"')) == {
        "type": "final",
        "id": 1,
        "start": 0,
        "start_s": 0.0,
        "end": RATE,
        "end_s": 1.024,
        "confidence_q8": 128,
        "confidence": 0.5,
        "text": "wo ist böse",
        "slots": {"x": ["1", "2"]},
    }
    host.stop(signal.SIGINT)
    assert json.loads(host.lines[-1])["transcripts"] == 1
    board.stop()


def test_a_domain_is_uploaded_over_a_faulty_line(tmp_path, listening):
    path = tmp_path / "hotel.domain"
    path.write_bytes(small_domain("hotel", 120))
    line = FaultyLine(tmp_path / "ttyFAULTY", 0.0005)
    board = ScriptedBoard(line)
    host = listening("listen", "--port", line.port, "--plain", "--no-journal", "--domain", str(path))
    assert f"sending hotel, {len(path.read_bytes())} bytes" in host.wait_for("domain ", timeout_s=60)
    assert "hotel is in force now" in host.wait_for("domain ", 2, timeout_s=60)
    host.stop(signal.SIGINT)
    assert board.domains.state.name == "hotel"
    assert sum(text.startswith("domain_state") for text in host.lines) < 20  # not one for each block

    again = listening("listen", "--port", line.port, "--plain", "--no-journal", "--domain", str(path))
    assert "hotel is in force already" in again.wait_for("domain ")
    again.stop(signal.SIGINT)
    board.stop()
    line.unplug()


def test_a_refused_domain_ends_with_a_sentence_and_leaves_the_old_one(serial_line, tmp_path, listening):
    path = tmp_path / "hotel.domain"
    path.write_bytes(small_domain("hotel"))
    board = ScriptedBoard(serial_line)
    board.domains.refusal = DomainRefusal.MALFORMED
    host = listening("listen", "--port", serial_line.port, "--plain", "--no-journal", "--domain", str(path))
    code, stderr = host.finish()
    assert code == 2
    assert stderr.startswith(f"host: {path} is no domain that artemis can decode with. Compile it again")
    assert board.domains.state == BUILT_IN
    board.stop()


def test_a_text_is_not_uploaded(serial_line, tmp_path):
    path = tmp_path / "hotel.txt"
    path.write_text("where is the {place}\n")
    result = run_host("listen", "--port", serial_line.port, "--domain", str(path))
    assert result.returncode == 2
    expected = f"host: {path}: is the text of a domain, not a compiled one. Compile it first: train domain "
    assert result.stderr == f"{expected}{path} -o {tmp_path / 'hotel.domain'}\n"


def test_a_hello_of_another_boot_is_no_repetition(serial_line, journal, listening):
    board = ScriptedBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--plain", "--journal", str(journal))
    host.wait_for("config")
    final = Final(1, 0, RATE, 200, "help", ())
    board.send(final)
    host.wait_for("final")
    board.hello = hello_of(boot=8)
    serial_line.write(encode(board.hello) + encode(final) + encode(final))
    host.wait_for("final", 2)
    host.stop(signal.SIGINT)
    board.stop()
    assert [entry.transcript.boot for entry in entries(journal)] == [7, 8]
