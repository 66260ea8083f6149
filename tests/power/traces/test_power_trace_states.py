"""Splitting by state: codes, transits, cells, and the settling time after a change of state."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import boards as firmware_boards
from firmware.pipeline.frontend_tables import FrontEnd
from power.errors import PowerError
from power.traces import states
from power.traces.states import CHUNK_S, SETTLE_S, STATES, RunFinder, cells_of, decoder, segments_of
from power.traces.synthetic import Drawn, Instrument, Synthetic

LISTENER = Path("firmware/pipeline/listener.h")


def test_states_and_chunk_are_the_firmwares():
    text = LISTENER.read_text()
    found = dict(re.findall(r"LISTENER_([A-Z]+) = (\d)", text))
    assert {name: int(code) for name, code in found.items()} == {name.upper(): n for n, name in enumerate(STATES)}
    hop = FrontEnd().hop
    hops = int(re.search(r"DETECTOR_HOPS (\d+)", Path("firmware/pipeline/detector.h").read_text()).group(1))
    board = firmware_boards.load("artemis")
    assert hop * hops / board.rates[0] == CHUNK_S
    assert len(states.DEFAULT_CHANNELS) == len(board.state_pins)


def test_channels_make_the_code_in_their_order():
    decode = decoder((2, 0))
    assert decode[0b001] == 2
    assert decode[0b100] == 1
    assert decode[0b010] == 0
    assert decode[0b101] == 3


def runs_of(codes, transit=0, cuts=()):
    finder = RunFinder()
    codes = np.asarray(codes, np.uint8)
    for part in np.split(np.arange(len(codes)), cuts):
        finder.add(int(part[0]) if len(part) else 0, codes[part])
    found = finder.segments(transit)
    return list(zip(found.start.tolist(), found.stop.tolist(), found.code.tolist(), strict=True))


def test_a_transit_between_two_states_belongs_to_the_second():
    # 1 to 2 by way of 3: bit 1 rises a sample before bit 0 falls.
    assert runs_of([1, 1, 1, 3, 2, 2, 2], transit=1) == [(0, 3, 1), (3, 7, 2)]
    assert runs_of([1, 1, 1, 3, 2, 2, 2], transit=0) == [(0, 3, 1), (3, 4, 3), (4, 7, 2)]


def test_a_glitch_within_a_state_is_none_of_its_ends():
    assert runs_of([1, 1, 1, 0, 1, 1], transit=1) == [(0, 6, 1)]


def test_transits_at_the_ends():
    assert runs_of([4, 1, 1, 1, 0], transit=1) == [(0, 5, 1)]
    assert runs_of([4], transit=1) == [(0, 1, 4)]
    assert runs_of([]) == []


@settings(max_examples=150, deadline=None)
@given(
    codes=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    transit=st.integers(0, 3),
    cuts=st.lists(st.integers(1, 59), max_size=4),
)
def test_segments_cover_all_and_do_not_depend_on_the_blocks(codes, transit, cuts):
    found = runs_of(codes, transit, sorted({cut for cut in cuts if cut < len(codes)}))
    assert found == runs_of(codes, transit)
    assert (found[0][0], found[-1][1]) == (0, len(codes))
    for (_, stop, code), (start, _, other) in itertools.pairwise(found):
        assert stop == start
        assert code != other


def test_channels_that_are_no_state_codes_are_refused(monkeypatch):
    monkeypatch.setattr(states, "MOST_SEGMENTS", 100)
    with pytest.raises(PowerError, match="they are no state codes; are they wired"):
        runs_of([0, 1] * 60)


def mean_of(trace, name, **options):
    cells = cells_of(trace, segments_of(trace, (0, 1, 2)), **options)
    mine = cells.of(cells.code == STATES.index(name))
    return float((mine.amperes * mine.seconds).sum() / mine.seconds.sum()), mine


@pytest.fixture(scope="module")
def hopping() -> Synthetic:
    """Short stays in two states, on a board whose capacitors take 2 ms: much of each stay is the state before's."""
    drawn = {"hear": Drawn(300e-6, 900e-6, 2e-3), "listen": Drawn(300e-6, 5e-3, 31.5e-3, jitter=0.01)}
    instrument = Instrument(rate=20_000, smear_s=2e-3)
    return Synthetic((("hear", 12), ("listen", 3)) * 40, drawn, instrument, edge_s=0.0)


def test_without_settling_time_a_state_takes_charge_of_the_one_before(hopping, made):
    trace = made(hopping)
    truth = hopping.means()["hear"]
    assert mean_of(trace, "hear", settle_s=0.0)[0] > 1.03 * truth


def test_the_settling_time_is_left_out_and_leaves_no_bias(hopping, made):
    trace = made(hopping)
    truth = hopping.means()["hear"]
    mean, mine = mean_of(trace, "hear", settle_s=10e-3)
    assert mean == pytest.approx(truth, rel=0.01)
    assert mine.replaced.sum() == 39
    assert len(mine) == 40 * 12
    # What was left out is not counted as measured.
    assert mine.samples.sum() == pytest.approx((40 * 12 * CHUNK_S - 39 * 10e-3) * 20_000, rel=1e-3)


def test_the_default_settling_time_leaves_no_bias_on_a_board_that_needs_none(made):
    sharp = Synthetic((("hear", 5), ("listen", 2)) * 60, instrument=Instrument(rate=20_000))
    trace = made(sharp)
    for name, truth in sharp.means().items():
        for settle in (0.0, SETTLE_S, 8e-3):
            assert mean_of(trace, name, settle_s=settle)[0] == pytest.approx(truth, rel=0.003), (name, settle)


def test_a_stay_of_one_wake_is_taken_whole(made):
    trace = made(Synthetic((("hear", 8), ("send", 1)) * 20, instrument=Instrument(rate=20_000)))
    _, mine = mean_of(trace, "send")
    assert not mine.replaced.any()
    assert mine.seconds[:-1] == pytest.approx(np.full(19, CHUNK_S), abs=2e-4)


def test_too_few_samples_for_a_wake_are_refused(made):
    trace = made(Synthetic((("hear", 60),), instrument=Instrument(rate=20)))
    with pytest.raises(PowerError, match="20 samples a second are too few"):
        cells_of(trace, segments_of(trace, (0, 1, 2)))
