"""When the native library is built, where, and what is said when it cannot be."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from firmware.native import library

HELLO = """
from firmware.link import Decoder
from firmware.native import NativeBoard
import numpy as np
print(next(iter(Decoder().feed(NativeBoard().hear(np.empty(0, np.int16))))).firmware)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as pip leaves it: without the checkout around it."""
    place = tmp_path_factory.mktemp("site-packages")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(library.FIRMWARE, place / "firmware", ignore=ignored)
    return place


def run(installed: Path, cache: Path, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "EARSHOT_SANITIZE")}
    environment |= {"PYTHONPATH": str(installed), "XDG_CACHE_HOME": str(cache), "PATH": path}
    return subprocess.run(
        [sys.executable, "-c", HELLO], capture_output=True, text=True, check=False, env=environment, cwd=cache
    )


def test_an_installed_package_builds_in_the_users_cache_and_again_when_a_source_changes(
    installed: Path, tmp_path: Path
) -> None:
    before = {path for path in installed.rglob("*") if "__pycache__" not in path.parts}
    first = run(installed, tmp_path)
    assert first.returncode == 0, first.stderr
    (built,) = tmp_path.glob("earshot/*/native/libearshot.so")
    assert {path for path in installed.rglob("*") if "__pycache__" not in path.parts} == before

    kept = built.stat().st_mtime_ns
    assert run(installed, tmp_path).stdout == first.stdout
    assert built.stat().st_mtime_ns == kept

    header = installed / "firmware" / "earshot.h"
    text = header.read_text()
    version = first.stdout.strip()
    header.write_text(text.replace(f'"{version}"', '"9.8.7"'))
    assert run(installed, tmp_path).stdout.strip() == "9.8.7"

    header.write_text(text.replace("#define EARSHOT_VERSION", "#define no version"))
    broken = run(installed, tmp_path)
    header.write_text(text)
    assert broken.returncode != 0
    assert "NativeBuildError: the native library could not be built" in broken.stderr
    assert "EARSHOT_VERSION" in broken.stderr


def test_a_missing_compiler_is_named_with_what_to_install(installed: Path, tmp_path: Path) -> None:
    result = run(installed, tmp_path, path=str(tmp_path))
    assert result.returncode != 0
    assert "gcc is not installed; on Debian: apt-get install gcc" in result.stderr


def test_a_fresh_library_is_not_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = library.build()

    def never(_: Path) -> None:
        raise AssertionError("scons ran")

    monkeypatch.setattr(library, "_scons", never)
    assert library.build() == folder


def test_the_version_is_the_packages() -> None:
    project = tomllib.loads((library.FIRMWARE.parent / "pyproject.toml").read_text())["project"]
    assert f'#define EARSHOT_VERSION "{project["version"]}"' in (library.FIRMWARE / "earshot.h").read_text()
