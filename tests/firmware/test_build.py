"""The build: a second run does nothing, a changed input rebuilds what hangs on it, mistakes end in a sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware import boards
from host.sim import image

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")


class Tree:
    """A copy of firmware/ that a test may change."""

    def __init__(self, folder: Path):
        self.firmware = folder / "firmware"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(boards.FIRMWARE, self.firmware, ignore=ignored)
        self.first: dict[str, bytes] = {}
        """The image as the tree was first built."""

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
    for name in ("earshot.elf", "earshot.bin"):
        tree.first[name] = (tree.firmware.parent / "build" / "artemis" / name).read_bytes()
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
    assert "of  835584 bytes" in said
    assert "of  262144 bytes" in said
    assert "earshot\n" in said  # the biggest object in RAM


@pytest.mark.parametrize("name", ["earshot.elf", "earshot.bin"])
def test_the_same_sources_give_the_same_bytes_in_another_folder(built, name):
    assert (image.built("artemis") / name).read_bytes() == built.first[name]


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
        ("link/protocol.toml", "version = 3", "version = 4", "generate protocol.h protocol.c"),
        ("modelc/emitter.py", '"""', '"""Changed. ', "generate vad.c vad.h vad_tflite.c vad_tflite.h"),
        ("boards/artemis/board.toml", "115_200", "57_600", "generate board_facts.h memory.ld"),
        ("boards/registers.py", '"""', '"""Changed. ', "generate registers.h"),
        ("models/asr.toml", "frames = ", "frames = 1", "generate recognizer_facts.h"),
        ("domain/embed.py", '"""', '"""Changed. ', "generate default_domain.c default_domain.h"),
    ],
)
def test_a_changed_input_of_a_generator_runs_it_again(tree, name, old, new, generated):
    tree.edit(name, old, new)
    assert generated in tree.planned()


def test_a_changed_model_is_compiled_again(tree):
    model = tree.firmware / "models" / "vad.tflite"
    model.write_bytes(model.read_bytes() + b"\0")
    assert "generate vad.c vad.h vad_tflite.c vad_tflite.h" in tree.planned()


def test_another_domain_comes_into_the_image(tree):
    domain = tree.firmware / "models" / "domains" / "commands.domain"
    result = tree.scons("board=artemis", f"domain={domain}", "-n")
    assert "generate default_domain.c default_domain.h" in result.stdout
    assert "generate asr.c" not in result.stdout


def test_another_recogniser_needs_its_facts_beside_it(tree, tmp_path):
    model = tmp_path / "own.tflite"
    shutil.copy(tree.firmware / "models" / "asr.tflite", model)
    missing = tree.scons("board=artemis", f"asr={model}", "-n")
    assert missing.returncode == 2
    assert f"{model.with_suffix('.toml')} is missing" in missing.stderr
    shutil.copy(tree.firmware / "models" / "asr.toml", model.with_suffix(".toml"))
    planned = tree.scons("board=artemis", f"asr={model}", "-n")
    assert "generate asr.c asr.h asr_tflite.c asr_tflite.h" in planned.stdout


def test_without_the_recogniser_it_is_told_what_makes_one(tree):
    model = tree.firmware / "models" / "asr.tflite"
    kept = model.read_bytes()
    model.unlink()
    result = tree.scons("board=artemis")
    model.write_bytes(kept)
    assert result.returncode == 2
    assert f"{model} is missing; `train quantize asr` writes it" in result.stderr
    assert len(result.stderr.splitlines()) == 1


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
    tree.edit("boards/artemis/board.toml", "ram_bytes = 262_144", "ram_bytes = 4_096")
    result = tree.scons("board=artemis")
    assert result.returncode == 2
    assert "bytes of RAM," in result.stderr
    assert "over the limit" in result.stderr


def test_a_stack_that_leaves_no_room_fails_the_link(tree):
    tree.edit("boards/artemis/board.toml", "stack_bytes = 8192", "stack_bytes = 64000")
    result = tree.scons("board=artemis")
    assert result.returncode == 2
    assert "RAM is full" in result.stderr or "overflow" in result.stderr or "overlaps" in result.stderr


def test_a_stack_that_is_too_small_fails_the_link(tree):
    tree.edit("boards/artemis/board.toml", "stack_bytes = 8192", "stack_bytes = 512")
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
        (["engine=tflm"], "engine=tflm needs tflm_include=; firmware/nn/tflm/README.md says what to build"),
        (["engine=tflm", "tflm_include=/usr"], "engine=tflm needs tflm_lib="),
        (["engine=tflm", "tflm_include=/usr:/nowhere", "tflm_lib=a.a"], "tflm_include names /nowhere, and there is no"),
        (
            ["engine=tflm", "tflm_include=/usr", "tflm_lib=a.a"],
            "no folder of tflm_include has tensorflow/lite/micro/micro_interpreter.h; add the one of tflite-micro",
        ),
        (["tflm_lib=a.a"], "tflm_lib is for engine=tflm"),
        (["asr=/nowhere/a.tflite"], "asr names /nowhere/a.tflite, and there is no such file"),
        (["domain=/nowhere/a.domain"], "domain names /nowhere/a.domain, and there is no such file"),
        (["engine=tflm", "tflm=/usr"], "unknown option tflm; "),
    ],
)
def test_a_mistake_on_the_command_line_ends_in_a_sentence(built, arguments, message):
    result = built.scons(*arguments)
    assert result.returncode == 2
    assert message in result.stderr + result.stdout
    assert "Traceback" not in result.stderr


@pytest.fixture
def tflm_headers(tmp_path) -> str:
    """Folders that look like TFLite Micro's, as far as the build looks before it compiles."""
    headers = {
        "tflite-micro": "tensorflow/lite/micro/micro_interpreter.h",
        "flatbuffers/include": "flatbuffers/flatbuffers.h",
        "gemmlowp": "fixedpoint/fixedpoint.h",
        "ruy": "ruy/profiler/instrumentation.h",
    }
    for folder, header in headers.items():
        (tmp_path / folder / header).parent.mkdir(parents=True)
        (tmp_path / folder / header).touch()
    return ":".join(str(tmp_path / folder) for folder in headers)


