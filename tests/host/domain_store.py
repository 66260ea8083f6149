"""The board's side of an upload, as PROTOCOL.md tells it: a store for one domain beside the built-in one."""

import zlib
from dataclasses import dataclass, replace

from firmware.domain import binary
from firmware.domain.graph import Arc, Graph, Kind, Network, Word
from firmware.domain.phonemes import PHONEMES
from firmware.link import (
    DomainAction,
    DomainBegin,
    DomainControl,
    DomainData,
    DomainRefusal,
    DomainSource,
    DomainState,
    DomainUpload,
)


def small_domain(name: str, words: int = 40) -> bytes:
    """A compiled domain of `words` phrases of a word each."""
    said = tuple(Word(f"word{n}", (("HH", "AH", PHONEMES[n % len(PHONEMES)]),)) for n in range(words))
    arcs = tuple(Arc(0, 1, Kind.WORD, n) for n in range(words))
    return binary.encode(Graph(name, said, (Network("phrases", 2, {1: 0.0}, arcs),)))


BUILT_IN = DomainState(
    source=DomainSource.BUILT_IN,
    name="travel",
    bytes=1000,
    crc32=0xD0,
    format=1,
    room=65_536,
    lasting=True,
    upload=DomainUpload.IDLE,
    offset=0,
    refused=DomainRefusal.NONE,
)


@dataclass
class DomainStore:
    """Takes a host's frames and answers them. `refusal`, where set, is the answer to what is whole."""

    state: DomainState = BUILT_IN
    refusal: DomainRefusal = DomainRefusal.NONE
    blocks: int = 0
    """DOMAIN_DATA that was taken."""
    begun: DomainBegin | None = None
    data: bytes = b""

    def take(self, frame: DomainBegin | DomainData | DomainControl) -> list[DomainState]:
        """The DOMAIN_STATEs that answer it."""
        match frame:
            case DomainBegin():
                return self._begin(frame)
            case DomainData():
                return self._data(frame)
            case DomainControl(DomainAction.BUILT_IN):
                if self.refusal:
                    return [replace(self.state, refused=self.refusal)]
                self.state = BUILT_IN
            case DomainControl(DomainAction.CANCEL):
                self.begun = None
        return [self._told()]

    def reset(self) -> None:
        """The upload is forgotten."""
        self.begun, self.data = None, b""

    def _told(self, refused: DomainRefusal = DomainRefusal.NONE) -> DomainState:
        upload = DomainUpload.IDLE if self.begun is None else DomainUpload.RECEIVING
        return replace(self.state, upload=upload, offset=len(self.data) if self.begun else 0, refused=refused)

    def _begin(self, begin: DomainBegin) -> list[DomainState]:
        if not self.state.room:
            return [self._told(DomainRefusal.NO_STORE)]
        if begin.format != self.state.format:
            return [self._told(DomainRefusal.VERSION)]
        if not 0 < begin.bytes <= self.state.room:
            return [self._told(DomainRefusal.TOO_LARGE)]
        if begin == self.begun:
            return [self._told()]
        self.begun, self.data = begin, b""
        return [replace(self._told(), upload=DomainUpload.PREPARING), self._told()]

    def _data(self, block: DomainData) -> list[DomainState]:
        if self.begun is None:
            return [self._told(DomainRefusal.NO_UPLOAD)]
        if block.offset != len(self.data):
            return [self._told()]
        self.blocks += 1
        self.data += block.data
        if len(self.data) < self.begun.bytes:
            return [self._told()]
        begun, data = self.begun, self.data
        self.reset()
        if self.refusal or zlib.crc32(data) != begun.crc32:
            return [self._told(self.refusal or DomainRefusal.CRC)]
        whole = replace(self._told(), upload=DomainUpload.COMPLETE)
        self.state = replace(
            self.state, source=DomainSource.UPLOADED, name=begun.name, bytes=begun.bytes, crc32=begun.crc32
        )
        return [whole, self._told()]
