"""The native library with engine=tflm, where EARSHOT_TFLM_INCLUDE and EARSHOT_TFLM_LIB name a TFLite Micro library."""

import os
import subprocess
import sys

import pytest

from firmware import boards

PROGRAM = """
import sys
import numpy as np
from firmware.link import Config, encode
from firmware.native import NativeBoard
board = NativeBoard()
board.send(encode(Config(scores=1)))
sys.stdout.buffer.write(board.hear(np.frombuffer(sys.stdin.buffer.read(), np.int16)))
"""


def heard_by_another_process(pcm: bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=pcm,
        capture_output=True,
        check=False,
        cwd=boards.FIRMWARE.parent,
        env=os.environ | environment,
    )


def test_the_board_sends_the_same_bytes_with_either_engine(vowels):
    for name in ("EARSHOT_TFLM_INCLUDE", "EARSHOT_TFLM_LIB"):
        if not os.environ.get(name):
            pytest.skip(f"{name} names no TFLite Micro library for this computer")
    pcm = vowels(6).tobytes()
    tflm, own = (heard_by_another_process(pcm, EARSHOT_ENGINE=engine) for engine in ("tflm", "earshot"))
    assert tflm.returncode == 0, tflm.stderr.decode()
    assert len(tflm.stdout) > 10 * 6 * 4 / 5  # scores among them
    assert tflm.stdout == own.stdout


def test_an_engine_without_its_library_is_told_in_a_sentence():
    done = heard_by_another_process(b"", EARSHOT_ENGINE="tflm", EARSHOT_TFLM_INCLUDE="", EARSHOT_TFLM_LIB="")
    assert done.returncode != 0
    assert "engine=tflm needs tflm_include=" in done.stderr.decode()
