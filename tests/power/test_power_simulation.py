"""The discrete-event engine: it agrees with the closed form within 1 %, on what is shipped and on what is drawn."""

import ast
import inspect

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from talking_run import CHUNK, RATE, row, run_of, talking_run

from power import course, discharge, figures, simulation, variants
from power.expectation import expect
from power.last_run import LedgerRow, Snapshot
from power.scenario import Phase, PlaybackUse, RadioUse, Scenario, scenario
from power.simulation import simulate
from power.work import work

WITHIN = 0.01
RECORDED = Scenario(name="day", title="a day", hours=8.0, shares="ledger", temperature=25, cycles=100)
DAYS = ("earpiece", "always_on", "meeting_day", "quiet_day", "noisy_commute")
BOARDS = ("artemis", "apollo4p_evb", "nano33ble", "nrf5340")


def _both(run, board: str, which: Scenario, seed: int = 1):
    parts = figures.board_parts(board)
    done = None if which.fixed else work(run, parts)
    values, day = variants.typical(parts, which, {})
    return expect(done, values, day), simulate(run, done, values, day, seed)


def test_the_engines_share_no_more_than_they_say():
    for module in (simulation, course, discharge):
        imported = {
            name.name
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in node.names
        } | {node.module for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.ImportFrom)}
        assert not {"expect", "consumers", "power.expectation", "power.consumers", "power.loads"} & imported


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize(
    "name", ["earpiece", "always_on", "meeting_day", "quiet_day", "noisy_commute", "original_estimate"]
)
def test_the_engines_agree_on_every_shipped_scenario(name, board):
    budget, simulated = _both(talking_run(), board, scenario(name))

    assert simulated.hours == pytest.approx(float(budget.hours[0]), rel=WITHIN)
    assert simulated.mean_w == pytest.approx(float(budget.from_cell_w[0]), rel=WITHIN)


@pytest.mark.parametrize("name", ["earpiece", "always_on", "meeting_day"])
def test_the_engines_agree_load_by_load(name):
    budget, simulated = _both(talking_run(), "artemis", scenario(name))
    expected: dict[str, float] = {}
    for load in budget.loads:
        expected[load.name] = expected.get(load.name, 0.0) + float(load.watts[0])
    total = sum(expected.values())
    for load, watts in expected.items():
        # Of what is rare, a few draws; of all else a hundredth.
        assert simulated.by_load.get(load, 0.0) == pytest.approx(watts, rel=WITHIN, abs=0.002 * total), load


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    speech=st.floats(0, 0.8),
    transcripts=st.integers(0, 400),
    play=st.floats(0, 0.5),
    radio=st.sampled_from(["connected", "away", "off"]),
    interval=st.floats(0.03, 1.0),
    latency=st.integers(0, 10),
    lost=st.floats(0, 0.4),
    board=st.sampled_from(BOARDS),
    gated=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_the_engines_agree_on_drawn_days(  # noqa: PLR0917
    speech, transcripts, play, radio, interval, latency, lost, board, gated, seed
):
    which = Scenario(
        name="day",
        title="a day",
        hours=8.0,
        radio=RadioUse(interval_s=interval, latency=latency, retry_rate=lost, payload_bytes=244),
        playback=PlaybackUse(gated=gated),
        phases=(
            Phase(
                name="one",
                hours=5,
                speech=speech,
                transcripts_per_hour=transcripts,
                radio=radio,
                playback=play,
                noise="office",
            ),
            Phase(name="two", hours=3),
        ),
    )
    budget, simulated = _both(talking_run(), board, which, seed)

    assert simulated.hours == pytest.approx(float(budget.hours[0]), rel=WITHIN)


@st.composite
def ledgers(draw) -> tuple[Snapshot, ...]:
    """Cumulative ledgers of some hours: states in any order and length, at the image's work or less."""
    states = ("sleep", "hear", "listen", "send")
    stays = draw(
        st.lists(st.tuples(st.sampled_from(states), st.integers(1, 3000), st.floats(0.3, 1.2)), min_size=1, max_size=40)
    )
    rows = {name: LedgerRow(samples=0, cycles=0, entries=0) for name in states}
    found = []
    for name, chunks, effort in stays:
        usual, before = row(name, chunks, 1), rows[name]
        rows[name] = LedgerRow(
            samples=before.samples + usual.samples,
            cycles=before.cycles + int(usual.cycles * effort),
            entries=before.entries + 1,
        )
        found.append(Snapshot(sample=sum(each.samples for each in rows.values()), rows=dict(rows)))
    return tuple(found)


@settings(max_examples=60, deadline=None)
@given(timeline=ledgers(), board=st.sampled_from(BOARDS))
def test_the_engines_agree_on_drawn_ledgers(timeline, board):
    run = run_of(timeline[-1].rows, timeline=timeline)
    budget, simulated = _both(run, board, RECORDED)

    assert simulated.hours == pytest.approx(float(budget.hours[0]), rel=WITHIN)


