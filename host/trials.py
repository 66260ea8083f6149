"""Runs parts of a board's image on inputs of ours (TRIAL), and gives what came out: its CRC, and what it cost."""

import time
import zlib
from dataclasses import replace

from firmware.link import Frame, Trial, TrialInput, TrialRefusal, TrialResult, TrialSubject
from host.errors import HostError
from host.exchange import TRIES, Exchange

PIECE_BYTES = 192
_BUSY_S = 30.0
_LOOK_AGAIN_S = 0.2
_PACE_S = 0.05


class TrialInterrupted(Exception):
    """Somebody spoke in between: the series of runs must begin again with run 0."""


class TrialAbsent(Exception):
    """The image has no such subject, output or block."""


class Trials:
    """Trials on one board."""

    def __init__(self, link: Exchange) -> None:
        """`link` has greeted."""
        self._link = link

    def run(self, subject: TrialSubject, run: int, data: bytes = b"", output: int = 0) -> TrialResult:
        """Runs the subject on `data`; a repetition of the last run tells of another output.

        TrialInterrupted, TrialAbsent; HostError where the board cannot, or does not answer.
        """
        asked = Trial(subject, run, output, len(data), zlib.crc32(data))
        began, pace_s = time.monotonic(), 0.0
        for _ in range(TRIES):
            if output == 0:
                self._give(data, pace_s)
            result = self._ask(asked)
            while result.refused is TrialRefusal.BUSY:
                if time.monotonic() - began > _BUSY_S:
                    raise HostError(
                        "somebody speaks all the time, and the memory is in use. Try again where it is quiet."
                    )
                self._link.wait(lambda _: None, _LOOK_AGAIN_S)
                result = self._ask(asked)
            match result.refused:
                case TrialRefusal.NONE:
                    return result
                case TrialRefusal.ABSENT:
                    raise TrialAbsent
                case TrialRefusal.ORDER:
                    raise TrialInterrupted
                case TrialRefusal.FAILED:
                    raise HostError("the board's network cannot run: flash an image that was built for this board.")
            # The input did not arrive whole; perhaps it came faster than the board takes it.
            pace_s += _PACE_S
        raise HostError(
            f"{self._link.endpoint.name} takes no input whole: the line loses bytes. Check cable and --baud."
        )

    def outputs(self, subject: TrialSubject, run: int, data: bytes, count: int) -> list[TrialResult]:
        """Runs the subject once, and gives the results of its first `count` outputs. As `run`."""
        return [self.run(subject, run, data, output) for output in range(count)]

    def differing_blocks(self, crcs: list[int]) -> list[int]:
        """Numbers of the blocks of the image in flash whose CRC-32 is another than in `crcs`. As `run`."""
        return [number for number, crc32 in enumerate(crcs) if self.run(TrialSubject.IMAGE, number).crc32 != crc32]

    def _give(self, data: bytes, pace_s: float) -> None:
        for at in range(0, len(data), PIECE_BYTES):
            self._link.send(TrialInput(at, data[at : at + PIECE_BYTES]))
            if pace_s:
                self._link.wait(lambda _: None, pace_s)

    def _ask(self, asked: Trial) -> TrialResult:
        blank = TrialResult(asked.subject, asked.run, asked.output, TrialRefusal.NONE, 0, 0, 0)

        def answer(frame: Frame) -> TrialResult | None:
            if not isinstance(frame, TrialResult):
                return None
            same = replace(frame, refused=TrialRefusal.NONE, bytes=0, crc32=0, cycles=0) == blank
            return frame if same else None

        return self._link.ask(asked, answer, f"what {asked.subject.name.lower()} gives")
