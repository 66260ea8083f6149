"""The last minutes of a run: their states are theirs alone, and their work fits them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from living_run import PER_S, PERIOD, RATE, living_run

from power import window

STATES = st.lists(st.sampled_from(list(PER_S)), min_size=2, max_size=300)


def test_the_last_seconds_have_the_states_of_those_seconds():
    run = living_run(["hear"] * 100 + ["listen"] * 50)
    found = window.last_seconds(run, 50 * PERIOD / RATE)
    assert found is not None
    assert {name: row.samples for name, row in found.ledger.rows.items() if row.samples} == {"listen": 50 * PERIOD}
    assert found.ledger.rows["listen"].cycles == pytest.approx(50 * PERIOD * PER_S["listen"] / RATE, rel=1e-6)
    assert found.link_bytes is not None
    assert found.link_bytes.sent == 1000


def test_a_run_that_is_not_so_long_has_no_such_end():
    run = living_run(["hear"] * 10)
    assert window.last_seconds(run, 9 * PERIOD / RATE) is not None
    assert window.last_seconds(run, 10 * PERIOD / RATE) is None


def test_work_that_came_late_is_not_blamed_on_a_state_of_moments():
    run = living_run(["hear"] * 50 + ["listen"] * 50 + ["hear"] * 29 + ["listen"])
    # The last chunk's work includes what was said before it: ten times the usual.
    rows = dict(run.ledger.rows)
    usual = rows["listen"].cycles
    rows["listen"] = rows["listen"].model_copy(update={"cycles": usual + 9 * PERIOD * PER_S["listen"] // RATE})
    late = run.model_copy(update={"ledger": run.ledger.model_copy(update={"rows": rows})})
    found = window.last_seconds(late, 30 * PERIOD / RATE)
    assert found is not None
    per_s = found.ledger.rows["listen"].cycles / found.ledger.rows["listen"].samples * RATE
    assert per_s == pytest.approx(rows["listen"].cycles / rows["listen"].samples * RATE, rel=1e-3)


@given(states=STATES, seconds=st.floats(0.1, 400))
def test_an_end_is_a_run_that_adds_up(states, seconds):
    run = living_run(states)
    found = window.last_seconds(run, seconds)
    if found is None:
        assert run.ledger.sample / RATE - PERIOD / RATE < seconds + 1e-6
        return
    heard = found.ledger.sample / RATE
    assert seconds - 1e-6 <= heard < seconds + PERIOD / RATE
    assert sum(row.samples for row in found.ledger.rows.values()) == found.ledger.sample
    assert all(row.cycles >= 0 and row.samples >= 0 for row in found.ledger.rows.values())


@given(states=STATES, most=st.integers(1, 50))
def test_stretches_cover_the_run_and_each_is_whole(states, most):
    run = living_run(states)
    found = window.shares(run, most)
    assert len(found) <= most + 1
    assert found[0][0] == 0
    assert found[-1][1] == run.ledger.sample / RATE
    assert all(before[1] == after[0] for before, after in pairwise(found))
    for start, end, shares in found:
        assert start < end
        assert sum(shares.values()) == pytest.approx(1)
    for name, row in run.ledger.rows.items():
        told = sum((end - start) * shares.get(name, 0.0) for start, end, shares in found)
        assert told == pytest.approx(row.samples / RATE)


def test_what_is_past_stays_as_it_was():
    states = ["hear", "listen", "sleep", "hear"] * 30
    shorter, longer = (window.shares(living_run(states[:count]), 60) for count in (100, 110))
    assert longer[: len(shorter) - 1] == shorter[:-1]
