"""The size report counts what the linker laid out, and fails an image that is over its limits."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firmware import boards, size_report

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")

SOURCE = """
const unsigned char table[3000] = {1};
unsigned char buffer[1000];
unsigned int started = 5;
int start(void);
int start(void) { return table[started] + buffer[started]; }
"""
SCRIPT = """
MEMORY { FLASH : ORIGIN = 0, LENGTH = 1M  RAM : ORIGIN = 0x20000000, LENGTH = 1M }
ENTRY(start)
SECTIONS {
  .text : { *(.text*) *(.rodata*) } > FLASH
  /DISCARD/ : { *(.ARM.exidx*) }
  .stack (NOLOAD) : { . += 2048; } > RAM
  .data : { *(.data*) } > RAM AT > FLASH
  .bss (NOLOAD) : { *(.bss*) } > RAM
}
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("size")
    (folder / "a.c").write_text(SOURCE)
    (folder / "a.ld").write_text(SCRIPT)
    command = [
        "arm-none-eabi-gcc",
        "-mcpu=cortex-m4",
        "-mthumb",
        "-Os",
        "-nostdlib",
        "-T",
        "a.ld",
        "a.c",
        "-o",
        "a.elf",
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "a.elf"


def test_it_counts_what_the_sections_say(image):
    sizes = size_report.measure(image)
    listing = subprocess.run(["arm-none-eabi-size", "-A", image], capture_output=True, text=True, check=True).stdout
    section = {line.split()[0]: int(line.split()[1]) for line in listing.splitlines() if line.startswith(".")}
    assert sizes.flash == section[".text"] + section[".data"]
    assert sizes.ram == section[".data"] + section[".bss"] + section[".stack"]
    assert sizes.stack == 2048
    assert sizes.flash_symbols[0] == size_report.Symbol("table", 3000)
    assert sizes.ram_symbols[0] == size_report.Symbol("buffer", 1000)


def test_an_image_over_a_limit_is_told_by_how_much(image):
    limits = boards.Limits(flash_bytes=100_000, ram_bytes=3000)
    sizes = size_report.measure(image)
    assert size_report.excesses(sizes, limits) == [
        f"the image takes {sizes.ram} bytes of RAM, {sizes.ram - 3000} over the limit"
    ]
    assert size_report.excesses(sizes, None) == []


@pytest.fixture
def command():
    app = size_report.typer.Typer()
    app.command()(size_report.main)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_prints_json_for_machines(image, command):
    result = command(image, "--board", "artemis", "--json", "--top", 1)
    facts = json.loads(result.output)
    assert result.exit_code == 0
    assert facts["limits"] == {"flash_bytes": 816 * 1024, "ram_bytes": 256 * 1024}
    assert facts["flash_symbols"] == [{"name": "table", "size": 3000}]


def test_the_command_fails_an_image_over_its_limits(tmp_path, image, command):
    fat = image.with_name("fat.c")
    fat.write_text(SOURCE.replace("buffer[1000]", "buffer[300000]"))
    call = [
        "arm-none-eabi-gcc",
        "-mcpu=cortex-m4",
        "-mthumb",
        "-nostdlib",
        "-T",
        "a.ld",
        fat,
        "-o",
        tmp_path / "fat.elf",
    ]
    subprocess.run(call, cwd=image.parent, check=True, capture_output=True)
    result = command(tmp_path / "fat.elf", "--board", "artemis")
    assert result.exit_code == 1
    assert "over the limit" in result.output


def test_an_image_with_another_engine_may_fill_the_memories(image, command):
    result = command(image, "--board", "artemis", "--json", "--whole-memory")
    assert result.exit_code == 0
    assert json.loads(result.output)["limits"] == {"flash_bytes": 0xC_C000, "ram_bytes": 0x2_8000}
    assert size_report.memories(boards.load("native")) is None


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"no image"])
def test_what_is_no_elf_file_is_refused_by_name(tmp_path, command, content):
    path = tmp_path / "junk.elf"
    path.write_bytes(content)
    result = command(path, "--board", "artemis")
    assert result.exit_code == 2
    assert "junk.elf" in result.output
