"""The C of the link says byte for byte what the Python says, and refuses what it refuses."""

import re
from typing import Any

import pytest
from frame_strategies import frames, noise
from hypothesis import given
from hypothesis import strategies as st

from firmware.link import FRAMES, Config, Decoder, Frame, encode
from firmware.link.codec import cobs_encode, crc16, encode_body
from firmware.link.protocol import load as load_protocol
from firmware.native.library import load

FFI, LIBRARY = load()
NAMES = {kind.TYPE: re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() for kind in FRAMES.values()}


def c_encoded(number: int, payload: bytes) -> bytes:
    wire = FFI.new("uint8_t[]", LIBRARY.NATIVE_WIRE_MAX)
    count = LIBRARY.link_frame_encode(number, payload, len(payload), wire, LIBRARY.NATIVE_WIRE_MAX)
    return bytes(FFI.buffer(wire, count))


def c_decoded(data: bytes) -> tuple[list[bytes], int]:
    """Bodies (type and payload), and damaged frames."""
    decoder = FFI.new("struct link_decoder *")
    body = FFI.new("struct link_body *")
    bodies = []
    for byte in data:
        if LIBRARY.link_decoder_take(decoder, byte, body):
            bodies.append(bytes([body.type]) + bytes(FFI.buffer(body.payload, body.count)))
    return bodies, decoder.damaged


def c_repacked(number: int, payload: bytes) -> bytes | None:
    """Through the C struct and back; None if the C takes it for malformed."""
    name = NAMES[number]
    frame = FFI.new(f"struct link_{name} *")
    # Exactly as large as it is, for the sanitizers to see a byte too far.
    given_payload = FFI.new("uint8_t[]", payload) if payload else FFI.NULL
    if not getattr(LIBRARY, f"link_{name}_unpack")(frame, given_payload, len(payload)):
        return None
    out = FFI.new("uint8_t[]", max(len(payload), 1))
    count = getattr(LIBRARY, f"link_{name}_pack")(frame, out, len(payload))
    assert count == len(payload)
    return bytes(FFI.buffer(out, count))


def test_a_payload_limit_is_the_definitions() -> None:
    assert load_protocol().payload_max + 3 + 2 + 2 == LIBRARY.NATIVE_WIRE_MAX


@given(st.binary(max_size=100))
def test_checksums_agree(data: bytes) -> None:
    assert LIBRARY.link_crc16(0xFFFF, data, len(data)) == crc16(data)


@given(frames())
def test_frames_go_on_the_wire_alike(frame: Frame) -> None:
    assert c_encoded(frame.TYPE, frame.pack()) == encode(frame)


@given(st.integers(0, 255), st.lists(st.just(0) | st.integers(0, 255), max_size=423).map(bytes))
def test_any_payload_goes_on_the_wire_alike(number: int, payload: bytes) -> None:
    assert c_encoded(number, payload) == encode_body(bytes([number]) + payload)


@given(frames())
def test_a_frame_survives_its_c_struct(frame: Frame) -> None:
    assert c_repacked(frame.TYPE, frame.pack()) == frame.pack()


@given(st.sampled_from(sorted(FRAMES)), st.binary(max_size=170), st.data())
def test_both_refuse_the_same_payloads(number: int, payload: bytes, data: st.DataObject) -> None:
    if data.draw(st.booleans()):
        # Near misses: a good payload with some bytes changed, or cut.
        good = bytearray(data.draw(frames(FRAMES[number])).pack())
        for _ in range(data.draw(st.integers(0, 2))):
            good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
        payload = bytes(good[: data.draw(st.integers(0, len(good)) | st.just(len(good)))])
    try:
        python: Frame | None = FRAMES[number].unpack(payload)
    except ValueError:
        python = None
    repacked = c_repacked(number, payload)
    assert (repacked is None) == (python is None)
    assert repacked in (None, payload)


@pytest.mark.parametrize("number", sorted(FRAMES))
def test_an_empty_payload_is_no_frame(number: int) -> None:
    assert c_repacked(number, b"") is None


@given(frames(), st.integers(0, 430))
def test_packing_never_runs_over_its_room(frame: Frame, room: int) -> None:
    payload = frame.pack()
    name = NAMES[frame.TYPE]
    c_frame = FFI.new(f"struct link_{name} *")
    assert getattr(LIBRARY, f"link_{name}_unpack")(c_frame, payload, len(payload))
    out = FFI.new("uint8_t[]", max(room, 1))
    count = getattr(LIBRARY, f"link_{name}_pack")(c_frame, out, room)
    assert count == (len(payload) if room >= len(payload) else 0)


@given(st.lists(frames() | noise(), max_size=6))
def test_both_find_the_same_frames_in_the_same_noise(parts: list[Frame | bytes]) -> None:
    data = b"".join(part if isinstance(part, bytes) else encode(part) for part in parts) + b"\0"
    bodies, damaged = c_decoded(data)
    items = list(Decoder().feed(data))
    python = [bytes([item.TYPE]) + item.pack() for item in items if isinstance(item, Frame)]
    # The C decoder leaves types and payloads to its caller.
    assert [body for body in bodies if c_repacked_body(body)] == python
    assert damaged + len(bodies) == len(items)


def c_repacked_body(body: bytes) -> bool:
    return body[0] in NAMES and c_repacked(body[0], body[1:]) is not None


@given(st.binary(max_size=400))
def test_any_bytes_leave_the_decoder_ready_for_the_next_frame(data: bytes) -> None:
    bodies, _ = c_decoded(data + encode(Config()))
    assert bodies[-1] == bytes([Config.TYPE]) + Config().pack()


def test_a_frame_longer_than_any_is_damage() -> None:
    body = bytes([7]) + bytes(range(1, 200)) * 3
    long = b"\0" + cobs_encode(body + crc16(body).to_bytes(2, "little")) + b"\0"
    assert c_decoded(long + encode(Config())) == ([bytes([8]) + Config().pack()], 1)


def test_a_payload_longer_than_any_is_not_encoded() -> None:
    assert c_encoded(1, bytes(load_protocol().payload_max + 1)) == b""


def test_the_defaults_and_ranges_are_the_same() -> None:
    frame = c_config(Config())
    assert LIBRARY.link_config_check(frame, FFI.new("struct link_refusal *"))


@given(st.builds(Config, *(st.integers(0, 255 if field.width == 1 else 65535) for field in Config.LAYOUT)))
def test_both_refuse_the_same_settings_with_the_same_words(config: Config) -> None:
    refusal = FFI.new("struct link_refusal *")
    fine = LIBRARY.link_config_check(c_config(config), refusal)
    if fine:
        assert config.refusal() is None
    else:
        field = FFI.string(refusal.field).decode()
        assert config.refusal() == f"{field} is {refusal.value}, not from {refusal.min} to {refusal.max}"


def c_config(config: Config) -> Any:
    frame = FFI.new("struct link_config *")
    payload = config.pack()
    assert LIBRARY.link_config_unpack(frame, payload, len(payload))
    return frame
