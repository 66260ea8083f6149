"""board.toml: what the loader takes, what it refuses, and what C and the linker get of it."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import boards
from firmware.boards import facts, registers


def _written(folder: Path, text: str, name: str = "artemis") -> Path:
    path = folder / name / "board.toml"
    path.parent.mkdir()
    path.write_text(text)
    return path


ARTEMIS = (boards.BOARDS / "artemis" / "board.toml").read_text()


@pytest.mark.parametrize("name", boards.names())
def test_every_board_loads_and_names_itself(name):
    board = boards.load(name)
    assert board.name == name
    assert board.folder.is_dir()
    assert board.rate == board.rates[0]


@pytest.mark.parametrize("name", [name for name in boards.names() if boards.load(name).image])
def test_every_image_has_the_limits_of_the_recogniser(name):
    board = boards.load(name)
    store = board.image.memory.get("STORE")
    in_flash = store.length if store and store.start < board.image.memory["RAM"].start else 0
    assert board.limits.flash_bytes + in_flash == 960 * 1024
    assert board.limits.ram_bytes == 256 * 1024


def test_an_unknown_board_is_refused_with_the_ones_there_are():
    with pytest.raises(boards.BoardError, match="no board 'teensy'; the boards are apollo4p_evb, "):
        boards.load("teensy")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("clock_hz = 48_000_000", "clock_hz = -1"), "clock_hz: Input should be greater"),
        (("clock_hz = 48_000_000", "clock_mhz = 48"), "clock_hz: Field required"),
        (('modelc_target = "dsp"', 'modelc_target = "simd"'), "modelc_target: Input should be"),
        (("rates = [15625]", "rates = []"), "rates: "),
        (('"boards/cortexm"]', '"boards/cortexz"]'), "there is no firmware/boards/cortexz"),
        (('prefix = "arm-none-eabi-"', ""), "an image needs toolchain.prefix"),
        (('simulator = "apollo3"', 'simulator = "qemu"'), "needs qemu_machine"),
        (('svd = "apollo3.svd"', ""), "registers: Value error, exactly one of svd and file"),
        (('name = "artemis"', 'name = "artemus"'), "the folder is 'artemis'"),
        (('name = "artemis"', "name = "), "Invalid value"),
    ],
)
def test_a_wrong_fact_is_refused_by_name(tmp_path, change, message):
    assert change[0] in ARTEMIS
    path = _written(tmp_path, ARTEMIS.replace(*change, 1))
    with pytest.raises(boards.BoardError, match=re.escape(message)):
        boards.parse(path)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_no_text_gets_past_the_loader_but_a_board(tmp_path_factory, text):
    path = _written(tmp_path_factory.mktemp("fuzz"), text)
    with pytest.raises(boards.BoardError):
        boards.parse(path)


@given(
    st.sampled_from(sorted(tomllib.loads(ARTEMIS))), st.none() | st.integers() | st.lists(st.integers()) | st.floats()
)
def test_a_fact_of_a_wrong_type_never_breaks_the_loader(tmp_path_factory, key, value):
    facts_there = tomllib.loads(ARTEMIS)
    facts_there[key] = value
    try:
        boards.Board.model_validate(facts_there)
    except ValueError as error:
        assert key in str(error) or "folder" in str(error) or "image" in str(error)


@pytest.mark.parametrize("name", boards.names())
def test_what_no_source_confirms_of_the_registers_is_said_in_board_toml(name):
    board = boards.load(name)
    if board.registers is None:
        return
    blocks = registers.peripherals(board.registers.source, board.registers.peripherals)
    doubted = {block.name for block in blocks.values() if not block.confirmed}
    assert doubted == set(board.verified.unconfirmed) & set(blocks)


@pytest.mark.parametrize("name", [name for name in boards.names() if boards.load(name).power_components])
def test_power_components_are_a_board_of_the_power_model(name):
    components = boards.load(name).power_components
    path = boards.FIRMWARE.parent / "power" / "boards" / f"{components}.toml"
    parts = tomllib.loads(path.read_text())
    assert parts["name"] == components
    if boards.load(name).simulator not in ("", "native"):
        assert name in parts["ledgers_of"], "its own virtual board counts for it"


@pytest.mark.parametrize("name", [name for name in boards.names() if boards.load(name).image])
def test_no_two_memories_of_a_board_overlap(name):
    regions = sorted((region.start, region.length) for region in boards.load(name).image.memory.values())
    for (start, length), (after, _) in itertools.pairwise(regions):
        assert start + length <= after


@pytest.mark.parametrize("name", boards.names())
def test_a_boards_own_c_files_are_short(name):
    own = [folder for folder in boards.load(name).sources if folder not in ("boards/cortexm", "boards/native")]
    for path in (path for folder in own for path in (boards.FIRMWARE / folder).glob("*.c")):
        assert len(path.read_text().splitlines()) <= 400, path


def test_c_gets_the_facts_of_the_board():
    header = facts.c_header(boards.load("artemis"))
    assert '#define BOARD_NAME "artemis"\n' in header
    assert "#define BOARD_RATE 15625u\n" in header
    assert "#define BOARD_TABLES frontend_tables_15625\n" in header
    assert "#define BOARD_STATE_PINS {22u, 23u, 27u}\n" in header
    assert "#define BOARD_MIC_CLOCK_PAD 37u\n" in header
    assert "#define BOARD_LINK_BAUD 115200u\n" in header


def test_the_linker_gets_its_regions():
    memory = facts.linker_memory(boards.load("artemis").image)
    assert "FLASH : ORIGIN = 0x00010000, LENGTH = 0xCC000" in memory
    assert "RAM : ORIGIN = 0x10000000, LENGTH = 0x28000" in memory
    assert "stack_bytes = 8192;" in memory
