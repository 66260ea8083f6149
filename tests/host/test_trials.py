"""Trials over a line that loses bytes: an input that did not come whole is sent again, a run is done once."""

import pytest

from firmware.link import Frame, TrialRefusal, TrialResult, TrialSubject, encode
from firmware.link.codec import Decoder
from host.errors import HostError
from host.exchange import Exchange, SilentBoard
from host.trials import TrialAbsent, TrialInterrupted, Trials

DATA = bytes(range(80))


class Line(SilentBoard):
    """The native image behind a line that loses what `lose` says: (to the board, number of the write)."""

    def __init__(self, lose) -> None:
        super().__init__("native")
        self._lose = lose
        self.writes = self.reads = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        if not self._lose(True, self.writes):
            super().write(data)

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        if not data:
            return data
        frames = [frame for frame in Decoder().feed(data) if isinstance(frame, TrialResult)]
        self.reads += bool(frames)
        return b"" if frames and self._lose(False, self.reads) else data


def trials(line: Line) -> Trials:
    link = Exchange(line)
    line.open()
    link.greet()
    return Trials(link)


def expected() -> list[TrialResult]:
    board = trials(Line(lambda *_: False))
    return [board.run(TrialSubject.VAD, run, DATA) for run in range(3)]


@pytest.mark.parametrize("lost", [2, 3])
def test_an_input_or_a_question_that_is_lost_is_sent_again(lost, monkeypatch):
    """The first write is the question who it is, the second the input, the third the trial."""
    monkeypatch.setattr("host.exchange.ANSWER_S", 0.1)
    line = Line(lambda out, number: out and number == lost)
    board = trials(line)
    assert [board.run(TrialSubject.VAD, run, DATA) for run in range(3)] == expected()


def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_runs_twice(monkeypatch):
    monkeypatch.setattr("host.exchange.ANSWER_S", 0.1)
    board = trials(Line(lambda out, number: not out and number == 2))
    assert [board.run(TrialSubject.VAD, run, DATA) for run in range(3)] == expected()


def test_a_line_that_loses_every_input_is_said():
    board = trials(Line(lambda out, number: out and number % 2 == 0))
    with pytest.raises(HostError, match=r"takes no input whole: the line loses bytes"):
        board.run(TrialSubject.VAD, 0, DATA)


def test_what_the_image_lacks_and_what_was_interrupted_are_told_apart():
    board = trials(Line(lambda *_: False))
    with pytest.raises(TrialAbsent):
        board.run(TrialSubject.IMAGE, 0)
    with pytest.raises(TrialInterrupted):
        board.run(TrialSubject.VAD, 5, DATA)


def test_a_network_that_cannot_run_is_said():
    class Failing(SilentBoard):
        def read(self, timeout_s: float) -> bytes:
            frames = [frame for frame in Decoder().feed(super().read(timeout_s)) if isinstance(frame, Frame)]
            return b"".join(
                encode(TrialResult(f.subject, f.run, f.output, TrialRefusal.FAILED, 0, 0, 0))
                if isinstance(f, TrialResult)
                else encode(f)
                for f in frames
            )

    line = Failing("native")
    link = Exchange(line)
    line.open()
    link.greet()
    with pytest.raises(HostError, match=r"network cannot run: flash an image"):
        Trials(link).run(TrialSubject.VAD, 0, DATA)
