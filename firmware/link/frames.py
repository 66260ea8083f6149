"""The frames of the link. Generated from protocol.toml by `python -m firmware.link.protocol`; edit that."""

# ruff: noqa: E501
from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from firmware.link.layout import (
    Bytes,
    Chars,
    Choice,
    Field,
    Flag,
    Frame,
    Integer,
    Nested,
    Pairs,
    Range,
    Record,
    Repeated,
    Text,
)

VERSION = 3
HEARTBEAT_CHUNKS = 31
RESEND_CHUNKS = 62
RESEND_DAMAGED_CHUNKS = 8
RESEND_MOST_CHUNKS = 1984
RESEND_AHEAD_FRAMES = 8
TRIAL_BLOCK_BYTES = 32768


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


class Kept(IntEnum):
    """What an ACK speaks of."""

    NOTHING = 0
    """a frame came damaged: send again what has no ACK; boot and id do not matter"""
    SEGMENT = 1
    """the SEGMENT with the id"""
    FINAL = 2
    """the FINAL with the id"""


class DomainSource(IntEnum):
    """Where the domain in force came from."""

    NONE = 0
    """there is none: nothing is written down"""
    BUILT_IN = 1
    """it is part of the image"""
    UPLOADED = 2
    """it came over the link"""


class DomainUpload(IntEnum):
    """How far an upload is."""

    IDLE = 0
    """none runs"""
    PREPARING = 1
    """room is made for it; the next DOMAIN_STATE says when"""
    RECEIVING = 2
    """the board waits for the DOMAIN_DATA at `offset`"""
    COMPLETE = 3
    """all is there and good; it comes in force when nobody speaks"""


class DomainRefusal(IntEnum):
    """Why a board did not do what a host asked of it."""

    NONE = 0
    """it did"""
    NO_STORE = 1
    """this board has no room for domains"""
    TOO_LARGE = 2
    """it is empty, or larger than `room`"""
    VERSION = 3
    """it is of another format than `format`"""
    CRC = 4
    """what came is not what DOMAIN_BEGIN announced"""
    MALFORMED = 5
    """it is no domain, or one that this image cannot decode"""
    FLASH = 6
    """the memory did not keep what was written"""
    NO_UPLOAD = 7
    """DOMAIN_DATA came and no upload runs, after a reset perhaps: begin again"""
    BUSY = 8
    """the domain before is complete and not yet in force: ask again"""
    NO_BUILT_IN = 9
    """the image has no domain of its own"""


class DomainAction(IntEnum):
    """What a host can ask besides an upload."""

    TELL = 0
    """answer with DOMAIN_STATE, no more"""
    CANCEL = 1
    """give the upload up"""
    BUILT_IN = 2
    """take the image's own domain, from now on and after a reset"""


class TrialSubject(IntEnum):
    """What a TRIAL runs, and what goes in and comes out. The image comes in blocks of 32768 bytes."""

    IMAGE = 0
    """nothing goes in; block `run` of the image as it stands in flash comes out, in any order"""
    FRONTEND = 1
    """a chunk of samples; the two rows of log-mel, i16 in Q8"""
    KERNELS = 2
    """the input of the kernels' own network (firmware/trial/kernels.py); its outputs, one a kernel"""
    VAD = 3
    """the input of the voice detection network; its output"""
    ASR = 4
    """the input of the speech recognition network, for one call; its output"""
    DECODER = 5
    """a frame of logits; the text that the domain in force makes of the frames so far"""


class TrialRefusal(IntEnum):
    """Why a TRIAL did not run."""

    NONE = 0
    """it did"""
    ABSENT = 1
    """this image has no such subject, output or block"""
    INPUT = 2
    """what is there of the input is not what TRIAL tells: send it again"""
    ORDER = 3
    """neither run 0, nor the last one, nor the one after it; the recogniser may have been at work: begin again with run 0"""
    BUSY = 4
    """somebody speaks, and the memory is in use: ask again"""
    FAILED = 5
    """the network cannot run"""


