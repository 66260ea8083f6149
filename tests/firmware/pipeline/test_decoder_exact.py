"""The decoder with a beam wide enough against a search of all paths."""

import numpy as np
import pytest
from exhaustive_decoder import Exhaustive, slots, text
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firmware.domain.binary import decode, encode
from firmware.domain.graph import DomainError
from firmware.native.decoding import Decoder, DecoderConfig
from tests.firmware.domain.domain_graphs import graphs

ALL = 1 << 28
"""A beam that loses nothing."""


@st.composite
def posteriors(draw) -> np.ndarray:
    """A few frames that the first phonemes and the blank share."""
    frames = draw(st.integers(1, 12))
    rows = np.full((frames, 40), -6000, np.int16)
    seen = st.sampled_from([-1, -40, -300, -1000, -2500])
    rows[:, :4] = np.array(draw(st.lists(st.lists(seen, min_size=4, max_size=4), min_size=frames, max_size=frames)))
    rows[:, :4] -= np.random.default_rng(draw(st.integers(0, 99))).integers(0, 30, (frames, 4)).astype(np.int16)
    return rows


@pytest.mark.parametrize("word_cost_q8", [0, 100])
@settings(max_examples=250, deadline=None)
@given(graph=graphs(), rows=posteriors())
def test_score_text_and_slots_are_those_of_the_best_of_all_paths(word_cost_q8, graph, rows):
    try:
        binary = encode(graph)
    except DomainError:
        assume(False)
    judge = Exhaustive(decode(binary), word_cost_q8)
    expected = judge.decode(rows)
    assume(judge.live <= 300)
    wide = {"beam_q8": ALL, "tokens": 384, "scale_q5": 32, "reject_below_q8": 0}
    config = DecoderConfig.shipped(word_cost_q8=word_cost_q8, **wide)
    decoder = Decoder(binary, config)
    result = decoder.decode(rows)
    assert decoder.lost == 0
    if expected is None or (rows[:, 0] >= rows[:, 1:].max(axis=1)).all():
        assert result.text == ""
        return
    score, said = expected
    assert result.score_q8 == score
    assert (result.text, result.slots) in {(text(one), slots(one)) for one in said}
    assert " ".join(word.text for word in result.words) == result.text
