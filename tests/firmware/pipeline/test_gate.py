"""The gate: what opens it, what closes it, and where segments start and end."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.link import Config
from firmware.native import CHUNK, openings, segments
from firmware.native.library import load

FFI, LIBRARY = load()

Cut = tuple[int, int, int]


def cuts(probabilities: list[int], **settings: int) -> list[Cut]:
    config = Config(**{"on_q8": 128, "off_q8": 90, "min_speech_chunks": 2, "hangover_chunks": 3} | settings)
    found = segments(np.array(probabilities, np.uint8), config)
    assert [s.id for s in found] == list(range(1, len(found) + 1))
    return [(s.start, s.end, s.peak_q8) for s in found]


def chunks(first: int, after_last: int, pre_roll: int = 0) -> tuple[int, int]:
    return first * CHUNK - pre_roll, after_last * CHUNK


def opening(row: list[int], at: int, config: Config) -> tuple[int, int] | None:
    """The first and the last chunk of the run from `at` on that opens the gate, by the definition of the sum."""
    level = config.on_q8 - 1 - (config.on_q8 - config.off_q8) // 2
    sums = [0, *itertools.accumulate(p - level for p in row)]
    for last in range(at, len(row)):
        # A run has evidence all the way: the sum from its first chunk on is never back at zero.
        first = next((i for i in range(at, last + 1) if min(sums[i + 1 : last + 2]) > sums[i]), None)
        if first is not None and sums[last + 1] - sums[first] >= config.min_speech_chunks * (config.on_q8 - level):
            return first, last
    return None


def expected(row: list[int], config: Config) -> list[Cut]:
    """The gate's definition read off the whole row at once."""
    found: list[Cut] = []
    last_end = at = 0
    while run := opening(row, at, config):
        first, opened = run
        closes = [
            i
            for i in range(opened + config.hangover_chunks, len(row))
            if all(p < config.off_q8 for p in row[i - config.hangover_chunks + 1 : i + 1])
        ]
        at = closes[0] + 1 if closes else len(row)
        last = max(i for i in range(opened, at) if row[i] >= config.off_q8)
        start = max(first * CHUNK - config.pre_roll_samples, last_end, 0)
        last_end = (last + 1) * CHUNK
        found.append((start, last_end, max(row[first : last + 1])))
    return found


def test_silence_has_no_segment() -> None:
    assert cuts([0] * 100) == []


def test_as_many_chunks_at_the_threshold_as_are_asked_for_open_the_gate_and_one_less_do_not() -> None:
    for count in (1, 2, 5, 60):
        row = [0, *[128] * count, 0, 0, 0]
        assert cuts(row, min_speech_chunks=count, pre_roll_samples=0) == [(*chunks(1, count + 1), 128)]
        assert cuts([0, *row[2:]], min_speech_chunks=count) == []


