"""Builds the native library when it is missing or older than a source, and loads it through cffi.

EARSHOT_SANITIZE=1 asks for the one under AddressSanitizer and UndefinedBehaviorSanitizer; the process must then have
been started with gcc's libasan.so in LD_PRELOAD. EARSHOT_ENGINE=tflm asks for the one that runs its networks on
TensorFlow Lite Micro; EARSHOT_TFLM_INCLUDE and EARSHOT_TFLM_LIB are then the build's tflm_include and tflm_lib.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from cffi import FFI

FIRMWARE = Path(__file__).resolve().parents[1]
STAMP = "native.cdef"
"""What the library declares, for cffi."""
SOURCES = ("*.c", "*.cc", "*.h", "*.py", "*.toml", "*.tflite", "*.domain", "SConstruct")


class NativeBuildError(RuntimeError):
    """The native library could not be built; the message says why and what to do."""


def sanitized() -> bool:
    """This process asks for the library under the sanitizers."""
    return os.environ.get("EARSHOT_SANITIZE") == "1"


def engine_suffix() -> str:
    """What the engine that this process asks for adds to the name of a build folder; "" for our own."""
    engine = os.environ.get("EARSHOT_ENGINE") or "earshot"
    return "" if engine == "earshot" else f"-{engine}"


def engine_arguments() -> list[str]:
    """What the engine that this process asks for adds to the command line of scons."""
    if not engine_suffix():
        return []
    paths = {name: os.environ.get(f"EARSHOT_{name.upper()}", "") for name in ("tflm_include", "tflm_lib")}
    return [f"engine={os.environ['EARSHOT_ENGINE']}", *(f"{name}={path}" for name, path in paths.items())]


def build_folder() -> Path:
    """build/native beside a checkout's firmware/; a folder of the user's cache for an installed package."""
    name = f"native{engine_suffix()}" + ("-asan" if sanitized() else "")
    root = FIRMWARE.parent
    if (root / "pyproject.toml").exists() and os.access(root, os.W_OK):
        return root / "build" / name
    cache_root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache_root / "earshot" / hashlib.sha256(str(FIRMWARE).encode()).hexdigest()[:12] / name


def build() -> Path:
    """The folder with libearshot.so and native.cdef, both newer than every source; NativeBuildError otherwise."""
    folder = build_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        # Only scons knows of which other files an engine that is not ours is made.
        if engine_suffix() or not _is_fresh(folder):
            started = time.time_ns()
            _scons(folder)
            stamp = folder / STAMP
            stamp.write_text(_declarations(folder), encoding="utf-8")
            # A source that is saved while the compiler runs is newer than this build.
            os.utime(stamp, ns=(started, started))
    return folder


@cache
def load() -> tuple[FFI, Any]:
    """The cffi interface and the library; built first if need be."""
    folder = build()
    ffi = FFI()
    ffi.cdef((folder / STAMP).read_text(encoding="utf-8"))
    return ffi, ffi.dlopen(str(folder / "libearshot.so"))


def aligned(ffi: FFI, count: int) -> tuple[Any, Any]:
    """`count` bytes of zeros, aligned to 16: who owns them, and where they start."""
    owner = ffi.new("uint8_t[]", count + 15)
    address = int(ffi.cast("uintptr_t", owner))
    return owner, owner + (-address) % 16


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process builds at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_fresh(folder: Path) -> bool:
    # Written last, and by each build: its time is the build's, where scons keeps a library that would not change.
    stamp = folder / STAMP
    if not stamp.exists() or not (folder / "libearshot.so").exists():
        return False
    built = stamp.stat().st_mtime_ns
    return all(path.stat().st_mtime_ns <= built for pattern in SOURCES for path in FIRMWARE.rglob(pattern))


def _scons(folder: Path) -> None:
    command = [sys.executable, "-m", "SCons", "-Q", "-C", str(FIRMWARE), "board=native", f"build={folder}"]
    command += engine_arguments()
    if sanitized():
        command.append("sanitize=1")
    # The build runs Python and gcc, which know nothing of a preloaded sanitizer.
    environment = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "PYTHONMALLOC")}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if result.returncode != 0:
        said = "\n".join((result.stdout + result.stderr).strip().splitlines()[-20:])
        raise NativeBuildError(f"the native library could not be built: {' '.join(command)} said\n{said}")


def _declarations(folder: Path) -> str:
    """native.h and all that it includes, preprocessed, without the system's headers: cffi knows their types."""
    with tempfile.TemporaryDirectory() as system:
        for header in ("stdbool.h", "stddef.h", "stdint.h"):
            (Path(system) / header).touch()
        places = [
            folder / "gen",
            *(FIRMWARE / name for name in ("", "pipeline", "nn", "link", "domain", "trial", "boards/native")),
        ]
        command = [shutil.which("gcc") or "gcc", "-E", "-P", "-nostdinc", f"-isystem{system}"]
        command += [*(f"-I{place}" for place in places), str(FIRMWARE / "boards/native/native.h")]
        environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        text = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    # In a library that it opens, cffi takes a const object for a number.
    return without_bodies(text).replace("extern const ", "extern ")


def without_bodies(text: str) -> str:
    """Preprocessed C less its inline functions, which cffi does not take."""
    kept = []
    while (start := text.find("static inline ")) >= 0:
        kept.append(text[:start])
        end = text.index("{", start) + 1
        depth = 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        text = text[end:]
    return "".join([*kept, text])
