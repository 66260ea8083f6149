"""`host new-board`: what it writes builds as PORTING.md says, and owes the image every function that it needs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware import boards
from firmware.boards import skeleton
from host.sim.machine import Machine
from host.sim.virtual_board import SimulationError

PORTING = (boards.BOARDS / "PORTING.md").read_text()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "host.cli", "new-board", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of firmware/ to write into."""
    firmware = tmp_path_factory.mktemp("porting") / "firmware"
    shutil.copytree(boards.FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    return firmware


@pytest.fixture(scope="module")
def built(tree: Path) -> Path:
    """The image of PORTING.md's first commands, as they stand there."""
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("needs Debian's gcc-arm-none-eabi")
    lay_out, build = re.search(r"```sh\n(.*?)```", PORTING, re.DOTALL)[1].splitlines()
    assert lay_out.startswith("host new-board mine ")
    laid_out = run(*lay_out.split()[2:], "--firmware", str(tree))
    assert laid_out.returncode == 0, laid_out.stderr
    assert build == "scons -C firmware board=mine"
    command = [sys.executable, "-m", "SCons", "-Q", "-C", str(tree), "board=mine"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "flash" in result.stdout
    return tree.parent / "build" / "mine" / "earshot.bin"


def test_the_image_stops_under_the_name_of_what_is_missing_and_never_pretends(built: Path) -> None:
    machine = Machine((0x10000, 0xF0000), (0x20000000, 0x40000), 64_000_000)
    machine.attach([], [])
    machine.load(built.read_bytes(), 0x10000)
    machine.reset()
    machine.start(0x10000)
    with pytest.raises(SimulationError, match="nothing can wake it"):
        machine.run()
    assert ["a breakpoint" in fault for fault in machine.faults] == [True, True]  # and again as the fault is told
    name = machine.flash_read(machine.arguments()[0], 32).split(b"\0")[0]
    assert name == b"board_fault_write"


def test_the_c_file_has_every_function_with_its_contract(tree: Path, built: Path) -> None:
    text = (tree / "boards" / "mine" / "board.c").read_text()
    wanted = skeleton.functions(boards.FIRMWARE)
    assert len(wanted) == 13
    for function in wanted:
        assert f"{function.prototype} {{" in text
        assert function.contract in text
    declared = re.findall(r"\b(board_\w+)\(", (boards.FIRMWARE / "board.h").read_text())
    shared = {"board_audio_wait", "board_audio_dropped"}
    assert set(declared) - shared <= {function.name for function in wanted}
    ring = (boards.BOARDS / "pdm" / "microphone.c").read_text()
    assert all(f"{name}(void) {{" in ring for name in shared)
    assert len(text.splitlines()) <= 400


def test_the_board_is_a_board_like_any_other(tree: Path, built: Path) -> None:
    board = boards.parse(tree / "boards" / "mine" / "board.toml", tree)
    assert (board.core, board.modelc_target, board.rate) == ("cortex-m4", "dsp", 16000)
    assert (board.image.memory["FLASH"].start, board.image.memory["FLASH"].length) == (0x10000, 960 * 1024)
    assert board.registers.peripherals == ("PDM", "UARTE0")
    assert board.verified.unconfirmed == ("everything",)


@pytest.mark.parametrize("core", skeleton.CORES)
def test_every_core_that_is_known_is_one_that_the_compiler_knows(core: str, tmp_path: Path) -> None:
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("needs Debian's gcc-arm-none-eabi")
    flags = [f"-mcpu={core}", "-mthumb", "-mfloat-abi=hard", f"-mfpu={skeleton.CORES[core].fpu}"]
    command = ["arm-none-eabi-gcc", *flags, "-c", "-x", "c", "-", "-o", str(tmp_path / "nothing.o")]
    subprocess.run(command, input=b"int one(void) { return 1; }", check=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Mine"], "'Mine' is no name for a board: small letters, digits and _, a letter first."),
        (["../up"], "'../up' is no name for a board"),
        (["artemis"], "is there already."),
        (["m0", "--core", "cortex-m0"], "nothing known of the core 'cortex-m0'; known are cortex-m4, "),
        (["m4", "--flash", "all"], "--flash all is no stretch of memory; write START:SIZE, as in 0x10000:960K."),
        (["m4", "--ram", "0xFFFFFFFF:2"], "--ram 0xFFFFFFFF:2 is no stretch of memory"),
        (["m4", "--ram", "0:0"], "--ram 0:0 is no stretch of memory"),
        (["m4", "--svd", "nrf52840.svd"], "--svd and --peripherals go together"),
        (["m4", "--svd", "x.svd", "--peripherals", "PDM"], "pyocd's SVD archive has no x.svd."),
        (["m4", "--svd", "nrf52840.svd", "--peripherals", "PDN"], "nrf52840.svd has no peripheral PDN"),
    ],
)
def test_a_mistake_ends_in_a_sentence_and_writes_nothing(tree: Path, arguments: list[str], message: str) -> None:
    before = sorted(path.name for path in (tree / "boards").iterdir())
    result = run(*arguments, "--firmware", str(tree))
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert sorted(path.name for path in (tree / "boards").iterdir()) == before


def test_a_folder_that_is_no_firmware_is_refused(tmp_path: Path) -> None:
    result = run("mine", "--firmware", str(tmp_path))
    assert result.returncode == 2
    assert "is no firmware tree: it has no board.h." in result.stderr


def test_what_porting_md_links_to_is_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", PORTING):
        assert (boards.BOARDS / link).exists(), link
