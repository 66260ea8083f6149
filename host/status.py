"""What is known of a board so far, folded from its frames: the source of every view, summary and last line."""

from collections import deque
from dataclasses import dataclass, field
from itertools import islice

from firmware import boards
from firmware.link import (
    Config,
    DomainState,
    Final,
    Frame,
    Hello,
    Ledger,
    ListenerState,
    Log,
    Partial,
    Score,
    Segment,
    State,
)
from host.transcript import Transcript, transcript_of

BINS_PER_S = 8
"""Resolution of the activity that is kept."""
KEPT_S = 60


@dataclass
class ActivityBin:
    """1/BINS_PER_S s of audio: its number since reset, the highest probability in it, and whether the board slept."""

    number: int
    peak: float
    asleep: bool


@dataclass
class BoardStatus:
    """The last of each frame, recent segments and activity, and what happened to the link."""

    port: str
    virtual: bool = False
    connection: str = "connecting"
    hello: Hello | None = None
    config: Config | None = None
    state: State | None = None
    ledger: Ledger | None = None
    log: Log | None = None
    probability: float = 0.0
    sample: int = 0
    """End of the audio heard since the board's reset."""
    listened_samples: int = 0
    """Audio heard since we listen, over all resets."""
    placed: bool = False
    """`sample` has come from the board since its last reset."""
    segments: deque[Segment] = field(default_factory=lambda: deque(maxlen=500))
    segment_count: int = 0
    speech_samples: int = 0
    transcripts: deque[Transcript] = field(default_factory=lambda: deque(maxlen=500))
    transcript_count: int = 0
    """Of those with words."""
    partial: Partial | None = None
    """What is being said now."""
    trouble: str = ""
    """Why transcripts are not kept at the moment."""
    domain: DomainState | None = None
    uploading: tuple[int, int] | None = None
    """Bytes of a domain that the board has, and all of them; None while none is sent."""
    damaged: int = 0
    duplicates: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    restarts: int = 0
    """Times that the board began to count anew."""
    activity: deque[ActivityBin] = field(default_factory=lambda: deque(maxlen=BINS_PER_S * KEPT_S))
    _last_final: int = 0

    def take(self, frame: Frame) -> None:
        """Folds one new frame in."""
        match frame:
            case Score():
                self._heard(frame.sample, frame.probability_q8 / 256)
            case State():
                self.state = frame
                self._heard(frame.sample, frame.probability_q8 / 256)
            case Segment():
                self.segments.append(frame)
                self.segment_count += 1
                self.speech_samples += frame.end - frame.start
            case Partial():
                self._grow(frame)
            case Final():
                self._end_partial(frame.id)
                if self.hello is not None:
                    self.transcripts.append(transcript_of(frame, self.hello, self.domain_name))
                    self.transcript_count += bool(frame.text)
            case DomainState():
                self.domain = frame
            case Ledger():
                self.ledger = frame
                self._advance(frame.sample)
            case Hello():
                self.hello = frame
                self.domain = None
            case Config():
                self.config = frame
            case Log():
                self.log = frame

    def restarted(self) -> None:
        """The board counts from zero again: what was counted in its old samples goes."""
        self.restarts += 1
        self.sample = 0
        self.placed = False
        self.state = None
        self.ledger = None
        self.partial = None
        self._last_final = 0
        self.activity.clear()

    @property
    def rate(self) -> int:
        """Samples a second; 16 000 until the board has said."""
        return self.hello.rate if self.hello and self.hello.rate else 16_000

    @property
    def heard_s(self) -> float:
        """Seconds of audio since the board's reset."""
        return self.sample / self.rate

    @property
    def speaking(self) -> bool:
        """The gate is open."""
        return bool(self.state and self.state.speaking)

    @property
    def state_name(self) -> str:
        """The state in force, in capitals; "" before the first STATE."""
        return self.state.state.name.upper() if self.state else ""

    @property
    def dropped(self) -> int:
        """Samples that the board lost since its reset."""
        return max(self.state.dropped if self.state else 0, self.ledger.dropped if self.ledger else 0)

    @property
    def board(self) -> str:
        """The board's name; "" before its HELLO."""
        return self.hello.board if self.hello else ""

    @property
    def domain_name(self) -> str:
        """The domain in force; "" where there is none, or none is known."""
        if self.domain is not None:
            return self.domain.name
        return self.hello.domain if self.hello is not None else ""

    @property
    def transcripts_lost(self) -> int:
        """Transcripts that the board gave up since its reset, before anyone had kept them."""
        return self.ledger.finals_lost if self.ledger else 0

    def state_shares(self) -> dict[str, float]:
        """Share of the audio in each state that the board has been in, 0..1, from the ledger."""
        if self.ledger is None or self.ledger.sample == 0:
            return {}
        rows = zip(ListenerState, self.ledger.rows, strict=True)
        return {state.name: row.samples / self.ledger.sample for state, row in rows if row.samples}

    def awake_share(self) -> float | None:
        """Share of the time that the core was awake, 0..1; None where no clock or no cycles are known."""
        if self.ledger is None or self.hello is None or self.ledger.sample == 0:
            return None
        clocks_hz = _clocks_hz(self.hello.board)
        if not clocks_hz or not any(row.cycles for row in self.ledger.rows):
            return None
        awake_s = sum(row.cycles / hz for row, hz in zip(self.ledger.rows, clocks_hz, strict=True))
        return awake_s / (self.ledger.sample / self.rate)

    @property
    def awake_note(self) -> str:
        """What stands after `awake_share` where it is a lower bound."""
        return " (instructions as cycles)" if self.virtual else ""

    def last_segments(self, count: int) -> list[Segment]:
        """The newest `count` segments, newest first."""
        return list(islice(reversed(self.segments), max(0, count)))

    def totals(self) -> dict[str, float]:
        """What was listened to, for JSON: times in seconds, link bytes as this end sees them."""
        return {
            "heard_s": round(self.listened_samples / self.rate, 6),
            "segments": self.segment_count,
            "transcripts": self.transcript_count,
            "transcripts_lost": self.transcripts_lost,
            "speech_s": round(self.speech_samples / self.rate, 6),
            "dropped": self.dropped,
            "damaged": self.damaged,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
        }

    def summary(self) -> str:
        """The last line of a session."""
        speech = self.speech_samples
        heard = self.listened_samples
        share = f" ({100 * min(1, speech / heard):.0f} %)" if heard else ""
        lost = f"; transcripts lost on the board {self.transcripts_lost}" if self.transcripts_lost else ""
        return (
            f"heard {heard / self.rate:.1f} s, {counted(self.segment_count, 'segment')}, "
            f"{speech / self.rate:.1f} s of speech{share}, {counted(self.transcript_count, 'transcript')}; "
            f"dropped {self.dropped}, damaged {self.damaged}{lost}; "
            f"link {self.bytes_in} B in, {self.bytes_out} out"
        )

    def _grow(self, partial: Partial) -> None:
        if partial.id <= self._last_final:
            return  # its final overtook it
        self.partial = partial

    def _end_partial(self, final_id: int) -> None:
        self._last_final = max(self._last_final, final_id)
        if self.partial is not None and self.partial.id <= final_id:
            self.partial = None

    def _advance(self, sample: int) -> None:
        if self.placed:
            self.listened_samples += max(0, sample - self.sample)
        self.sample = sample
        self.placed = True

    def _heard(self, sample: int, probability: float) -> None:
        self._advance(sample)
        self.probability = probability
        number = max(0, sample - 1) * BINS_PER_S // self.rate
        asleep = self.state_name == "SLEEP"
        if self.activity and self.activity[-1].number == number:
            last = self.activity[-1]
            last.peak = max(last.peak, probability)
            last.asleep = last.asleep and asleep
        else:
            self.activity.append(ActivityBin(number, probability, asleep))


def counted(count: int, noun: str) -> str:
    """1 segment, 2 segments."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _clocks_hz(board: str) -> list[int]:
    """The core's clock in each state as board.toml says it; none for a board that this host does not know."""
    try:
        facts = boards.load(board)
    except boards.BoardError:
        return []
    if not facts.clock_hz:
        return []
    fast = (ListenerState.LISTEN, ListenerState.SEND)
    return [(facts.burst_hz or facts.clock_hz) if state in fast else facts.clock_hz for state in ListenerState]
