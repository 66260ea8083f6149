"""SparkFun's boot loader over a line that drops, corrupts and delays: flash holds the image, or it is said."""

import pytest
from board_on_a_line import hello_of
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_loader import Chance, Faults, image_bytes

from host.flash.serial_line import SerialLine
from host.flash.svl import BAUDS, FRAME_BYTES, Command, Packet, Uploader, UploadFailed, crc16, first_packet, packet

IMAGE = image_bytes(40_001)


def padded(image: bytes) -> bytes:
    return image + b"\xff" * (-len(image) % 4)


def upload(board, bauds=BAUDS, image=IMAGE) -> tuple[int, list[tuple[int, int]], list[str]]:
    """The baud rate, the progress, and the remarks."""
    progress: list[tuple[int, int]] = []
    notes: list[str] = []
    with SerialLine(board.port) as line:
        baud = Uploader(line, image, lambda done, baud: progress.append((done, baud)), notes.append).run(bauds)
    return baud, progress, notes


def test_the_crc_is_the_loaders():
    """CRC-16/BUYPASS of the catalogue of parametrised CRCs: polynomial 0x8005, from 0, check value 0xfee8."""
    assert crc16(b"123456789") == 0xFEE8


def test_packets_are_as_the_loader_has_them():
    assert packet(Command.BL) == bytes([0, 3, 2, *crc16(b"\2").to_bytes(2, "big")])
    assert packet(Command.FRAME, b"abcd")[:3] == bytes([0, 7, 4])


@given(
    packets=st.lists(st.tuples(st.sampled_from([*Command]), st.binary(max_size=8)), max_size=4),
    noise=st.binary(max_size=1),
)
@settings(max_examples=200, deadline=None)
def test_packets_are_found_behind_noise(packets, noise):
    """A byte of noise, such as the loader's UART begins with."""
    if noise in (b"\0", b"\x05"):  # the start of a length: it is waited for the rest
        noise = b"\xfe"
    buffer = bytearray(noise + b"".join(packet(command, data) for command, data in packets))
    for command, data in packets:
        assert first_packet(buffer) == Packet(command, data)
    assert first_packet(buffer) is None


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_no_trouble(data):
    buffer = bytearray(data)
    while first_packet(buffer) is not None:
        pass
    assert len(buffer) <= len(data)


def test_a_good_line_takes_the_image_at_the_fastest_rate(loader):
    board = loader()
    baud, progress, notes = upload(board)
    assert (baud, board.baud, notes) == (921_600, 921_600, [])
    assert board.flash == padded(IMAGE)
    assert board.frames == -(-len(IMAGE) // FRAME_BYTES)
    assert progress[0] == (0, 921_600)
    assert progress[-1] == (len(padded(IMAGE)), 921_600)
    assert progress == sorted(progress)


@pytest.mark.parametrize("works", [460_800, 115_200])
def test_a_loader_that_hears_slower_rates_only_is_found(loader, works):
    board = loader(Faults(bauds=tuple(baud for baud in BAUDS if baud <= works)))
    baud, _, notes = upload(board)
    assert baud == board.baud == works
    assert board.flash == padded(IMAGE)
    assert f"no success at {BAUDS[0]} baud: bytes came, but no loader's" in notes


def test_damaged_frames_are_sent_again_and_none_twice(loader):
    harm = Chance(0.15, drops=False)
    board = loader(Faults(to_loader=lambda data: harm(data) if len(data) > 500 else data))
    baud, _, _ = upload(board)
    assert board.flash == padded(IMAGE)
    assert harm.harmed > 0
    assert board.retries == harm.harmed
    assert baud == 921_600


def test_a_late_loader_is_waited_for(loader):
    board = loader(Faults(delay_s=0.06))
    assert upload(board)[0] == 921_600
    assert board.flash == padded(IMAGE)


class LoseOne:
    """Loses, or damages, the one write of the loader's that has this number."""

    def __init__(self, number: int, damage: bool) -> None:
        self.number, self.damage, self.count = number, damage, 0

    def __call__(self, data: bytes) -> bytes:
        self.count += 1
        if self.count != self.number:
            return data
        return data[:-1] + bytes([data[-1] ^ 4]) if self.damage else b""


@pytest.mark.parametrize("damage", [False, True])
def test_an_answer_that_is_lost_starts_the_upload_anew_and_no_frame_is_written_twice(loader, damage):
    """The loader then asks, by RETRY, for the frame after: what is sent again would be written in its place."""
    lose = LoseOne(6, damage)
    board = loader(Faults(to_host=lose))
    _, _, notes = upload(board)
    assert lose.count > 6
    assert board.flash == padded(IMAGE)
    assert any("starting again" in note for note in notes)


def test_bytes_dropped_from_a_frame_start_it_anew(loader):
    harm = Chance(1.0, corrupts=False)
    board = loader(Faults(to_loader=lambda data: harm(data) if len(data) > 500 and not harm.harmed else data))
    upload(board)
    assert harm.harmed == 1
    assert board.flash == padded(IMAGE)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_bad_line_both_ways_ends_with_the_image_in_flash(loader, seed):
    to_loader, to_host = Chance(0.04, seed), Chance(0.01, seed + 10)
    board = loader(Faults(to_loader, to_host))
    upload(board)
    assert board.flash == padded(IMAGE)


def test_a_line_that_harms_everything_is_given_up_and_said(loader):
    harm = Chance(1.0, drops=False)
    board = loader(Faults(to_loader=lambda data: harm(data) if len(data) > 500 else data))
    with pytest.raises(UploadFailed, match="came damaged 8 times") as failed:
        upload(board, (57_600,), image_bytes(3000))
    assert not failed.value.silent


def test_a_board_without_a_loader_is_said(loader):
    board = loader(loader=False, hello=hello_of())
    with pytest.raises(UploadFailed) as failed:
        upload(board, (115_200,))
    assert failed.value.silent
