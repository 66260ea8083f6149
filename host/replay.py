"""Replays a recording through a board in lockstep, as fast as it goes, and tells what the board made of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from firmware.link import Config, Damage, DomainState, Final, Frame, Ledger, Log, Partial, Score, Segment, State
from host.domain_file import DomainWish
from host.domain_setter import DomainSetter
from host.event_lines import frame_dict
from host.lockstep import CHUNK_SAMPLES, LEDGER_PERIOD_SAMPLES, lockstep_blocks
from host.recording import Recording
from host.session import Session
from host.sim import VirtualBoard
from host.status import BoardStatus, counted
from host.transcript import Transcript, transcript_of


@dataclass
class Replay:
    """What came of a replay. Segments, transcripts, logs, and states where they changed, in order.

    Times are in samples of the recording, at `rate`.
    """

    status: BoardStatus
    rate: int
    samples: int = 0
    """Of the recording, its silence after the end not counted."""
    wall_s: float = 0.0
    segments: list[Segment] = field(default_factory=list)
    transcripts: list[Transcript] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)

    @property
    def duration_s(self) -> float:
        """Seconds of recording."""
        return self.samples / self.rate

    @property
    def speech_share(self) -> float:
        """Share of the recording that lies in segments, 0..1."""
        speech = sum(max(0, min(s.end, self.samples) - min(s.start, self.samples)) for s in self.segments)
        return speech / self.samples if self.samples else 0.0

    @property
    def speed(self) -> float:
        """Seconds of recording a second."""
        return self.duration_s / self.wall_s if self.wall_s else 0.0

    def take(self, item: Frame | Damage) -> None:
        """Keeps what the end will tell of."""
        match item:
            case Segment():
                self.segments.append(item)
            case Final():
                assert self.status.hello is not None  # the session shows none before
                self.transcripts.append(transcript_of(item, self.status.hello, self.status.domain_name))
            case State():
                before = self.states[-1] if self.states else None
                if before is None or (before.state, before.speaking) != (item.state, item.speaking):
                    self.states.append(item)
            case Log():
                self.logs.append(item)
            case Damage():
                self.damages.append(item)


def replay(
    recording: Recording,
    board: VirtualBoard,
    *,
    status: BoardStatus | None = None,
    scores: bool = False,
    domain: DomainWish | None = None,
    taken: Callable[[Frame | Damage], None] = lambda _item: None,
    progress: Callable[[int], None] = lambda _samples: None,
) -> Replay:
    """Feeds all of `recording` to `board`. `taken` gets each new frame, after `status`.

    `progress` gets the samples so far.

    The board gets a ledger period at a time and its acknowledgements before the next one, on every board alike. A
    `domain` that is not in force is brought to it first, while it hears silence that no time here counts.
    Raises HostError where the board refuses the domain.
    """
    result = Replay(status or BoardStatus(board.name, virtual=True), board.rate)
    session = Session(result.status, board.send)
    session.configure(Config(scores=scores))

    def take(item: Frame | Damage) -> None:
        if not isinstance(item, Score):
            result.take(item)
        taken(item)

    origin = _bring(domain, board, session, take) if domain is not None else 0
    started_at = time.perf_counter()
    fed = 0
    for block in lockstep_blocks(recording, LEDGER_PERIOD_SAMPLES):
        for heard in session.feed(board.hear(block)):
            take(_shifted(heard, origin))
        fed += len(block)
        progress(fed)
    result.wall_s = time.perf_counter() - started_at
    result.samples = recording.read_samples
    return result


def _bring(domain: DomainWish, board: VirtualBoard, session: Session, take: Callable[[Frame | Damage], None]) -> int:
    """Has the board take the domain; returns the samples of silence that it heard meanwhile.

    `take` gets the frames that tell no time.
    """
    setter = DomainSetter(domain, lambda: board.name, session.send)
    setter.start(0.0)
    samples = 0
    while not setter.in_force:
        for item in session.feed(board.hear(np.zeros(CHUNK_SAMPLES, np.int16))):
            if not isinstance(item, Score | State | Ledger):
                take(item)
            if isinstance(item, DomainState):
                setter.take(item, samples / board.rate)
        samples += CHUNK_SAMPLES
        setter.tick(samples / board.rate)
    return samples


def _shifted(item: Frame | Damage, origin: int) -> Frame | Damage:
    """A frame whose time counts from sample `origin`. A LEDGER stays as it is: it covers all that the board did."""
    if not origin:
        return item
    match item:
        case Score() | State():
            return replace(item, sample=max(0, item.sample - origin))
        case Segment() | Final() | Partial():
            return replace(item, start=max(0, item.start - origin), end=max(0, item.end - origin))
    return item


def replay_document(result: Replay, recording: Recording, board: VirtualBoard) -> dict[str, Any]:
    """All of a replay for JSON; `host replay --help` names the fields."""
    status, rate = result.status, result.rate
    return {
        "recording": {
            "path": str(recording.path),
            "source_rate": recording.source_rate,
            "channels": recording.channels,
            "conversion": recording.conversion(),
            "doubt": recording.doubt(),
            "limited_samples": recording.limited_samples,
            "samples": result.samples,
            "duration_s": round(result.duration_s, 6),
        },
        "board": {"name": board.name, "rate": rate},
        "hello": _frame(status.hello, rate),
        "config": _frame(status.config, rate),
        "domain": status.domain_name,
        "transcripts": [one.as_dict() for one in result.transcripts],
        "segments": [_frame(segment, rate) for segment in result.segments],
        "states": [_frame(state, rate) for state in result.states],
        "ledger": _frame(status.ledger, rate),
        "logs": [_frame(log, rate) for log in result.logs],
        "speech_share": round(result.speech_share, 6),
        "state_shares": {name.lower(): round(share, 6) for name, share in status.state_shares().items()},
        "awake_share": status.awake_share(),
        "dropped_samples": status.dropped,
        "damaged": [{"reason": damage.reason, "data": damage.data.hex()} for damage in result.damages],
        "duplicates": status.duplicates,
        "link_bytes": {"in": status.bytes_in, "out": status.bytes_out},
        "wall_s": round(result.wall_s, 3),
        "speed_x_real_time": round(result.speed, 1),
    }


def replay_summary(result: Replay) -> list[str]:
    """The lines after the segments."""
    status = result.status
    said = sum(bool(one.text) for one in result.transcripts)
    transcripts = f", {counted(said, 'transcript')}" if status.hello is not None and status.hello.asr else ""
    lines = [
        f"heard    {result.duration_s:.3f} s: {counted(len(result.segments), 'segment')}{transcripts}, "
        f"{100 * result.speech_share:.1f} % speech",
        f"speed    {result.speed:.{0 if result.speed >= 10 else 1}f} x real time ({result.wall_s:.2f} s)",
    ]
    if status.ledger is not None:
        lines.append(f"ledger   {ledger_sentence(status, status.ledger)}")
    if status.transcripts_lost:
        lines.append(f"lost     {counted(status.transcripts_lost, 'transcript')} that the board had no more room for")
    if status.damaged:
        lines.append(f"damaged  {status.damaged} frames")
    return lines


def ledger_sentence(status: BoardStatus, ledger: Ledger) -> str:
    """A ledger in one line."""
    parts = [f"{name} {100 * share:.1f} %" for name, share in status.state_shares().items()]
    awake = status.awake_share()
    if awake is not None:
        parts.append(f"core awake {100 * awake:.2f} %{status.awake_note}")
    parts += [f"{ledger.frames} frames", f"{ledger.inferences} inferences", f"{ledger.dropped} samples dropped"]
    return ", ".join(parts)


def _frame(frame: Frame | None, rate: int) -> dict[str, Any] | None:
    if frame is None:
        return None
    entry = frame_dict(frame, rate)
    del entry["type"]
    return entry
