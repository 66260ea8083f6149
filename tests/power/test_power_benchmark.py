"""The benchmark's day of ledgers: a run that holds, of 24 hours, on which the engines agree."""

import pytest
from talking_run import talking_run

from power import figures, variants
from power.benchmark import LIMITS_S, day_long, measured
from power.expectation import expect
from power.last_run import LastRun
from power.scenario import scenario
from power.simulation import simulate
from power.work import work


def test_a_day_of_ledgers_is_a_run_of_24_hours_with_the_same_shares():
    run = day_long(talking_run())
    assert LastRun.model_validate(run.model_dump()) == run
    assert len(run.timeline) == 4096
    # As many whole chunks for each ledger as go into a day: the last seconds are left over.
    assert run.ledger.sample / run.rate == pytest.approx(86_400, rel=0.002)
    before = talking_run().ledger
    for name, row in run.ledger.rows.items():
        share = row.samples / run.ledger.sample
        assert share == pytest.approx(before.rows[name].samples / before.sample, abs=0.002)


def test_the_engines_agree_on_a_day_of_ledgers():
    run, parts, which = day_long(talking_run()), figures.board_parts("artemis"), scenario("always_on")
    values, day = variants.typical(parts, which, {})
    done = work(run, parts)
    hours = float(expect(done, values, day).hours[0])
    assert simulate(run, done, values, day, 1).hours == pytest.approx(hours, rel=0.01)


def test_all_that_has_a_limit_is_measured():
    found = measured(figures.board_parts("artemis"), talking_run())
    assert set(found) == set(LIMITS_S)
    assert all(seconds > 0 for seconds in found.values())
