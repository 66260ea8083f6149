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
    RESEND_CHUNKS,
    VERSION,
    Ack,
    Config,
    Hello,
    Ledger,
    LedgerRow,
    ListenerState,
    Log,
    LogLevel,
    ResetCause,
    Score,
    Segment,
    State,
)
from firmware.link.layout import Frame, Malformed

__all__ = [
    "FRAMES",
    "HEARTBEAT_CHUNKS",
    "RESEND_CHUNKS",
    "VERSION",
    "Ack",
    "Config",
    "Damage",
    "Decoder",
    "Frame",
    "Hello",
    "Ledger",
    "LedgerRow",
    "ListenerState",
    "Log",
    "LogLevel",
    "Malformed",
    "ResetCause",
    "Score",
    "Segment",
    "State",
    "encode",
    "question",
]


def question(firmware: str = "") -> Hello:
    """The HELLO with which a host asks a board who it is; `firmware` is the host's own version."""
    return Hello(VERSION, "", firmware, "", 0, 0, 0, 0, ResetCause.UNKNOWN)
