"""The front end on the boards: the same log-mel as on the desk, on every path."""

import zlib

import pytest

from firmware.bench.frontend import measure_front_end, speech
from firmware.native.features import logmel


def test_every_path_gives_the_desks_log_mel(builder):
    pcm = speech(builder.board.rate)
    expected = zlib.crc32(logmel(pcm, builder.board.rate).tobytes())
    for portable in (True, False):
        figures = measure_front_end(builder, portable=portable)
        assert figures.crc32 == f"{expected:08x}"
        assert figures.instructions_a_second == pytest.approx(
            figures.instructions_a_hop * figures.rate_hz / 256, rel=0.05
        )


def test_the_sound_is_loud_and_soft_but_never_clipped():
    pcm = speech(16000).astype(int).reshape(-1, 2000)
    peaks = abs(pcm).max(axis=1)
    assert 5000 < peaks.max() < 32767
    assert 0 < peaks.min() < peaks.max() / 50