@pytest.mark.parametrize("board", boards.names())
def test_tflm_is_compiled_behind_the_seam_instead_of_our_kernels(board, built, tflm_headers, tmp_path):
    (tmp_path / "libtflm.a").touch()
    where = [f"tflm_include={tflm_headers}", f"tflm_lib={tmp_path / 'libtflm.a'}", "tflm_arena=50000"]
    result = built.scons(f"board={board}", "engine=tflm", *where, "-n")
    if "has no headers of the C++ library" in result.stderr:
        pytest.skip(result.stderr)
    assert result.returncode == 0, result.stderr
    assert "generate vad_tflm.h vad.h vad_tflite.c vad_tflite.h" in result.stdout
    assert "compile nn/tflm/engine.cc" in result.stdout
    assert "compile nn/conv.c" not in result.stdout


def test_a_compiler_without_the_headers_of_cxx_is_told_with_what_to_install(built, tflm_headers, tmp_path):
    (tmp_path / "libtflm.a").touch()
    bare = tmp_path / "bin" / "arm-none-eabi-g++"  # as Debian's gcc-arm-none-eabi alone brings it
    bare.parent.mkdir()
    bare.write_text('#!/bin/sh\nexec arm-none-eabi-gcc -nostdinc++ "$@"\n')
    bare.chmod(0o755)
    where = [f"tflm_include={tflm_headers}", f"tflm_lib={tmp_path / 'libtflm.a'}"]
    path = f"{bare.parent}:{os.environ['PATH']}"
    result = built.scons("board=artemis", "engine=tflm", *where, env=os.environ | {"PATH": path})
    assert result.returncode == 2
    assert "on Debian: apt-get install libstdc++-arm-none-eabi-newlib" in result.stderr


def test_another_arena_for_tflm_compiles_the_adapter_again(tree):
    include, library = (os.environ.get(f"EARSHOT_TFLM_{name}") for name in ("INCLUDE", "LIB"))
    if not include or not library:
        pytest.skip("EARSHOT_TFLM_INCLUDE and EARSHOT_TFLM_LIB name no TFLite Micro library for this computer")
    call = ["engine=tflm", f"tflm_include={include}", f"tflm_lib={library}"]
    assert tree.scons(*call).returncode == 0
    assert "compile" not in tree.scons(*call, "-n").stdout
    assert "compile nn/tflm/engine.cc" in tree.scons(*call, "tflm_arena=50000").stdout


@pytest.mark.parametrize(
    ("without", "more", "message"),
    [
        ("ruy", [], "no folder of tflm_include has ruy/profiler/instrumentation.h; add the one of ruy"),
        ("", [], "libtflm.a, and there is no such file"),
        ("", ["tflm_arena=much"], "tflm_arena=much is no number of bytes"),
    ],
)
def test_what_tflm_lacks_is_told_before_anything_is_compiled(built, tflm_headers, without, more, message):
    folders = [folder for folder in tflm_headers.split(":") if not without or not folder.endswith(without)]
    library = Path(folders[0]).parent / "libtflm.a"
    if more:
        library.touch()
    result = built.scons("engine=tflm", f"tflm_include={':'.join(folders)}", f"tflm_lib={library}", *more)
    assert result.returncode == 2
    assert message in result.stderr
    assert "compile" not in result.stdout


def test_a_missing_compiler_is_told_with_what_to_install(built):
    result = built.scons("board=artemis", env={"PATH": "/nowhere"})
    assert result.returncode == 2
    assert "arm-none-eabi-gcc is not installed; on Debian: apt-get install gcc-arm-none-eabi" in result.stderr