@settings(max_examples=60, deadline=None)
@given(timeline=ledgers())
def test_a_course_from_ledgers_keeps_their_time_and_work(timeline):
    run = run_of(timeline[-1].rows, timeline=timeline)
    happened = course.recorded(run)

    assert happened.length_s == pytest.approx(run.ledger.sample / RATE)
    assert np.allclose(happened.start[1:], happened.end[:-1])
    for index, name in enumerate(happened.states):
        there = happened.state == index
        seconds = (happened.end - happened.start)[there]
        assert seconds.sum() == pytest.approx(run.ledger.rows[name].samples / RATE)
        assert (seconds * happened.per_s[there]).sum() == pytest.approx(run.ledger.rows[name].cycles, rel=1e-6)


def test_a_timeline_tells_when_and_a_last_ledger_only_how_much():
    quiet, loud = row("hear", 300_000, 1), row("listen", 100_000, 1)
    none = LedgerRow(samples=0, cycles=0, entries=0)
    timeline = (
        Snapshot(sample=quiet.samples, rows={"hear": quiet, "listen": none}),
        Snapshot(sample=quiet.samples + loud.samples, rows={"hear": quiet, "listen": loud}),
    )
    run = run_of({"hear": quiet, "listen": loud}, timeline=timeline)
    parts = figures.board_parts("artemis")
    values, day = variants.typical(parts, RECORDED, {})
    found = simulate(run, work(run, parts), values, day, 1)
    happened = course.recorded(run)
    assert [happened.states[index] for index in happened.state] == ["hear", "listen"]
    assert happened.start[1] == pytest.approx(300_000 * CHUNK / RATE)
    assert found.watts.max() > 1.2 * found.watts.min()


def test_a_drawn_day_has_the_shares_that_the_scenario_says():
    which = scenario("meeting_day")
    parts = figures.board_parts("artemis")
    _, day = variants.typical(parts, which, {})
    happened = course.drawn(work(talking_run(), parts), day, None, seed=3)
    seconds = happened.end - happened.start
    assert (seconds > 0).all() and np.allclose(happened.start[1:], happened.end[:-1])
    for index, phase in enumerate(which.phases):
        inside = happened.phase == index
        assert seconds[inside].sum() == pytest.approx(6 * phase.hours.typ * 3600)
        talk = seconds[inside & (happened.state == course.DRAWN_STATES.index("listen"))].sum()
        assert talk / seconds[inside].sum() == pytest.approx(phase.speech.typ, rel=1e-6)
        played = seconds[inside & happened.playing].sum()
        assert played / seconds[inside].sum() == pytest.approx(phase.playback.typ, rel=1e-6)


def test_connection_events_come_when_the_interval_and_the_latency_say():
    from power import radio

    which = Scenario(
        name="day",
        title="a day",
        hours=8.0,
        radio=RadioUse(interval_s=0.1, latency=4, retry_rate=0),
        phases=(Phase(name="all", hours=0.1, radio="connected"),),
    )
    parts = figures.board_parts("artemis")
    values, day = variants.typical(parts, which, {})
    events = course.drawn(work(talking_run(), parts), day, radio.figures_of(values), seed=1, days=1).events
    assert len(events.at) == 360 / 0.5
    assert np.allclose(np.diff(events.at), 0.5)


def test_a_seed_gives_the_same_discharge_and_another_seed_another():
    one, same, other = (_both(talking_run(), "artemis", scenario("noisy_commute"), seed)[1] for seed in (1, 1, 2))
    assert one.hours == same.hours
    assert np.array_equal(one.watts, same.watts)
    assert one.hours != other.hours


def test_a_discharge_runs_from_full_to_the_cutoff():
    budget, found = _both(talking_run(), "artemis", scenario("earpiece"))
    cell = figures.component(budget.parts.cell)
    cutoff = cell.figure("cutoff").si.typ

    assert found.state_of_charge[0] > 0.99 > found.state_of_charge[-1]
    assert (np.diff(found.state_of_charge) <= 0).all()
    assert found.volts[0] > 4.0
    assert found.ended_s == pytest.approx(found.hours * 3600, rel=0.05)
    # It ends where the terminals meet the cutoff, or where the charge does.
    assert found.volts[-1] < cutoff + 0.05 or found.state_of_charge[-1] < 0.01
    assert found.energy_j == pytest.approx(float((found.watts * np.gradient(found.times_s)).sum()), rel=0.01)
    assert found.lowest_v < found.volts.min()
    assert found.peak_a == pytest.approx(float(budget.peak_a[0]), rel=0.1)


def test_every_wake_and_event_of_a_day_is_counted():
    _, found = _both(talking_run(), "artemis", scenario("earpiece"))
    wakes = 8 * 3600 * RATE / CHUNK
    assert found.events > wakes
    _, recorded = _both(talking_run(), "artemis", RECORDED)
    assert recorded.events == pytest.approx(sum((38_000, 16_500, 100)), abs=2)


def test_work_that_a_stretch_has_no_time_for_is_done_later():
    """Between two ledgers the core may seem busier than it can be: what it ran over is booked late."""
    busy = LedgerRow(samples=100 * CHUNK, cycles=int(150 * CHUNK / RATE * 48e6 / 1.3), entries=1)
    idle = LedgerRow(samples=busy.samples + 100 * CHUNK, cycles=busy.cycles, entries=1)
    timeline = tuple(Snapshot(sample=each.samples, rows={"hear": each}) for each in (busy, idle))
    budget, simulated = _both(run_of({"hear": idle}, timeline=timeline), "artemis", RECORDED)
    assert simulated.hours == pytest.approx(float(budget.hours[0]), rel=WITHIN)
