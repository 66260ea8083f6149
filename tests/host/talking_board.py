"""A virtual board that writes down how loud it was: what becomes of transcripts on the host needs no recogniser."""

import numpy as np
from board_on_a_line import CHUNK, hello_of
from domain_store import DomainStore

from firmware.link import (
    Config,
    Decoder,
    DomainBegin,
    DomainControl,
    DomainData,
    Final,
    Frame,
    ListenerState,
    Partial,
    Segment,
    State,
    encode,
)


class TalkingBoard:
    """Each run of chunks that are not silent becomes `loud N`, N being its peak in thousands."""

    name = "native"

    def __init__(self, rate: int = 16_000, asr: str = "asr") -> None:
        self.rate = rate
        self.domains = DomainStore()
        self._hello = hello_of("native", boot=0, unit=0, rate=rate, asr=asr)
        self._decoder = Decoder()
        self._to_board = b""
        self._chunks = 0
        self._id = 0
        self._start = -1
        self._peak = 0

    def hear(self, pcm: np.ndarray) -> bytes:
        """See VirtualBoard."""
        sent: list[Frame] = []
        for chunk in pcm.reshape(-1, CHUNK):
            data, self._to_board = self._to_board, b""
            if self._chunks == 0:
                state = State(0, ListenerState.HEAR, speaking=False, probability_q8=0, dropped=0)
                sent += [self._hello, state, Config()]
            for frame in self._decoder.feed(data):
                if isinstance(frame, DomainBegin | DomainData | DomainControl):
                    sent += self.domains.take(frame)
            self._chunks += 1
            sent += self._chunk(int(np.abs(chunk).max()))
        return b"".join(encode(frame) for frame in sent)

    def _chunk(self, peak: int) -> list[Frame]:
        at = self._chunks * CHUNK
        if peak:
            if self._start < 0:
                self._start, self._id = at - CHUNK, self._id + 1
            self._peak = max(self._peak, peak)
            return [Partial(self._id, 1, self._start, at, "lou")] if self._hello.asr else []
        if self._start < 0:
            return []
        start, self._start = self._start, -1
        slots = (("peak", str(self._peak // 1000)),)
        text = f"loud {self._peak // 1000}" if self._peak >= 1000 else ""
        final = Final(self._id, start, at - CHUNK, 192, text, slots if text else ())
        self._peak = 0
        return [Segment(self._id, start, at - CHUNK, 250), *([final] if self._hello.asr else [])]

    def send(self, data: bytes) -> None:
        """See VirtualBoard."""
        self._to_board += data

    def close(self) -> None:
        """See VirtualBoard."""
