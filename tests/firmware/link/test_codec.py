"""Frames to bytes and back, over a line that splits, cuts and hurts them."""

import binascii
import itertools
from dataclasses import replace

import pytest
from frame_strategies import frames, noise
from hypothesis import given
from hypothesis import strategies as st

from firmware.link import (
    VERSION,
    Ack,
    Config,
    Damage,
    Decoder,
    DomainData,
    Final,
    Frame,
    Hello,
    Kept,
    ListenerState,
    Score,
    State,
    encode,
)
from firmware.link import question as hello_question
from firmware.link.codec import COBS_MAX, cobs_decode, cobs_encode, crc16, encode_body
from firmware.link.layout import Malformed

ACK = Ack(7, Kept.FINAL, 1)


def decoded(data: bytes) -> list[Frame | Damage]:
    return list(Decoder().feed(data))


def test_the_checksum_is_ccitt_false() -> None:
    assert crc16(b"123456789") == 0x29B1


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        (b"", "01"),
        (b"\0", "0101"),
        (b"\0\0", "010101"),
        (b"\x11\x22\0\x33", "0311220233"),
        (b"\x11\0\0\0", "0211010101"),
        (bytes(range(1, 255)), "ff" + bytes(range(1, 255)).hex()),
        (bytes(range(255)), "01ff" + bytes(range(1, 255)).hex()),
        (bytes(range(1, 256)), "ff" + bytes(range(1, 255)).hex() + "02ff"),
        (bytes([*range(2, 256), 0]), "ff" + bytes(range(2, 256)).hex() + "0101"),
    ],
)
def test_byte_stuffing_is_as_the_paper_has_it(plain: bytes, stuffed: str) -> None:
    assert cobs_encode(plain).hex() == stuffed
    assert cobs_decode(bytes.fromhex(stuffed)) == plain


@given(st.binary(max_size=1000) | st.binary(max_size=600).map(lambda b: b.replace(b"\0", b"\1")))
def test_stuffed_bytes_hold_no_zero_and_come_back(data: bytes) -> None:
    stuffed = cobs_encode(data)
    assert 0 not in stuffed
    assert len(stuffed) <= len(data) + len(data) // 254 + 1
    assert cobs_decode(stuffed) == data


@given(frames())
def test_a_frame_comes_back(frame: Frame) -> None:
    assert decoded(encode(frame)) == [frame]


@given(st.lists(frames(), max_size=5), st.lists(st.integers(0, 2000), max_size=8))
def test_frames_come_back_however_the_bytes_are_split(sent: list[Frame], places: list[int]) -> None:
    data = b"".join(encode(frame) for frame in sent)
    edges = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    decoder = Decoder()
    got = [item for a, b in itertools.pairwise(edges) for item in decoder.feed(data[a:b])]
    assert got == sent
    assert decoder.damaged == 0


@given(frames(), frames(), noise())
def test_noise_between_frames_costs_no_frame(first: Frame, second: Frame, between: bytes) -> None:
    got = decoded(encode(first) + between + encode(second))
    assert got[0] == first
    assert got[-1] == second
    # By chance two bytes of noise may be a checksum; no frame can be that short.
    assert all(isinstance(item, Damage) for item in got[1:-1])


@given(frames(), frames(), frames(), st.data())
def test_a_hurt_byte_costs_at_most_the_frame_it_hits(a: Frame, b: Frame, c: Frame, data: st.DataObject) -> None:
    hurt = bytearray(encode(b))
    place = data.draw(st.integers(0, len(hurt) - 1))
    hurt[place] ^= data.draw(st.integers(1, 255))
    got = decoded(encode(a) + bytes(hurt) + encode(c))
    assert got[0] == a
    assert got[-1] == c
    if 0 < place < len(hurt) - 1:
        assert b not in got[1:-1]
        assert got[1:-1]


@given(frames(), frames(), st.data())
def test_a_cut_frame_is_counted_and_the_next_one_comes(cut: Frame, whole: Frame, data: st.DataObject) -> None:
    wire = encode(cut)
    end = data.draw(st.integers(2, len(wire) - 2))
    decoder = Decoder()
    got = list(decoder.feed(wire[:end] + encode(whole)))
    assert [type(item) for item in got] == [Damage, type(whole)]
    assert got[1] == whole
    assert decoder.damaged == 1


@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_it_fail(data: bytes) -> None:
    for item in decoded(data + b"\0"):
        assert isinstance(item, Frame | Damage)


@given(st.sampled_from([*range(16), 255]), st.binary(max_size=170))
def test_a_good_checksum_does_not_make_a_bad_payload_a_frame(number: int, payload: bytes) -> None:
    (item,) = decoded(encode_body(bytes([number]) + payload))
    if isinstance(item, Frame):
        assert number == item.TYPE
        # Text that was no UTF-8 is replaced; everything else is what was sent.
        assert item.pack() == payload or "\ufffd" in str(item)


