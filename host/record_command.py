"""`host record`: what a board's microphone gives, over the link into a WAV file, with every gap reported."""

import json
import sys
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from firmware import boards
from firmware.link import Audio, AudioFormat, AudioRequest, Frame, Hello
from host import adpcm
from host.endpoint import EndpointEnded
from host.errors import HostError
from host.exchange import SIM, Exchange
from host.recording import Pcm

_BYTES_A_SAMPLE = {AudioFormat.ADPCM: 0.6, AudioFormat.PCM: 2.4}
"""On the wire, with all that goes besides."""
_BITS_A_BYTE = 10
_ASK_CHUNKS = 93
_ASK_EACH_S = 1.0
_SILENT_S = 5.0
_MOST_GAP_S = 60.0


@dataclass(frozen=True)
class Gap:
    """Samples that are not there, at `start` samples of the recording; they are silence in the file."""

    start: int
    samples: int
    why: str
    """"line" or "board"."""


@dataclass
class Recorded:
    """What AUDIO frames made of a recording so far."""

    rate: int
    kind: AudioFormat
    samples: int = 0
    """Of the file, gaps included."""
    gaps: list[Gap] = field(default_factory=list)
    _first: int | None = None
    _sample: int = 0
    _dropped: int = 0

    def take(self, frame: Audio) -> list[Pcm]:
        """The samples to append: the frame's, after the silence of a gap before it. HostError where time went back."""
        pcm = (
            adpcm.decode(frame.data, frame.predictor, frame.step)
            if frame.format is AudioFormat.ADPCM
            else np.frombuffer(frame.data[: len(frame.data) // 2 * 2], "<i2").astype(np.int16)
        )
        pieces: list[Pcm] = []
        if self._first is not None:
            if frame.sample < self._sample or frame.dropped < self._dropped:
                raise HostError("the board started again while it was recorded.")
            for lost, why in ((frame.sample - self._sample, "line"), (frame.dropped - self._dropped, "board")):
                if lost:
                    if lost > _MOST_GAP_S * self.rate:
                        raise HostError(f"{lost / self.rate:.0f} s are missing at once: the recording ends there.")
                    self.gaps.append(Gap(self.samples, lost, why))
                    pieces.append(np.zeros(lost, np.int16))
                    self.samples += lost
        self._first = frame.sample if self._first is None else self._first
        self._sample, self._dropped = frame.sample + len(pcm), frame.dropped
        self.samples += len(pcm)
        return [*pieces, pcm]


def chosen_format(wanted: str, hello: Hello, port: str, baud: int) -> AudioFormat:
    """The format that the port carries: PCM where it can. HostError where it carries not even what is wanted."""
    bytes_a_second = _capacity(hello, port, baud)
    needs = {kind: hello.rate * size for kind, size in _BYTES_A_SAMPLE.items()}
    if wanted == "auto":
        kind = AudioFormat.PCM if needs[AudioFormat.PCM] <= bytes_a_second else AudioFormat.ADPCM
    else:
        kind = AudioFormat[wanted.upper()]
    if needs[kind] > bytes_a_second:
        raise HostError(
            f"{kind.name.lower()} at {hello.rate} Hz takes {needs[kind] * _BITS_A_BYTE:.0f} baud, and {port} has "
            f"{bytes_a_second * _BITS_A_BYTE:.0f}. "
            + (
                "Use --format adpcm."
                if kind is AudioFormat.PCM
                else "The board's link must be faster ([link] in board.toml)."
            )
        )
    return kind


def _capacity(hello: Hello, port: str, baud: int) -> float:
    """Bytes a second; without limit for a socket, or a virtual board whose line has none."""
    if port.startswith("socket://"):
        return float("inf")
    if port.startswith(SIM):
        link = boards.load(hello.board).link if hello.board in boards.names() else None
        return link.baud / _BITS_A_BYTE if link is not None and link.uart else float("inf")
    return baud / _BITS_A_BYTE


def record(
    link: Exchange,
    out: Path,
    *,
    kind: Callable[[Hello], AudioFormat],
    seconds: float | None,
    stopped: Callable[[], bool],
    begin: Callable[[], None] | None = None,
) -> Recorded:
    """Records until `seconds` of audio are there, `stopped()`, or a virtual board has heard its recording.

    `begin` is called when all is ready. HostError; what came before it is in the file.
    """
    hello = link.greet()
    recorded = Recorded(hello.rate, kind(hello))
    wanted = None if seconds is None else round(seconds * hello.rate)
    try:
        file = wave.open(str(out), "wb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise HostError(f"{out} cannot be written: {error.strerror or error}. Name another file.") from error
    asked_at = heard_at = -_ASK_EACH_S
    asked_samples = 0
    try:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(hello.rate)
        if begin is not None:
            begin()
        heard_at = time.monotonic()
        while not stopped() and (wanted is None or recorded.samples < wanted):
            now = time.monotonic()
            # By the audio too: a virtual board may be faster than time.
            if now - asked_at >= _ASK_EACH_S or recorded.samples - asked_samples >= _ASK_CHUNKS // 3 * hello.chunk:
                asked_at, asked_samples = now, recorded.samples
                link.send(AudioRequest(recorded.kind, _ASK_CHUNKS))
            if now - heard_at > _SILENT_S:
                raise HostError(f"{link.endpoint.name} sends no audio any more. Is it still there? `host info`.")
            try:
                frames = list(link.frames())
            except EndpointEnded:
                break
            for frame in frames:
                if isinstance(frame, Audio):
                    heard_at = now
                    _write(file, recorded, frame, wanted)
    except OSError as error:
        raise HostError(f"{out} cannot be written: {error.strerror or error}.") from error
    finally:
        file.close()
    return recorded


def _write(file: wave.Wave_write, recorded: Recorded, frame: Frame, wanted: int | None) -> None:
    assert isinstance(frame, Audio)
    at = recorded.samples
    for pcm in recorded.take(frame):
        room = len(pcm) if wanted is None else max(0, wanted - at)
        file.writeframes(pcm[:room].astype("<i2").tobytes())
        at += len(pcm)


def summary(recorded: Recorded, out: Path) -> dict[str, object]:
    """What was recorded, for JSON."""
    return {
        "file": str(out),
        "rate": recorded.rate,
        "format": recorded.kind.name.lower(),
        "duration_s": round(recorded.samples / recorded.rate, 3),
        "gaps": [
            {
                "at_s": round(gap.start / recorded.rate, 3),
                "length_s": round(gap.samples / recorded.rate, 4),
                "samples": gap.samples,
                "lost_by": gap.why,
            }
            for gap in recorded.gaps
        ],
    }


def print_summary(recorded: Recorded, out: Path, *, as_json: bool) -> None:
    """A line, and one for each gap on stderr; or JSON."""
    if as_json:
        print(json.dumps(summary(recorded, out), indent=2))
        return
    lost = sum(gap.samples for gap in recorded.gaps)
    gaps = f"{len(recorded.gaps)} gap{'s' if len(recorded.gaps) != 1 else ''}, {lost} samples, silence in the file"
    print(
        f"{out}: {recorded.samples / recorded.rate:.1f} s at {recorded.rate} Hz, {recorded.kind.name.lower()}; "
        + (gaps if lost else "no gap")
    )
    for gap in recorded.gaps:
        where = "lost on the line" if gap.why == "line" else "the board was late and lost them"
        print(f"gap at {gap.start / recorded.rate:.3f} s: {gap.samples} samples, {where}", file=sys.stderr)
