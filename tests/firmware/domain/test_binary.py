import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firmware.domain.binary import BYTES_MAX, CONTEXTS_MAX, STATES_MAX, cost_byte, cost_nats, decode, encode
from firmware.domain.graph import Add, Arc, DomainError, Graph, Kind, Network, Word
from firmware.domain.normal_form import normal_form
from firmware.domain.phonemes import PHONEMES
from firmware.native.decoding import Decoder, DecoderConfig
from tests.firmware.domain.domain_graphs import graphs

CONTRADICTS = "contradicts itself"


def encoded(graph: Graph) -> bytes:
    try:
        return encode(graph)
    except DomainError:
        assume(False)
        raise


def sealed(data: bytes | bytearray) -> bytes:
    """With the checksum that fits."""
    return data[:4] + struct.pack("<I", zlib.crc32(data[8:])) + data[8:]


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_a_binary_holds_the_normal_form(graph):
    data = encoded(graph)
    normal, read = normal_form(graph), decode(data)
    assert (read.name, read.words) == (normal.name, normal.words)
    assert encode(read) == data
    assert [(n.name, n.states) for n in read.networks] == [(n.name, n.states) for n in normal.networks]
    for there, here in zip(read.networks, normal.networks, strict=True):
        assert there.finals == pytest.approx({s: cost_nats(cost_byte(c)) for s, c in here.finals.items()})
        expected = [(a.source, a.kind, a.label, a.target, a.slot, cost_byte(a.cost)) for a in here.arcs]
        found = [(a.source, a.kind, a.label, a.target, a.slot, cost_byte(a.cost)) for a in there.arcs]
        assert sorted(found, key=repr) == sorted(expected, key=repr)


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_the_board_takes_every_binary(graph):
    Decoder(encoded(graph))


@given(st.floats(-2.7, 19.3))
def test_a_cost_is_held_to_a_sixteenth_of_an_octave(nats):
    assert cost_nats(cost_byte(nats)) == pytest.approx(nats, abs=np.log(2) / 16 + 1e-9)


def test_costs_beyond_the_range_are_held_at_its_ends():
    assert [cost_byte(-50.0), cost_byte(500.0)] == [0, 255]


def bigram(words: int, pairs: int) -> Graph:
    """Words of eight letters and six phonemes; for each a state that backs off to one for all."""
    rng = random.Random(1)
    made = tuple(
        Word(f"word{i:04}", (tuple(rng.choices(PHONEMES, k=6)),), Add(i) if i % 50 == 0 else None) for i in range(words)
    )
    back_off = words + 1
    arcs = [Arc(0, back_off, Kind.EPSILON)]
    arcs += [Arc(back_off, 1 + i, Kind.WORD, i, rng.uniform(5, 12)) for i in range(words)]
    arcs += [Arc(1 + i, back_off, Kind.EPSILON, 0, rng.uniform(0, 2)) for i in range(words)]
    seen = {(rng.randrange(words), rng.randrange(words)) for _ in range(pairs)}
    arcs += [Arc(1 + a, 1 + b, Kind.WORD, b, rng.uniform(0.5, 6)) for a, b in sorted(seen)]
    return Graph("bigram", made, (Network("bigram", words + 2, {1 + i: 3.0 for i in range(words)}, tuple(arcs)),))


def test_a_bigram_of_a_thousand_words_fits():
    data = encode(bigram(1000, 5000))
    print(f"{len(data)} bytes")
    assert len(data) <= BYTES_MAX
    Decoder(data)


def test_too_large_a_domain_says_which_part_is_how_large():
    with pytest.raises(DomainError, match=r"at most 65536 fit: use fewer phrases or words \(arcs' targets \d+"):
        encode(bigram(1000, 12000))


def test_too_many_states_are_refused():
    yes = Word("yes", (("Y", "EH", "S"),))
    row = Network("row", STATES_MAX + 1, {STATES_MAX: 0.0}, tuple(Arc(i, i + 1, Kind.WORD) for i in range(STATES_MAX)))
    with pytest.raises(DomainError, match="8193 states; at most 8192 fit"):
        encode(Graph("long", (yes,), (row,)))


def test_too_many_ways_of_calling_are_refused():
    yes = Word("yes", (("Y", "EH", "S"),))
    twice = [
        Network(f"n{i}", 3, {2: 0.0}, (Arc(0, 1, Kind.CALL, i + 1), Arc(1, 2, Kind.CALL, i + 1), Arc(0, 2, Kind.WORD)))
        for i in range(5)
    ]
    wide = Network("wide", 10, {9: 0.0}, tuple(Arc(i, i + 1, Kind.CALL, 1) for i in range(9)))
    nested = [wide]
    for i in range(5):
        arcs = tuple(Arc(k, k + 1, Kind.CALL, i + 2) for k in range(11))
        nested.append(Network(f"n{i}", 12, {11: 0.0}, arcs))
    last = Network("last", 2, {1: 0.0}, (Arc(0, 1, Kind.WORD),))
    assert CONTEXTS_MAX < 9 * 11**5
    with pytest.raises(DomainError, match="more than 65535 ways"):
        encode(Graph("d", (yes,), (*nested, last)))
    Decoder(encode(Graph("d", (yes,), (*twice, last))))


def test_homophones_and_endings_share_their_phonemes():
    words = (
        Word("mail", (("M", "EY", "L"),)),
        Word("male", (("M", "EY", "L"),)),
        Word("ale", (("EY", "L"),)),
        Word("email", (("IY", "M", "EY", "L"),)),
    )
    arcs = tuple(Arc(0, 1, Kind.WORD, i) for i in range(4))
    data = encode(Graph("mail", words, (Network("root", 2, {1: 0.0}, arcs),)))
    assert struct.unpack_from("<H", data, 28)[0] == 4
    assert decode(data).words == words


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda data: b"", "no compiled domain"),
        (lambda data: b"RIFF" + data[4:], "no compiled domain"),
        (lambda data: sealed(data[:8] + b"\x02" + data[9:]), "version"),
        (lambda data: data[:-1], "damaged"),
        (lambda data: data + b"\0", "damaged"),
        (lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], "damaged"),
        (lambda data: sealed(data[:16] + b"\xff\xff" + data[18:]), CONTRADICTS),
    ],
)
def test_other_bytes_are_refused_on_both_ends(spoil, says):
    data = spoil(encode(bigram(5, 9)))
    with pytest.raises(DomainError, match=says):
        decode(data)
    with pytest.raises(DomainError, match=says):
        Decoder(data)


@settings(max_examples=150, deadline=None)
@given(graph=graphs(), data=st.data())
def test_a_forged_binary_is_refused_or_decodes_within_its_bounds(graph, data):
    """Under the sanitizers, any step outside the domain ends the test."""
    forged = bytearray(encoded(graph))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(8, len(forged) - 1))
        forged[at] = data.draw(st.sampled_from([0, 1, forged[at] ^ 1, forged[at] ^ 0x80, 0xFF, (forged[at] + 1) % 256]))
    try:
        decoder = Decoder(sealed(bytes(forged)), DecoderConfig.shipped(reject_below_q8=0))
    except DomainError:
        return
    rows = np.random.default_rng(1).integers(-800, 0, (12, 40)).astype(np.int16)
    result = decoder.decode(rows, partial_each=1)
    assert len(result.words) <= len(rows)