def test_surer_chunks_open_it_sooner_and_doubtful_ones_later() -> None:
    sure = openings(np.array([255] * 9, np.uint8), Config(on_q8=128, off_q8=90, min_speech_chunks=6))
    doubtful = openings(np.array([118] * 20, np.uint8), Config(on_q8=128, off_q8=90, min_speech_chunks=6))
    assert [opened // CHUNK for _, opened in sure] == [1]
    assert [opened // CHUNK for _, opened in doubtful] == [12]


def test_chunks_half_way_between_on_and_off_never_open_it() -> None:
    assert cuts([108] * 1000) == []


def test_a_dip_in_a_short_word_takes_away_no_more_than_it_is_deep() -> None:
    assert cuts([0, 128, 100, 138, 0, 0, 0], pre_roll_samples=0) == [(*chunks(1, 4), 138)]
    assert cuts([0, 128, 80, 138, 0, 0, 0], pre_roll_samples=0) == []


def test_a_click_leaves_nothing_behind() -> None:
    assert cuts([0, 255, 0, 0, 255, 0, 0], min_speech_chunks=12) == []


def test_a_run_that_takes_long_to_open_the_gate_starts_no_earlier_than_what_may_be_asked_for() -> None:
    row = [200] * 300
    ((segment, opened),) = openings(
        np.array(row, np.uint8), Config(on_q8=255, off_q8=1, min_speech_chunks=60, pre_roll_samples=0)
    )
    assert opened > 100 * CHUNK
    assert segment.start == opened - 60 * CHUNK


def test_a_segment_runs_from_the_first_chunk_of_evidence_to_the_last_above_off() -> None:
    assert cuts([0, 200, 210, 90, 89, 89, 89, 0], pre_roll_samples=0) == [(*chunks(1, 4), 210)]


def test_a_pause_shorter_than_the_hangover_joins() -> None:
    assert cuts([200, 200, 0, 0, 200, 0, 0, 0], pre_roll_samples=0) == [(*chunks(0, 5), 200)]


def test_a_pause_as_long_as_the_hangover_parts() -> None:
    assert cuts([200, 200, 0, 0, 0, 220, 220, 0, 0, 0], pre_roll_samples=0) == [
        (*chunks(0, 2), 200),
        (*chunks(5, 7), 220),
    ]


def test_pre_roll_reaches_back_but_not_before_the_recording() -> None:
    assert cuts([0, 200, 200], pre_roll_samples=512)[0][0] == 0
    assert cuts([0, 200, 200], pre_roll_samples=500)[0][0] == 12
    assert cuts([0, 200, 200], pre_roll_samples=32000)[0][0] == 0


def test_pre_roll_stops_at_the_end_of_the_segment_before() -> None:
    first, second = cuts([200, 200, 0, 0, 0, 220, 220, 0, 0, 0], pre_roll_samples=32000)
    assert second[0] == first[1] == 2 * CHUNK


def test_a_segment_still_open_at_the_end_counts() -> None:
    assert cuts([200, 200, 0], pre_roll_samples=0) == [(*chunks(0, 2), 200)]


@st.composite
def configs(draw: st.DrawFn) -> Config:
    on = draw(st.integers(1, 255))
    return Config(
        on_q8=on,
        off_q8=draw(st.integers(1, on)),
        min_speech_chunks=draw(st.integers(1, 6)),
        hangover_chunks=draw(st.integers(1, 6)),
        pre_roll_samples=draw(st.integers(0, 5000)),
    )


@given(st.lists(st.sampled_from([0, 1, 60, 90, 127, 128, 129, 200, 255]), max_size=60), configs())
def test_segments_are_what_the_definition_says(row: list[int], config: Config) -> None:
    found = [(s.start, s.end, s.peak_q8) for s in segments(np.array(row, np.uint8), config)]
    assert found == expected(row, config)


@given(st.lists(st.integers(0, 255), max_size=60), configs())
def test_segments_are_in_order_and_never_overlap(row: list[int], config: Config) -> None:
    edges = [edge for s in segments(np.array(row, np.uint8), config) for edge in (s.start, s.end)]
    assert edges == sorted(edges)
    assert all(start < end for start, end in zip(edges[::2], edges[1::2], strict=True))


def test_sample_counts_go_on_beyond_32_bits() -> None:
    gate = fresh(min_speech_chunks=1, hangover_chunks=1, pre_roll_samples=100)
    day = 1 << 40
    assert LIBRARY.gate_decide(gate, day, CHUNK, 255, False) == LIBRARY.GATE_OPENED
    assert LIBRARY.gate_decide(gate, day + CHUNK, CHUNK, 0, False) == LIBRARY.GATE_CLOSED
    assert (gate.segment.start, gate.segment.end) == (day - 100, day + CHUNK)


def test_new_thresholds_hold_from_the_next_chunk_and_leave_the_gate_open() -> None:
    gate = fresh(min_speech_chunks=1, hangover_chunks=2, pre_roll_samples=0)
    LIBRARY.gate_decide(gate, 0, CHUNK, 255, False)
    strict = config_of(on_q8=255, off_q8=255, min_speech_chunks=1, hangover_chunks=1, pre_roll_samples=0)
    LIBRARY.gate_configure(gate, strict)
    assert gate.open
    assert LIBRARY.gate_decide(gate, CHUNK, CHUNK, 254, False) == LIBRARY.GATE_CLOSED
    assert gate.segment.end == CHUNK


def decided(gate: Any, row: list[int], complete: bool) -> list[int]:
    """The gate's events for a row of probabilities."""
    return [LIBRARY.gate_decide(gate, i * CHUNK, CHUNK, p, complete) for i, p in enumerate(row)]


@pytest.mark.parametrize(("complete", "closes"), [(True, 3), (False, 6)])
def test_after_a_whole_phrase_the_gate_closes_sooner_and_the_segment_is_the_same(complete: bool, closes: int) -> None:
    gate = fresh(min_speech_chunks=1, hangover_chunks=5, hangover_complete_chunks=2)
    events = decided(gate, [255, 200, 0, 0, 0, 0, 0], complete)
    assert events.index(LIBRARY.GATE_CLOSED) == closes
    assert (gate.segment.start, gate.segment.end) == (0, 2 * CHUNK)


def test_a_hangover_that_is_short_anyway_is_not_made_longer_by_a_whole_phrase() -> None:
    gate = fresh(min_speech_chunks=1, hangover_chunks=1, hangover_complete_chunks=4)
    assert decided(gate, [255, 0], complete=True)[-1] == LIBRARY.GATE_CLOSED


def test_a_phrase_that_becomes_whole_in_the_hangover_closes_the_gate_at_once() -> None:
    gate = fresh(min_speech_chunks=1, hangover_chunks=9, hangover_complete_chunks=2)
    decided(gate, [255, 0, 0, 0, 0], complete=False)
    assert LIBRARY.gate_decide(gate, 5 * CHUNK, CHUNK, 0, True) == LIBRARY.GATE_CLOSED


def test_a_cut_ends_a_segment_and_starts_the_next_one_where_it_ended() -> None:
    gate = fresh(min_speech_chunks=1, hangover_chunks=1, pre_roll_samples=2 * CHUNK)
    decided(gate, [0, 255, 200, 200, 200], complete=False)
    first = LIBRARY.gate_cut(gate, 3 * CHUNK)
    assert (first.start, first.end, first.peak_q8) == (0, 3 * CHUNK, 255)
    assert gate.open
    assert LIBRARY.gate_decide(gate, 5 * CHUNK, CHUNK, 0, False) == LIBRARY.GATE_CLOSED
    assert (gate.segment.start, gate.segment.end) == (3 * CHUNK, 5 * CHUNK)


def config_of(**settings: int) -> Any:
    return FFI.new("struct gate_config *", {"on_q8": 128, "off_q8": 90} | settings)


def fresh(**settings: int) -> Any:
    gate = FFI.new("struct gate *")
    LIBRARY.gate_init(gate, config_of(**settings))
    return gate


@pytest.mark.parametrize("row", [np.zeros(3), np.zeros((2, 2), np.uint8)])
def test_probabilities_of_another_shape_are_refused(row: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"not uint8 \[chunks\]"):
        segments(row)


def test_a_setting_out_of_range_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="off_q8 is 129, not from 1 to 128"):
        segments(np.zeros(3, np.uint8), Config(on_q8=128, off_q8=129))
