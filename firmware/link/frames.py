"""The frames of the link. Generated from protocol.toml by `python -m firmware.link.protocol`; edit that."""

# ruff: noqa: E501
from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from firmware.link.layout import Chars, Choice, Field, Flag, Frame, Integer, Nested, Range, Record, Repeated, Text

VERSION = 1
HEARTBEAT_CHUNKS = 31
RESEND_CHUNKS = 62


class ListenerState(IntEnum):
    """What the board is doing; the code on its state pins."""

    SLEEP = 0
    """nothing but the energy floor"""
    HEAR = 1
    """front end, voice detection and gate"""
    LISTEN = 2
    """hear, and speech recognition"""
    SEND = 3
    """handing a transcript to the host"""
    PLAY = 4
    """playing a translation"""
    FAULT = 5
    """the network cannot run; see LOG"""


class ResetCause(IntEnum):
    """Why the core last started."""

    UNKNOWN = 0
    """the board cannot tell"""
    POWER_ON = 1
    """power came"""
    PIN = 2
    """the reset pin or button"""
    SOFTWARE = 3
    """the image asked for it"""
    WATCHDOG = 4
    """no chunk of audio was taken in time"""
    FAULT = 5
    """a fault handler, after reporting it by LOG"""
    BROWNOUT = 6
    """the supply fell too low"""


class LogLevel(IntEnum):
    """How much a LOG matters."""

    INFO = 0
    """for the record"""
    WARNING = 1
    """something was refused or lost; the board goes on"""
    ERROR = 2
    """the board cannot do its work"""


@dataclass(frozen=True, slots=True)
class LedgerRow(Record):
    """Time and work in one state."""

    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("samples", 8),
        Integer("cycles", 8),
        Integer("entries", 4),
    )

    samples: int
    """samples heard in it"""
    cycles: int
    """core cycles awake, up to the start of the last chunk; the only figure that differs between boards"""
    entries: int
    """times it was entered"""


@dataclass(frozen=True, slots=True)
class Hello(Frame):
    """Who speaks. The board sends it after reset, and answers a question (a HELLO without a board name) with HELLO, STATE and CONFIG."""

    TYPE: ClassVar[int] = 1
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("version", 1),
        Chars("board", 16),
        Chars("firmware", 16),
        Chars("model", 16),
        Integer("model_crc32", 4),
        Integer("rate", 4),
        Integer("chunk", 2),
        Integer("hop", 2),
        Choice("reset_cause", ResetCause),
    )

    version: int
    """of this protocol; the first byte in every version"""
    board: str
    """the board's name; empty: the host asks"""
    firmware: str
    """version of the sender's software"""
    model: str
    """name of the voice detection network"""
    model_crc32: int
    """of its .tflite file"""
    rate: int
    """samples a second"""
    chunk: int
    """samples a decision"""
    hop: int
    """samples a front-end frame"""
    reset_cause: ResetCause
    """why the board last started"""


@dataclass(frozen=True, slots=True)
class State(Frame):
    """Sent when the state changes, when the gate opens or closes, and every 31 chunks otherwise."""

    TYPE: ClassVar[int] = 2
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("sample", 8),
        Choice("state", ListenerState),
        Flag("speaking"),
        Integer("probability_q8", 1),
        Integer("dropped", 4),
    )

    sample: int
    """end of the audio heard"""
    state: ListenerState
    """the state in force"""
    speaking: bool
    """the gate is open"""
    probability_q8: int
    """of speech, in the last chunk; 256 would be certain"""
    dropped: int
    """samples lost since reset because the board was late"""


@dataclass(frozen=True, slots=True)
class Score(Frame):
    """One voice decision; sent for each chunk if CONFIG asks for scores."""

    TYPE: ClassVar[int] = 3
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("sample", 8),
        Integer("probability_q8", 1),
    )

    sample: int
    """end of the audio that it rests on"""
    probability_q8: int
    """of speech; 0 in SLEEP, where none is computed"""