class AudioFormat(IntEnum):
    """How AUDIO stands in bytes."""

    NONE = 0
    """no AUDIO is sent"""
    ADPCM = 1
    """IMA ADPCM: 4 bits a sample, the earlier one in the low bits"""
    PCM = 2
    """16 bits a sample, little-endian"""


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
        Integer("build", 8),
        Chars("model", 16),
        Integer("model_crc32", 4),
        Chars("asr", 16),
        Integer("asr_crc32", 4),
        Chars("domain", 16),
        Integer("domain_crc32", 4),
        Integer("rate", 4),
        Integer("chunk", 2),
        Integer("hop", 2),
        Choice("reset_cause", ResetCause),
        Integer("boot", 4),
        Integer("unit", 8),
    )

    version: int
    """of this protocol; the first byte in every version"""
    board: str
    """the board's name; empty: the host asks"""
    firmware: str
    """version of the sender's software"""
    build: int
    """says which image this is: of its own content (firmware/image_facts.py); 0: it is no image"""
    model: str
    """name of the voice detection network"""
    model_crc32: int
    """of its .tflite file"""
    asr: str
    """name of the speech recognition network; empty: there is none"""
    asr_crc32: int
    """of its .tflite file"""
    domain: str
    """name of the domain in force; empty: there is none"""
    domain_crc32: int
    """CRC-32 of all bytes of its .domain file"""
    rate: int
    """samples a second"""
    chunk: int
    """samples a decision"""
    hop: int
    """samples a front-end frame"""
    reset_cause: ResetCause
    """why the board last started"""
    boot: int
    """counts the resets, from 1; 0: the board has nowhere to keep a count"""
    unit: int
    """the chip's own number; 0: it has none"""


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
    """Speech that the gate let through. Kept in the outbox, and sent again until an ACK names it."""

    TYPE: ClassVar[int] = 4
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("id", 4),
        Integer("start", 8),
        Integer("end", 8),
        Integer("peak_q8", 1),
    )

    id: int
    """counts stretches of speech, from 1 since reset"""
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
        Integer("asr_calls", 4),
        Integer("decoder_frames", 4),
        Integer("transcripts", 4),
        Integer("rejected", 4),
        Integer("segments_lost", 4),
        Integer("finals_lost", 4),
        Integer("partials_dropped", 4),
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
    asr_calls: int
    """runs of the speech recognition network"""
    decoder_frames: int
    """network output frames that the decoder took"""
    transcripts: int
    """FINALs with a text"""
    rejected: int
    """FINALs without: what was said is not in the domain"""
    segments_lost: int
    """SEGMENTs that a full outbox gave up before their ACK"""
    finals_lost: int
    """FINALs that a full outbox gave up before their ACK"""
    partials_dropped: int
    """PARTIALs that a full outbox gave up before they were sent"""


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
    """The host has kept it for good; the board forgets it. One of another boot is ignored."""

    TYPE: ClassVar[int] = 7
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("boot", 4),
        Choice("kept", Kept),
        Integer("id", 4),
    )

    boot: int
    """HELLO's"""
    kept: Kept
    """what it speaks of"""
    id: int
    """its id"""


@dataclass(frozen=True, slots=True)
class Config(Frame):
    """All settings. The board answers with the ones in force. If one is out of range it refuses them all, and a LOG names that one. Not kept over a reset."""

    TYPE: ClassVar[int] = 8
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("on_q8", 1),
        Integer("off_q8", 1),
        Integer("min_speech_chunks", 2),
        Integer("hangover_chunks", 2),
        Integer("hangover_complete_chunks", 2),
        Integer("pre_roll_samples", 2),
        Integer("sleep_floor", 2),
        Integer("sleep_after_chunks", 2),
        Integer("scores", 1),
        Integer("partials", 1),
        Integer("partial_period_chunks", 2),
        Integer("reject_q8", 1),
        Integer("ledger_period_chunks", 2),
    )
    RANGES: ClassVar[dict[str, Range]] = {
        "on_q8": Range(1, 255),
        "off_q8": Range(1, "on_q8"),
        "min_speech_chunks": Range(1, 60),
        "hangover_chunks": Range(1, 1000),
        "hangover_complete_chunks": Range(1, 1000),
        "pre_roll_samples": Range(0, 32000),
        "sleep_floor": Range(0, 32767),
        "sleep_after_chunks": Range(0, 65535),
        "scores": Range(0, 1),
        "partials": Range(0, 1),
        "partial_period_chunks": Range(1, 1000),
        "reject_q8": Range(0, 255),
        "ledger_period_chunks": Range(1, 65535),
    }

    on_q8: int = 170
    """probability that opens the gate"""
    off_q8: int = 90
    """probability below which it closes"""
    min_speech_chunks: int = 8
    """chunks at on_q8 that open the gate; fewer that are surer, more that are less so, down to half-way to off_q8, below which they count against it"""
    hangover_chunks: int = 20
    """chunks in a row below off_q8 that close it"""
    hangover_complete_chunks: int = 8
    """the same when what was said is a whole phrase of the domain; if hangover_chunks is less, that"""
    pre_roll_samples: int = 4096
    """samples before the first chunk that belong to the segment"""
    sleep_floor: int = 4
    """peak of a quiet chunk, in LSB"""
    sleep_after_chunks: int = 62
    """quiet chunks in a row before SLEEP; 0: never"""
    scores: int = 0
    """1: send SCORE frames"""
    partials: int = 1
    """1: send PARTIAL frames"""
    partial_period_chunks: int = 8
    """chunks between PARTIAL frames, at least"""
    reject_q8: int = 64
    """confidence below which a FINAL has no text"""
    ledger_period_chunks: int = 32
    """chunks between LEDGER frames"""


