"""The C of the image under AddressSanitizer and UndefinedBehaviorSanitizer: the same tests, in a second Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parents[1]

pytestmark = pytest.mark.skipif(os.environ.get("EARSHOT_SANITIZE") == "1", reason="this is the second Python")


def under_sanitizers(*command: str) -> subprocess.CompletedProcess[str]:
    """Python with gcc's sanitizer loaded first; its leak check is off, as Python itself keeps memory to its end."""
    gcc = shutil.which("gcc")
    assert gcc is not None
    runtime = subprocess.run([gcc, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    environment = os.environ | {
        "EARSHOT_SANITIZE": "1",
        "LD_PRELOAD": runtime.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        # Small objects too come from malloc, where the sanitizer sees their edges.
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, env=environment, cwd=ROOT
    )


CALL = """
import ctypes, ctypes.util
from firmware.native.library import load
ffi, library = load()
malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
def heap(count):
    return int(malloc(ctypes.c_size_t(count)))
def call(pcm, out):
    return library.native_logmel(16000, ffi.cast("int16_t *", pcm), 2, ffi.cast("int16_t *", out))
"""


def test_the_library_runs_under_them() -> None:
    result = under_sanitizers("-c", CALL + "assert call(heap(1024), heap(160))\nprint('heard')")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "heard"


def test_a_read_past_the_end_is_caught() -> None:
    result = under_sanitizers("-c", CALL + "call(heap(1022), heap(160))\nprint('heard')")
    assert result.returncode != 0
    assert "heard" not in result.stdout
    assert "AddressSanitizer: heap-buffer-overflow" in result.stderr
    assert "frontend" in result.stderr


def test_a_write_past_the_end_is_caught() -> None:
    result = under_sanitizers("-c", CALL + "call(heap(1024), heap(158))\nprint('heard')")
    assert result.returncode != 0
    assert "AddressSanitizer: heap-buffer-overflow" in result.stderr
    assert "WRITE of size 2" in result.stderr


def test_undefined_behaviour_is_caught() -> None:
    result = under_sanitizers("-c", CALL + "call(heap(1026) + 1, heap(160))\nprint('heard')")
    assert result.returncode != 0
    assert "heard" not in result.stdout
    assert "runtime error" in result.stderr
    assert "misaligned address" in result.stderr


def test_the_tests_of_the_c_pass_under_them() -> None:
    folders = [str(TESTS / name) for name in ("domain", "pipeline", "link", "native")]
    folders.append(f"--ignore={TESTS / 'native/test_library.py'}")
    # --capture=sys: what a sanitizer says last must not be lost with pytest's own file.
    result = under_sanitizers("-m", "pytest", "-q", "--capture=sys", "-p", "no:cacheprovider", *folders)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    assert " passed" in result.stdout
