"""The link between board and host: frames, their bytes, and a decoder for a stream of them.

    for item in Decoder().feed(data):   # Frame or Damage
    port.write(encode(Config(scores=1)))
    port.write(encode(question("1.0")))  # the board answers HELLO, STATE, CONFIG

protocol.toml defines the frames; PROTOCOL.md explains them.
"""

from firmware.link.codec import Damage, Decoder, encode
from firmware.link.frames import (
    FRAMES,
    HEARTBEAT_CHUNKS,
    RESEND_AHEAD_FRAMES,
    RESEND_CHUNKS,
    RESEND_DAMAGED_CHUNKS,
    RESEND_MOST_CHUNKS,
    VERSION,
    Ack,
    Config,
    DomainAction,
    DomainBegin,
    DomainControl,
    DomainData,
    DomainRefusal,
    DomainSource,
    DomainState,
    DomainUpload,
    Final,
    Hello,
    Kept,
    Ledger,
    LedgerRow,
    ListenerState,
    Log,
    LogLevel,
    Partial,
    ResetCause,
    Score,
    Segment,
    State,
)
from firmware.link.layout import Frame, Malformed

__all__ = [
    "FRAMES",
    "HEARTBEAT_CHUNKS",
    "RESEND_AHEAD_FRAMES",
    "RESEND_CHUNKS",
    "RESEND_DAMAGED_CHUNKS",
    "RESEND_MOST_CHUNKS",
    "VERSION",
    "Ack",
    "Config",
    "Damage",
    "Decoder",
    "DomainAction",
    "DomainBegin",
    "DomainControl",
    "DomainData",
    "DomainRefusal",
    "DomainSource",
    "DomainState",
    "DomainUpload",
    "Final",
    "Frame",
    "Hello",
    "Kept",
    "Ledger",
    "LedgerRow",
    "ListenerState",
    "Log",
    "LogLevel",
    "Malformed",
    "Partial",
    "ResetCause",
    "Score",
    "Segment",
    "State",
    "encode",
    "question",
]


def question(firmware: str = "") -> Hello:
    """The HELLO with which a host asks a board who it is; `firmware` is the host's own version."""
    return Hello(
        version=VERSION,
        board="",
        firmware=firmware,
        model="",
        model_crc32=0,
        asr="",
        asr_crc32=0,
        domain="",
        domain_crc32=0,
        rate=0,
        chunk=0,
        hop=0,
        reset_cause=ResetCause.UNKNOWN,
        boot=0,
        unit=0,
    )