@dataclass(frozen=True, slots=True)
class Partial(Frame):
    """What has been said so far, while the gate is open; sent when it changes and at most every partial_period_chunks. Sent once: the next revision or the FINAL takes its place."""

    TYPE: ClassVar[int] = 9
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("id", 4),
        Integer("revision", 2),
        Integer("start", 8),
        Integer("end", 8),
        Text("text", 200),
    )

    id: int
    """of the SEGMENT and FINAL that will come"""
    revision: int
    """counts from 1 for each id; one may be left out"""
    start: int
    """first sample of the speech"""
    end: int
    """end of the audio that it rests on"""
    text: str
    """all of it: it replaces the one before, and words may change"""


@dataclass(frozen=True, slots=True)
class Final(Frame):
    """The transcript of a stretch of speech. Kept in the outbox, and sent again until an ACK names it."""

    TYPE: ClassVar[int] = 10
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("id", 4),
        Integer("start", 8),
        Integer("end", 8),
        Integer("confidence_q8", 1),
        Text("text", 200),
        Pairs("slots", 200),
    )

    id: int
    """of its SEGMENT"""
    start: int
    """first sample of what was said"""
    end: int
    """the sample after the last one"""
    confidence_q8: int
    """that the text is what was said; 256 would be certain"""
    text: str
    """empty: what was said is not in the domain"""
    slots: tuple[tuple[str, str], ...]
    """the domain's slots and what filled them, in the order of the text; at most 8"""


@dataclass(frozen=True, slots=True)
class DomainBegin(Frame):
    """Announces a domain of the host. The board answers with DOMAIN_STATE. The same one again, while it is being received, goes on where it was."""

    TYPE: ClassVar[int] = 11
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Chars("name", 16),
        Integer("bytes", 4),
        Integer("crc32", 4),
        Integer("format", 1),
    )

    name: str
    """that HELLO will tell"""
    bytes: int
    """of the .domain file"""
    crc32: int
    """of them"""
    format: int
    """version of the .domain format"""


@dataclass(frozen=True, slots=True)
class DomainData(Frame):
    """The next bytes of it. The board answers each with DOMAIN_STATE, and the host waits for that: the board cannot listen while it writes."""

    TYPE: ClassVar[int] = 12
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("offset", 4),
        Bytes("data", 192),
    )

    offset: int
    """of the first of them in the file; must be the one that DOMAIN_STATE told"""
    data: bytes
    """a multiple of 8 bytes, unless they are the last"""


@dataclass(frozen=True, slots=True)
class DomainControl(Frame):
    """Asks for what is in force, or changes it without an upload. The board answers with DOMAIN_STATE."""

    TYPE: ClassVar[int] = 13
    LAYOUT: ClassVar[tuple[Field, ...]] = (Choice("action", DomainAction),)

    action: DomainAction
    """what to do"""


@dataclass(frozen=True, slots=True)
class DomainState(Frame):
    """The domain in force, and how far an upload is. Answers DOMAIN_BEGIN, DOMAIN_DATA and DOMAIN_CONTROL, and comes by itself when an upload is ready for data, fails, or comes in force."""

    TYPE: ClassVar[int] = 14
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Choice("source", DomainSource),
        Chars("name", 16),
        Integer("bytes", 4),
        Integer("crc32", 4),
        Integer("format", 1),
        Integer("room", 4),
        Flag("lasting"),
        Choice("upload", DomainUpload),
        Integer("offset", 4),
        Choice("refused", DomainRefusal),
    )

    source: DomainSource
    """of the domain in force"""
    name: str
    """its name"""
    bytes: int
    """its size"""
    crc32: int
    """CRC-32 of all its bytes"""
    format: int
    """version of the .domain format that the image reads"""
    room: int
    """bytes that an uploaded domain may have; 0: the board has no store"""
    lasting: bool
    """an uploaded domain outlasts a reset"""
    upload: DomainUpload
    """how far the upload is"""
    offset: int
    """of the byte that it waits for"""
    refused: DomainRefusal
    """why the last thing asked was not done"""


