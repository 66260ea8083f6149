"""The build: a second run does nothing, a changed input rebuilds what hangs on it, mistakes end in a sentence."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware import boards

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")


class Tree:
    """A copy of firmware/ that a test may change."""

    def __init__(self, folder: Path):
        self.firmware = folder / "firmware"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(boards.FIRMWARE, self.firmware, ignore=ignored)

    def scons(self, *arguments: str, **more) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "SCons", "-Q", "-C", str(self.firmware), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, **more)

    def planned(self) -> list[str]:
        """What the next build would do."""
        result = self.scons("board=artemis", "-n")
        assert result.returncode == 0, result.stderr
        actions = ("generate", "compile", "link")
        return [line for line in result.stdout.splitlines() if line.startswith(actions)]

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.firmware / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("a build"))  # paths may hold spaces
    result = tree.scons("board=artemis")
    assert result.returncode == 0, result.stderr
    return tree


@pytest.fixture
def tree(built) -> Tree:
    """The built copy; a test's changes are taken back."""
    before = {path: path.read_bytes() for path in built.firmware.rglob("*") if path.is_file()}
    yield built
    for path, content in before.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


def test_every_build_tells_what_the_image_takes(tree):
    said = tree.scons("board=artemis").stdout
    assert "flash" in said
    assert "of   65536 bytes" in said
    assert "of   24576 bytes" in said
    assert "earshot\n" in said  # the biggest object in RAM


def test_a_second_run_does_nothing(tree):
    assert tree.planned() == []


def test_a_touched_but_unchanged_file_rebuilds_nothing(tree):
    for path in tree.firmware.rglob("*.[ch]"):
        path.touch()
    assert tree.planned() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "generated"),
    [
        ("pipeline/frontend_tables.py", '"""', '"""Changed. ', "generate frontend_tables.h frontend_tables.c"),
        ("link/protocol.toml", "version = 1", "version = 2", "generate protocol.h protocol.c"),
        ("modelc/emitter.py", '"""', '"""Changed. ', "generate vad.c vad.h vad_tflite.c vad_tflite.h"),
        ("boards/artemis/board.toml", "115_200", "57_600", "generate board_facts.h memory.ld"),
        ("boards/registers.py", '"""', '"""Changed. ', "generate registers.h"),
    ],
)
def test_a_changed_input_of_a_generator_runs_it_again(tree, name, old, new, generated):
    tree.edit(name, old, new)
    assert generated in tree.planned()


def test_a_changed_model_is_compiled_again(tree):
    model = tree.firmware / "models" / "vad.tflite"
    model.write_bytes(model.read_bytes() + b"\0")
    assert "generate vad.c vad.h vad_tflite.c vad_tflite.h" in tree.planned()


def test_a_changed_header_compiles_what_includes_it_and_nothing_else(tree):
    tree.edit("pipeline/gate.h", "#define", "/* changed */\n#define")
    planned = tree.planned()
    assert "compile pipeline/gate.c" in planned
    assert "compile pipeline/listener.c" in planned
    assert "compile pipeline/frontend.c" not in planned


def test_a_changed_linker_script_links_again_and_compiles_nothing(tree):
    tree.edit("boards/cortexm/image.ld", "/* The image", "/* Changed: the image")
    assert [line.split()[0] for line in tree.planned()] == ["link"]


def test_an_image_over_its_limits_fails_the_build(tree):
    tree.edit("boards/artemis/board.toml", "ram_bytes = 24_576", "ram_bytes = 4_096")
    result = tree.scons("board=artemis")
    assert result.returncode == 2
    assert "bytes of RAM," in result.stderr
    assert "over the limit" in result.stderr


def test_a_stack_that_leaves_no_room_fails_the_link(tree):
    tree.edit("boards/artemis/board.toml", "stack_bytes = 4096", "stack_bytes = 32000")
    result = tree.scons("board=artemis")
    assert result.returncode == 2
    assert "RAM is full" in result.stderr or "overflow" in result.stderr or "overlaps" in result.stderr


def test_a_stack_that_is_too_small_fails_the_link(tree):
    tree.edit("boards/artemis/board.toml", "stack_bytes = 4096", "stack_bytes = 512")
    result = tree.scons("board=artemis")
    assert result.returncode == 2
    assert "a stack of less than 1 KiB" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["board=artemus"], "there is no board 'artemus'; the boards are "),
        (["bord=artemis"], "unknown option bord; `scons -C firmware -h` lists them"),
        (["board=artemis", "sanitize=1"], "sanitize=1 is for board=native"),
        (["board=artemis", "engine=tensor"], "engine"),
        (["board=artemis", "engine=tflm"], "engine=tflm needs tflm=FOLDER"),
        (["board=artemis", "engine=tflm", "tflm=/nowhere"], "/nowhere has no tensorflow/lite/micro"),
    ],
)
def test_a_mistake_on_the_command_line_ends_in_a_sentence(built, arguments, message):
    result = built.scons(*arguments)
    assert result.returncode == 2
    assert message in result.stderr + result.stdout
    assert "Traceback" not in result.stderr


def test_a_missing_compiler_is_told_with_what_to_install(built):
    result = built.scons("board=artemis", env={"PATH": "/nowhere"})
    assert result.returncode == 2
    assert "arm-none-eabi-gcc is not installed; on Debian: apt-get install gcc-arm-none-eabi" in result.stderr