def test_endless_noise_without_a_zero_takes_no_memory() -> None:
    decoder = Decoder()
    for _ in range(100):
        assert list(decoder.feed(b"\x55" * 1000)) == []
    (damage,) = decoder.feed(b"\0")
    assert isinstance(damage, Damage)
    assert damage.reason == f"no end within {COBS_MAX} bytes"
    assert len(damage.data) == COBS_MAX
    assert list(decoder.feed(encode(ACK))) == [ACK]


def final_with(slots: bytes) -> bytes:
    return bytes([Final.TYPE]) + Final(1, 2, 3, 4, "yes", ()).pack()[:-1] + bytes([len(slots)]) + slots


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"\0\x05\x01\0", "byte stuffing does not hold"),
        (b"\0\x02\x01\0", "too short"),
        (b"\0\x05\x07\x01\x01\x01\0", "checksum is wrong"),
        (encode_body(b"\x63"), "unknown frame type 99"),
        (encode_body(b"\x07\1\0\0"), "ACK: the payload ends after 3 bytes"),
        (encode_body(b"\x07" + ACK.pack() + b"\0"), "ACK: the payload has 10 bytes, 9 were expected"),
        (
            encode_body(b"\x02" + bytes(8) + b"\x06\0\0" + bytes(4)),
            "STATE: state is 6, which is no ListenerState",
        ),
        (encode_body(b"\x02" + bytes(8) + b"\x01\2\0" + bytes(4)), "STATE: speaking is 2; a flag is 0 or 1"),
        (encode_body(b"\x06\0\x79" + b"x" * 121), "LOG: text claims 121 bytes; at most 120 are possible"),
        (encode_body(final_with(b"ab")), "FINAL: slots holds no pairs of name and value"),
        (encode_body(final_with(b"\x1fb")), "FINAL: slots holds no pairs of name and value"),
        (encode_body(final_with(b"a\x1fb\x1e")), "FINAL: slots holds no pairs of name and value"),
        (encode_body(final_with(b"a\x1fb\x1fc")), "FINAL: slots holds no pairs of name and value"),
        (encode_body(b"\x0c" + bytes(4) + b"\xc1" + bytes(193)), "DOMAIN_DATA: data claims 193 bytes"),
        (
            encode_body(b"\x01" + bytes([VERSION + 1, 1, 2, 3])),
            f"the other end speaks protocol {VERSION + 1}, this end {VERSION}: bring both to one version",
        ),
    ],
)
def test_damage_says_what_is_wrong(wire: bytes, reason: str) -> None:
    (damage,) = decoded(wire)
    assert isinstance(damage, Damage)
    assert damage.reason.startswith(reason)


def test_a_name_with_something_after_its_end_is_malformed() -> None:
    payload = bytearray(hello_question().pack())
    payload[1:4] = b"a\0b"
    with pytest.raises(Malformed, match="board is not zero-padded ASCII"):
        Hello.unpack(bytes(payload))


def test_the_bytes_of_a_frame_are_as_the_protocol_says() -> None:
    frame = State(0x0102030405060708, ListenerState.HEAR, True, 200, 7)
    payload = bytes.fromhex("08070605040302010101c807000000")
    assert frame.pack() == payload
    crc = binascii.crc_hqx(b"\x02" + payload, 0xFFFF)
    assert encode(frame) == b"\0" + cobs_encode(b"\x02" + payload + crc.to_bytes(2, "little")) + b"\0"


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (Ack(7, Kept.FINAL, 1 << 32), "id is 4294967296, which does not fit 4 bytes"),
        (Score(-1, 0), "sample is -1, which does not fit 8 bytes"),
        (replace(hello_question(), board="a" * 17), "at most 16 ASCII characters"),
        (replace(hello_question(), board="é"), "at most 16 ASCII characters"),
        (replace(hello_question(), board="a\0b"), "at most 16 ASCII characters"),
        (DomainData(0, bytes(193)), "data has 193 bytes; at most 192 are possible"),
        (Final(1, 0, 1, 0, "x" * 201, ()), "text has 201 bytes; at most 200 are possible"),
        (Final(1, 0, 1, 0, "", (("", "x"),)), "slots has the pair '', 'x', which cannot be sent"),
        (Final(1, 0, 1, 0, "", (("a", "x\x1e"),)), "which cannot be sent"),
        (Final(1, 0, 1, 0, "", (("a", "x" * 200),)), "slots has 202 bytes; at most 200 are possible"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(frame: Frame, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        encode(frame)


def test_config_knows_what_a_board_would_refuse() -> None:
    assert Config().refusal() is None
    assert Config(on_q8=100, off_q8=101).refusal() == "off_q8 is 101, not from 1 to 100"
    assert Config(scores=2).refusal() == "scores is 2, not from 0 to 1"
    assert Config(hangover_chunks=0).refusal() == "hangover_chunks is 0, not from 1 to 1000"


def test_slots_keep_their_order_and_may_repeat() -> None:
    slots = (("city", "new york"), ("city", "rome"), ("count", ""))
    frame = Final(9, 0, 5, 200, "from new york to rome", slots)
    assert frame.pack().endswith(b"\x1ecity\x1fnew york\x1ecity\x1frome\x1ecount\x1f")
    assert decoded(encode(frame)) == [frame]
