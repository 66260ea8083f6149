"""Every image says which one it is: of its own content, and nothing else."""

import shutil
import zlib
from pathlib import Path

import pytest
from elftools.common.exceptions import ELFError

from firmware import boards
from firmware.image_facts import MAGIC, build_id, facts_in, flat, loaded_bytes, stamp
from host.sim.image import built

IMAGES = [name for name in boards.names() if boards.load(name).simulator in ("apollo3", "qemu")]


@pytest.fixture(params=IMAGES)
def image(request) -> tuple[str, Path]:
    return request.param, built(request.param) / "earshot.elf"


def parts_of(path: Path) -> list[tuple[int, bytes]]:
    with path.open("rb") as file:
        return loaded_bytes(file)


def test_every_image_names_board_version_and_build(image):
    name, path = image
    board = boards.load(name)
    flash = board.image.memory["FLASH"]
    facts = facts_in(flat(parts_of(path), flash.start, flash.length))
    assert (facts.board, facts.firmware) == (name, "0.1.0")
    assert facts.build != 0


def test_the_flat_image_is_what_objcopy_makes():
    folder = built("artemis")
    flash = boards.load("artemis").image.memory["FLASH"]
    assert flat(parts_of(folder / "earshot.elf"), flash.start, flash.length) == (folder / "earshot.bin").read_bytes()


def test_the_build_id_is_of_the_content_alone(image, tmp_path):
    """Stamping again changes nothing; a changed byte anywhere gives another id."""
    name, path = image
    copy = tmp_path / "copy.elf"
    shutil.copy(path, copy)
    before = copy.read_bytes()
    number = stamp(copy)
    assert copy.read_bytes() == before
    parts = parts_of(copy)
    text = max((data for _, data in parts), key=len)
    at = before.index(text[-4096:]) + 100
    copy.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :])
    assert stamp(copy) != number
    start = boards.load(name).image.memory["FLASH"].start
    assert any(address == start for address, _ in parts)


def test_where_something_lies_is_content_too():
    assert build_id([(0, b"ab"), (2, b"cd")]) != build_id([(0, b"abcd")])
    assert build_id([(0, b"ab"), (2, b"cd")]) != build_id([(4, b"ab"), (2, b"cd")])


def test_what_is_no_image_has_no_facts(tmp_path):
    assert facts_in(b"") is None
    assert facts_in(b"\0" * 100_000) is None
    assert facts_in(MAGIC) is None
    assert facts_in(b"\0" * 5000 + MAGIC + b"\0" * 60) is None
    assert facts_in(MAGIC + b"\xff" * 60) is None
    (tmp_path / "text").write_text("no ELF")
    with pytest.raises(ELFError):
        stamp(tmp_path / "text")


def test_gaps_of_a_flat_image_are_zeros():
    assert flat([(8, b"cd"), (4, b"ab"), (100, b"x")], 4, 20) == b"ab\0\0cd"
    assert zlib.crc32(flat([], 0, 4)) == 0
