"""Small domains, and one of any size."""

import zlib

from firmware.domain.binary import encode
from firmware.domain.graph import Arc, Graph, Kind, Network, Word
from firmware.link import DomainBegin


def domain(name: str, words: int = 3) -> bytes:
    """A phrase of any one of so many words."""
    vocabulary = tuple(Word(f"{name} {i}", (("Y", "EH", "S"),), None) for i in range(words))
    arcs = tuple(Arc(0, 1, Kind.WORD, i, 0.0, None) for i in range(words))
    return encode(Graph(name, vocabulary, (Network("root", 2, {1: 0.0}, arcs),)))


def begin(name: str, data: bytes, version: int = 1) -> DomainBegin:
    return DomainBegin(name, len(data), zlib.crc32(data), version)
