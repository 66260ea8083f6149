"""The front end on the boards: the same log-mel as on the desk, on every path."""

import zlib

import numpy as np

from firmware.bench.frontend import measure_front_end, speech
from firmware.native.features import logmel
from firmware.pipeline.frontend_tables import SHIPPED


def test_every_path_gives_the_desks_log_mel(builder):
    pcm = speech(builder.board.rate)
    expected = zlib.crc32(logmel(pcm, builder.board.rate).tobytes())
    for portable in (True, False):
        figures = measure_front_end(builder, portable=portable)
        assert figures.crc32 == f"{expected:08x}"
        calls_a_second = builder.board.rate / (2 * SHIPPED.hop)
        assert figures.instructions_a_second <= figures.instructions_a_call * calls_a_second
        assert figures.instructions_a_second > 0.9 * figures.instructions_a_call * calls_a_second


def test_the_sound_is_loud_and_soft_but_never_clipped():
    loudness = np.abs(speech(16000).astype(int)).reshape(-1, 2000)  # an eighth of a second each
    assert 5000 < loudness.max() < 32767
    typical = np.median(loudness, axis=1)
    assert 0 < typical.min() < typical.max() / 20
