"""The image that a virtual board runs: built by scons where it is missing or older than a source."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from firmware import boards
from firmware.native.library import build_folder, engine_arguments, engine_suffix
from host.sim.virtual_board import SimulationError

FIRMWARE = boards.FIRMWARE
SOURCES = ("*.c", "*.cc", "*.h", "*.ld", "*.py", "*.toml", "*.tflite", "*.domain", "SConstruct")
BUILD = build_folder().parent


def built(name: str) -> Path:
    """The folder with earshot.elf, and earshot.bin where there is one, of the board `name`, newer than every source.

    Says on stderr when it has to build them. SimulationError if that fails.
    """
    folder = BUILD / f"{name}{engine_suffix()}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process builds at a time
        stamp = folder / "built"
        if engine_suffix() or not _is_fresh(stamp, folder / "earshot.elf"):
            said = " ".join(["scons -C firmware", f"board={name}", *engine_arguments()])
            print(f"building the image of {name}: {said}", file=sys.stderr)
            _scons(name, folder)
            stamp.touch()
    return folder


def _is_fresh(stamp: Path, image: Path) -> bool:
    if not stamp.exists() or not image.exists():
        return False
    time = stamp.stat().st_mtime_ns
    sources = (path for pattern in SOURCES for path in FIRMWARE.rglob(pattern))
    return image.stat().st_mtime_ns <= time and all(path.stat().st_mtime_ns <= time for path in sources)


def _scons(name: str, folder: Path) -> None:
    command = [sys.executable, "-m", "SCons", "-Q", "-C", str(FIRMWARE), f"board={name}", f"build={folder}"]
    command += engine_arguments()
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        said = "\n".join((result.stdout + result.stderr).strip().splitlines()[-20:])
        raise SimulationError(f"the image of {name} could not be built; scons said:", said)
