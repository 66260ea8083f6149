"""Every board's image lies where its board.toml says: the ELF files as they are linked, and the flat ones."""

import shutil
from pathlib import Path

import pytest
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from firmware import boards
from firmware.size_report import excesses, measure
from host.sim import image

IMAGES = [name for name in boards.names() if boards.load(name).image]
VECTOR_ALIGNMENT = 512

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")


@pytest.fixture(scope="module", params=IMAGES)
def board(request: pytest.FixtureRequest) -> boards.Board:
    return boards.load(request.param)


@pytest.fixture(scope="module")
def elf_file(board: boards.Board) -> Path:
    return image.built(board.name) / "earshot.elf"


@pytest.fixture
def elf(elf_file: Path):
    with elf_file.open("rb") as file:
        yield ELFFile(file)


def _within(start: int, end: int, region: boards.Region) -> bool:
    return region.start <= start and end <= region.start + region.length


def test_the_image_is_within_its_limits(board, elf_file):
    assert excesses(measure(elf_file), board.limits) == []


def test_every_section_lies_whole_in_one_memory_and_none_in_the_store(board, elf):
    regions = dict(board.image.memory)
    store = regions.pop("STORE", None)
    for section in elf.iter_sections():
        if not section["sh_flags"] & SH_FLAGS.SHF_ALLOC or not section["sh_size"]:
            continue
        start, end = section["sh_addr"], section["sh_addr"] + section["sh_size"]
        assert sum(_within(start, end, region) for region in regions.values()) == 1, section.name
        if store is not None:
            assert end <= store.start or start >= store.start + store.length, section.name
        writable = section["sh_flags"] & SH_FLAGS.SHF_WRITE
        expected = {".dma": "DMA"}.get(section.name, "RAM") if writable else None
        if expected:
            assert _within(start, end, regions.get(expected, regions["RAM"])), section.name


def test_what_is_loaded_is_in_flash_and_constants(board, elf):
    places = [board.image.memory[name] for name in ("FLASH", "CONSTANTS") if name in board.image.memory]
    for segment in elf.iter_segments():
        if segment["p_type"] == "PT_LOAD" and segment["p_filesz"]:
            start = segment["p_paddr"]
            assert any(_within(start, start + segment["p_filesz"], place) for place in places)


def test_the_vector_table_is_first_and_names_the_stack_and_the_reset_handler(board, elf):
    vectors = elf.get_section_by_name(".vectors")
    assert vectors["sh_addr"] == board.image.memory["FLASH"].start
    assert vectors["sh_addr"] % VECTOR_ALIGNMENT == 0
    stack, reset = (int.from_bytes(vectors.data()[at : at + 4], "little") for at in (0, 4))
    symbols = {symbol.name: symbol["st_value"] for symbol in elf.get_section_by_name(".symtab").iter_symbols()}
    ram = board.image.memory["RAM"]
    assert symbols["stack_bottom"] == ram.start
    assert stack == symbols["stack_top"] == ram.start + board.image.stack_bytes
    assert reset == symbols["reset_handler"] | 1
    assert elf.header["e_entry"] & ~1 == symbols["reset_handler"] & ~1


def test_what_outlasts_a_reset_is_at_the_end_of_ram(board, elf):
    ram = board.image.memory["RAM"]
    assert elf.get_section_by_name(".noinit")["sh_addr"] == ram.start + ram.length - 64


def test_the_flat_image_begins_at_the_address_that_it_is_flashed_to(board, elf):
    if board.flash is None:
        pytest.skip("nobody flashes this board")
    assert board.flash.address == board.image.memory["FLASH"].start
    flat = (image.built(board.name) / "earshot.bin").read_bytes()
    vectors = elf.get_section_by_name(".vectors")
    assert flat[: vectors["sh_size"]] == vectors.data()
    assert len(flat) <= board.image.memory["FLASH"].length
