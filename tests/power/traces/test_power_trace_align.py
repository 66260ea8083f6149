"""Finding a run in a trace without state codes; and refusing where it cannot be told."""

import numpy as np
import pytest

from power.errors import PowerError
from power.traces import synthetic
from power.traces.align import align, state_intervals
from power.traces.states import STATES, Cells, cells_of, whole
from power.traces.synthetic import Instrument, Synthetic


@pytest.fixture
def cells(made):
    def cut(trace: Synthetic) -> Cells:
        stored = made(trace)
        return cells_of(stored, whole(stored), settle_s=0.0)

    return cut


@pytest.mark.parametrize(("lead_s", "clock", "seed"), [(0.0, 1.0, 1), (11.3, 1.0004, 2), (3.7, 0.985, 3)])
def test_offset_and_ratio_of_the_clocks_are_found(cells, lead_s, clock, seed):
    instrument = Instrument(rate=2000, clock=clock, dropouts_per_s=0.5)
    trace = Synthetic(synthetic.talk(180, seed), lead_s=lead_s, instrument=instrument)
    found = align(cells(trace), trace.run())

    assert found.ratio == pytest.approx(clock, abs=2e-4)
    assert found.offset_s + found.ratio * 90 == pytest.approx((lead_s + 90) * clock, abs=0.03)
    assert found.correlation > 0.99
    assert found.rival < 0.9 * found.correlation
    assert abs(found.offset_s - lead_s * clock) < 3 * found.uncertainty_s + 0.02


def test_a_trace_of_a_part_of_the_run_is_placed_in_it(cells):
    trace = Synthetic(synthetic.talk(240, 5), instrument=Instrument(rate=2000))
    every = cells(trace)
    part = every.of((every.start_s > 70) & (every.start_s < 210))
    moved = Cells(**{**part.__dict__, "start_s": part.start_s - 70})
    found = align(moved, trace.run())
    assert found.offset_s + 140 == pytest.approx(140 - 70, abs=0.1)
    assert 100 < found.intervals < 145


def test_intervals_have_the_shares_of_the_states(cells):
    trace = Synthetic(synthetic.talk(120, 6), instrument=Instrument(rate=2000))
    cut = cells(trace)
    run = trace.run()
    amperes, seconds, shares = state_intervals(cut, run, align(cut, run))
    assert len(amperes) == len(seconds) == len(shares) > 100
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(shares)))
    mostly = {
        name: amperes[shares[:, code] > 0.99].mean()
        for code, name in enumerate(STATES)
        if name != "send" and (shares[:, code] > 0.99).any()
    }
    for name, mean in mostly.items():
        assert mean == pytest.approx(trace.means()[name], rel=0.02)


def refused(cells, trace: Synthetic, run, complaint: str):
    with pytest.raises(PowerError, match=complaint):
        align(cells(trace), run)


def test_a_run_that_repeats_itself_is_ambiguous(cells):
    trace = Synthetic((("hear", 61), ("listen", 61)) * 12, lead_s=20, instrument=Instrument(rate=1000))
    refused(cells, trace, trace.run(), "fits the trace at more than one place")


def test_another_run_does_not_follow_the_trace(cells):
    trace = Synthetic(synthetic.talk(180, 7), instrument=Instrument(rate=1000))
    other = Synthetic(synthetic.talk(180, 8), instrument=Instrument(rate=1000))
    refused(cells, trace, other.run(), "does not follow the run|more than one place")


def test_a_run_in_which_nothing_happens_cannot_be_found(cells):
    drawn = {"hear": synthetic.Drawn(300e-6, 900e-6, 2e-3, jitter=0.0)}
    trace = Synthetic((("hear", 2000),), drawn, Instrument(rate=1000))
    refused(cells, trace, trace.run(), "did the same all the time")


def test_a_run_without_a_timeline_says_what_to_do(cells):
    trace = Synthetic(synthetic.talk(60, 9), instrument=Instrument(rate=1000))
    run = trace.run().model_copy(update={"timeline": ()})
    refused(cells, trace, run, "0 snapshots of its ledger.*wire the state pins")


def test_a_trace_too_short_for_the_run_is_refused(cells):
    trace = Synthetic(synthetic.talk(120, 10), instrument=Instrument(rate=1000))
    every = cells(trace)
    with pytest.raises(PowerError, match=r"too few|does not follow|more than one place"):
        align(every.of(every.start_s < 4), trace.run())