@dataclass(frozen=True, slots=True)
class TrialInput(Frame):
    """Part of the input of the TRIAL to come. Not answered."""

    TYPE: ClassVar[int] = 15
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("offset", 2),
        Bytes("data", 192),
    )

    offset: int
    """of the first of the bytes in the input"""
    data: bytes
    """the bytes"""


@dataclass(frozen=True, slots=True)
class Trial(Frame):
    """Runs a part of the image once, on the input that came; for a self-test and to count cycles. The board answers with TRIAL_RESULT, and goes on hearing meanwhile."""

    TYPE: ClassVar[int] = 16
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Choice("subject", TrialSubject),
        Integer("run", 2),
        Integer("output", 1),
        Integer("input_bytes", 2),
        Integer("input_crc32", 4),
    )

    subject: TrialSubject
    """what to run"""
    run: int
    """0 starts from the state after a reset; else one more than the last one. The last one again does not run: its result is told, as of any of its outputs"""
    output: int
    """the output that the result tells of"""
    input_bytes: int
    """of the input"""
    input_crc32: int
    """of these"""


@dataclass(frozen=True, slots=True)
class TrialResult(Frame):
    """What came of a TRIAL. Bytes and CRC are the same on every core, where network, domain and input are."""

    TYPE: ClassVar[int] = 17
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Choice("subject", TrialSubject),
        Integer("run", 2),
        Integer("output", 1),
        Choice("refused", TrialRefusal),
        Integer("bytes", 4),
        Integer("crc32", 4),
        Integer("cycles", 4),
    )

    subject: TrialSubject
    """as asked"""
    run: int
    """as asked"""
    output: int
    """as asked"""
    refused: TrialRefusal
    """why it did not run; the rest is then 0"""
    bytes: int
    """of the output"""
    crc32: int
    """of these"""
    cycles: int
    """core cycles of the run, without the CRC"""


@dataclass(frozen=True, slots=True)
class AudioRequest(Frame):
    """Asks for the audio as the microphone gives it, besides all else. The port must carry it: adpcm takes 0.6 bytes a sample, pcm 2.4."""

    TYPE: ClassVar[int] = 18
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Choice("format", AudioFormat),
        Integer("chunks", 2),
    )

    format: AudioFormat
    """that AUDIO shall have; none: stop"""
    chunks: int
    """so many, from the next one on; ask again in time for more"""


@dataclass(frozen=True, slots=True)
class Audio(Frame):
    """A piece of the audio. Sent once."""

    TYPE: ClassVar[int] = 19
    LAYOUT: ClassVar[tuple[Field, ...]] = (
        Integer("sample", 8),
        Integer("dropped", 4),
        Choice("format", AudioFormat),
        Integer("predictor", 2, signed=True),
        Integer("step", 1),
        Bytes("data", 128),
    )

    sample: int
    """the first one in it, as all time is told"""
    dropped: int
    """samples lost since reset because the board was late: so much later it really was"""
    format: AudioFormat
    """of the data"""
    predictor: int
    """adpcm: the sample before the first one, as its decoder has it; else 0"""
    step: int
    """adpcm: index of the step, 0 to 88; else 0"""
    data: bytes
    """the samples"""


FRAMES: dict[int, type[Frame]] = {
    Hello.TYPE: Hello,
    State.TYPE: State,
    Score.TYPE: Score,
    Segment.TYPE: Segment,
    Ledger.TYPE: Ledger,
    Log.TYPE: Log,
    Ack.TYPE: Ack,
    Config.TYPE: Config,
    Partial.TYPE: Partial,
    Final.TYPE: Final,
    DomainBegin.TYPE: DomainBegin,
    DomainData.TYPE: DomainData,
    DomainControl.TYPE: DomainControl,
    DomainState.TYPE: DomainState,
    TrialInput.TYPE: TrialInput,
    Trial.TYPE: Trial,
    TrialResult.TYPE: TrialResult,
    AudioRequest.TYPE: AudioRequest,
    Audio.TYPE: Audio,
}