@dataclass(frozen=True, slots=True)
class Segment(Frame):
    """Speech that the gate let through. Kept in the outbox and sent again every 62 chunks until an ACK names its id."""

    TYPE: ClassVar[int] = 4
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("id", 4),
        Integer("start", 8),
        Integer("end", 8),
        Integer("peak_q8", 1),
    )

    id: int
    """counts from 1 since reset"""
    start: int
    """first sample, pre-roll included"""
    end: int
    """the sample after the last one"""
    peak_q8: int
    """highest probability in it"""


@dataclass(frozen=True, slots=True)
class Ledger(Frame):
    """Time and work since reset; sent every ledger_period_chunks."""

    TYPE: ClassVar[int] = 5
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("sample", 8),
        Repeated(Nested("rows", LedgerRow), 6),
        Integer("frames", 4),
        Integer("inferences", 4),
        Integer("segments", 4),
        Integer("speech_samples", 8),
        Integer("dropped", 4),
        Integer("segments_lost", 4),
    )

    sample: int
    """end of the audio heard"""
    rows: tuple[LedgerRow, ...]
    """a row for each state"""
    frames: int
    """front-end hops"""
    inferences: int
    """runs of the voice detection network"""
    segments: int
    """segments closed"""
    speech_samples: int
    """samples in them"""
    dropped: int
    """samples lost because the board was late"""
    segments_lost: int
    """segments that a full outbox gave up before their ACK"""


@dataclass(frozen=True, slots=True)
class Log(Frame):
    """A sentence for the engineer."""

    TYPE: ClassVar[int] = 6
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Choice("level", LogLevel),
        Text("text", 120),
    )

    level: LogLevel
    """how much it matters"""
    text: str
    """the sentence"""


@dataclass(frozen=True, slots=True)
class Ack(Frame):
    """The host has kept the segment; the board forgets it."""

    TYPE: ClassVar[int] = 7
    LAYOUT: ClassVar[tuple[Field, ...]] = (Integer("id", 4),)

    id: int
    """the segment's"""


@dataclass(frozen=True, slots=True)
class Config(Frame):
    """All settings. The board answers with the ones in force. If one is out of range it refuses them all, and a LOG names that one. Not kept over a reset."""

    TYPE: ClassVar[int] = 8
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("on_q8", 1),
        Integer("off_q8", 1),
        Integer("min_speech_chunks", 2),
        Integer("hangover_chunks", 2),
        Integer("pre_roll_samples", 2),
        Integer("sleep_floor", 2),
        Integer("sleep_after_chunks", 2),
        Integer("scores", 1),
        Integer("ledger_period_chunks", 2),
    )
    RANGES: ClassVar[dict[str, Range]] = {
        "on_q8": Range(1, 255),
        "off_q8": Range(1, "on_q8"),
        "min_speech_chunks": Range(1, 1000),
        "hangover_chunks": Range(1, 1000),
        "pre_roll_samples": Range(0, 32000),
        "sleep_floor": Range(0, 32767),
        "sleep_after_chunks": Range(0, 65535),
        "scores": Range(0, 1),
        "ledger_period_chunks": Range(1, 65535),
    }

    on_q8: int = 160
    """probability that opens the gate"""
    off_q8: int = 90
    """probability below which it closes"""
    min_speech_chunks: int = 5
    """chunks in a row at or above on_q8 that open the gate"""
    hangover_chunks: int = 12
    """chunks in a row below off_q8 that close it"""
    pre_roll_samples: int = 4800
    """samples before the first chunk that belong to the segment"""
    sleep_floor: int = 4
    """peak of a quiet chunk, in LSB"""
    sleep_after_chunks: int = 62
    """quiet chunks in a row before SLEEP; 0: never"""
    scores: int = 0
    """1: send SCORE frames"""
    ledger_period_chunks: int = 32
    """chunks between LEDGER frames"""


FRAMES: dict[int, type[Frame]] = {
    Hello.TYPE: Hello,
    State.TYPE: State,
    Score.TYPE: Score,
    Segment.TYPE: Segment,
    Ledger.TYPE: Ledger,
    Log.TYPE: Log,
    Ack.TYPE: Ack,
    Config.TYPE: Config,
}
