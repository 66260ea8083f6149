"""The closed form, checked by hand on round numbers (see conftest.py) and held to what must be true of any budget."""

import numpy as np
import pytest
from talking_run import talking_run

from power import battery, figures, variants
from power.errors import PowerError
from power.expectation import expect
from power.results import Budget
from power.scenario import Day, Phase, RadioUse, Scenario, scenario
from power.values import Values
from power.waterfall import waterfall
from power.work import work

RECORDED = Scenario(name="day", title="a day", hours=8.0, shares="ledger", temperature=25, cycles=500)
BOARDS = ("artemis", "apollo4p_evb", "nano33ble")


def _day(**phase) -> Scenario:
    return Scenario(name="day", title="a day", hours=8.0, phases=(Phase(name="all", hours=1, **phase),))


def _budget(run, parts, which: Scenario) -> Budget:
    return expect(work(run, parts), Values.typical(parts), Day.typical(which))


def _mw(budget: Budget, name: str) -> float:
    return 1000 * sum(float(load.watts[0]) for load in budget.loads if load.name == name)


def test_typical_power_by_hand(run, parts):
    budget = _budget(run, parts, RECORDED)

    # HEAR: 2.5 M instructions x 2 cycles of 50 M = 10 %; SLEEP: 25 000 x 2 of 50 M = 0.1 %.
    awake = (0.10 + 0.001) / 2
    assert _mw(budget, "core, awake") == pytest.approx(500e-6 * 3 * awake * 1000)  # 10 uA/MHz x 50 MHz at 3 V
    assert _mw(budget, "core, asleep") == pytest.approx(2e-6 * 3 * (1 - awake) * 1000)
    assert _mw(budget, "microphone interface") == pytest.approx(0.3)
    assert _mw(budget, "microphone") == pytest.approx(0.6)
    assert _mw(budget, "serial link") == pytest.approx(0.1 * 3 * 0.01)  # 10 bytes of 10 bits a second at 10 000 baud
    load = 0.07575 + 0.006 * (1 - awake) + 0.3 + 0.6 + 0.003
    # 80 % at any current, and 1 uA at the cell's mean voltage: 5 V down to 3.3 V.
    assert 1000 * budget.from_cell_w == pytest.approx(load / 0.8 + 0.00415, rel=1e-4)
    assert 1000 * budget.regulator_loss_w == pytest.approx(load / 0.8 + 0.00415 - load, rel=1e-3)


def test_hours_by_hand(run, parts):
    budget = _budget(run, parts, RECORDED)

    assert budget.gross_j / 3600 == pytest.approx(0.4)
    # Of 100 mAh: 80 % of age, half held back, 85 % above the cutoff, at 4.15 V.
    usable = 0.1 * 0.8 * 0.5 * 0.85 * 4.15
    assert budget.usable_j / 3600 == pytest.approx(usable, rel=1e-3)
    assert budget.hours == pytest.approx(usable / budget.from_cell_w, rel=1e-3)


def test_cycles_from_silicon_need_no_cycles_an_instruction(run, parts):
    budget = _budget(run.model_copy(update={"cycles_are": "cycles"}), parts, RECORDED)
    assert _mw(budget, "core, awake") == pytest.approx(500e-6 * 3 * 0.0505 / 2 * 1000)
    assert "core.cpi" not in {each.key for each in budget.evidence}


def test_waking_and_settling_are_rows_of_their_own():
    parts = figures.board_parts("artemis")
    done, values = work(talking_run(), parts), Values.typical(parts)
    budget = expect(done, values, Day.typical(_day()))
    at_work = float((values["apollo3.run"] * values["apollo3.clock"])[0]) * values.figure("apollo3.supply").si.typ
    for name, key in (("core, waking", "apollo3.wake"), ("core, settling", "apollo3.settle")):
        assert _mw(budget, name) == pytest.approx(1000 * at_work * done.wakes_per_s * float(values[key][0]))


def test_a_core_takes_the_same_power_at_another_rail_and_a_microphone_the_same_current():
    parts = figures.board_parts("artemis")
    given = figures.component("apollo3").figure("supply").si.typ
    rails = {
        name: rail.model_copy(update={"volts": given}) if rail.volts else rail for name, rail in parts.rails.items()
    }
    other = parts.model_copy(update={"rails": rails})
    run, day = talking_run(), _day(speech=0.3)
    one, two = _budget(run, parts, day), _budget(run, other, day)
    volts = parts.rails["main"].volts
    assert _mw(one, "core, awake") == pytest.approx(_mw(two, "core, awake"))
    assert _mw(one, "microphone") / volts == pytest.approx(_mw(two, "microphone") / given)


def test_false_accepts_are_energy_and_a_row_of_their_own():
    run, parts = talking_run(), figures.board_parts("artemis")
    quiet, loud = (_budget(run, parts, _day(noise=noise)) for noise in ("silence", "music"))
    assert _mw(quiet, "core, false accepts") == 0
    assert _mw(loud, "core, false accepts") > 0.1
    assert loud.from_cell_w > quiet.from_cell_w
    # As many seconds of listening as speech for that share of the time would be.
    share = 517 * 2 / 3600
    talk = _budget(run, parts, _day(speech=share))
    assert _mw(loud, "core, false accepts") == pytest.approx(
        sum(1000 * float(load.watts[0]) for load in talk.loads if load.state == "listen")
    )


def test_away_the_radio_advertises_and_off_it_draws_nothing():
    run, parts = talking_run(), figures.board_parts("artemis")
    rows = {
        radio: {load.name for load in _budget(run, parts, _day(radio=radio)).loads}
        for radio in ("connected", "away", "off")
    }
    assert {"connection events", "radio, asleep"} <= rows["connected"]
    assert "advertising" in rows["away"] and "connection events" not in rows["away"]
    assert not {"advertising", "connection events", "radio, asleep"} & rows["off"]


@pytest.mark.parametrize(
    ("change", "dearer"),
    [({"interval_s": 0.5}, False), ({"latency": 0}, True), ({"retry_rate": 0.5}, True), ({"interval_s": 0.0075}, True)],
)
def test_the_radio_costs_more_the_more_it_does(change, dearer):
    run, parts = talking_run(), figures.board_parts("artemis")
    usual = _day(radio="connected", transcripts_per_hour=100)
    other = usual.model_copy(update={"radio": RadioUse(**change)})
    costs = [_mw(_budget(run, parts, which), "connection events") for which in (usual, other)]
    assert (costs[1] > costs[0]) == dearer


def test_a_transcript_costs_what_its_bytes_cost():
    run, parts = talking_run(), figures.board_parts("artemis")
    costs = [
        _mw(
            _budget(
                run,
                parts,
                _day(radio="connected", transcripts_per_hour=count).model_copy(
                    update={"radio": RadioUse(bytes_a_transcript=size, latency=0, retry_rate=0, payload_bytes=100)}
                ),
            ),
            "transcripts",
        )
        for count, size in ((100, 100), (200, 100), (100, 200))
    ]
    assert costs[1] == pytest.approx(2 * costs[0])
    assert costs[2] == pytest.approx(2 * costs[0])


def test_an_ungated_amplifier_draws_all_day():
    run, parts = talking_run(), figures.board_parts("artemis")
    gated = _day(radio="connected", playback=0.1, level_vrms=0.1)
    open_all_day = gated.model_copy(update={"playback": gated.playback.model_copy(update={"gated": False})})
    assert _mw(_budget(run, parts, open_all_day), "amplifier, on") == pytest.approx(
        10 * _mw(_budget(run, parts, gated), "amplifier, on"), rel=0.01
    )


def test_a_sound_takes_level_squared_by_impedance():
    run, parts = talking_run(), figures.board_parts("artemis")
    values = Values.typical(parts)
    expected = 0.2**2 / values[f"{parts.speaker}.impedance"] / values[f"{parts.amplifier}.efficiency"] * 0.1
    budget = _budget(run, parts, _day(radio="connected", playback=0.1, level_vrms=0.2))
    assert _mw(budget, "sound") == pytest.approx(1000 * float(expected[0]))


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", ["earpiece", "always_on", "meeting_day", "quiet_day", "noisy_commute"])
def test_loads_and_losses_add_up_to_what_the_cell_gives(board, name):
    parts, which = figures.board_parts(board), scenario(name)
    done = work(talking_run(), parts)
    values, day = variants.sampled(parts, which, {}, 50, 1)
    budget = expect(done, values, day)
    assert sum(load.watts for load in budget.loads) + budget.regulator_loss_w == pytest.approx(budget.from_cell_w)
    assert (budget.regulator_loss_w > 0).all()
    assert (budget.usable_j <= 1.15 * budget.gross_j).all()
    assert (budget.hours > 0).all()
    typical = expect(done, *variants.typical(parts, which, {}))
    weights = np.array([phase.duration_s for phase in typical.phases])
    phases = np.array([float(phase.watts_from_cell[0]) for phase in typical.phases])
    assert (weights * phases).sum() / weights.sum() == pytest.approx(float(typical.from_cell_w[0]))
    for phase in typical.phases:
        assert sum(phase.by_state.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("board", BOARDS)
def test_many_variants_at_once_are_the_variants_one_by_one(board):
    parts, which = figures.board_parts(board), scenario("earpiece")
    done = work(talking_run(), parts)
    together = expect(done, *variants.typical(parts, which, {"cell.capacity": [900.0, 1080.0]}, 2))
    for i, capacity in enumerate((900.0, 1080.0)):
        alone = expect(done, *variants.typical(parts, which, {"cell.capacity": capacity}))
        assert together.hours[i] == pytest.approx(float(alone.hours[0]))


@pytest.mark.parametrize("board", BOARDS)
def test_the_waterfall_runs_from_the_rating_to_the_loads(board):
    parts, which = figures.board_parts(board), scenario("earpiece")
    values, day = variants.typical(parts, which, {})
    budget = expect(work(talking_run(), parts), values, day)
    steps = waterfall(budget, battery.cell_of(values, day)).steps
    assert steps[0] == ("gross", pytest.approx(float(budget.gross_j[0])))
    assert steps[-1][1] == pytest.approx(sum(joules for _, joules in steps[:-1]))
    at_loads = sum(float(load.watts[0]) for load in budget.loads)
    assert steps[-1][1] == pytest.approx(at_loads * float(budget.hours[0]) * 3600, rel=1e-6)


def test_every_load_names_figures_that_there_are():
    parts, which = figures.board_parts("artemis"), scenario("earpiece")
    values, day = variants.typical(parts, which, {})
    budget = expect(work(talking_run(), parts), values, day)
    for load in budget.loads:
        assert load.rests_on
        for key in load.rests_on:
            assert values.has(key) or day.spread(key.removeprefix("scenario."))
    evidence = {each.key: each for each in budget.evidence}
    assert set(values.used) <= set(evidence)
    # The microphone's current is in one load: through the regulator it is a little more.
    microphone = _mw(budget, "microphone")
    assert microphone < evidence["sph0641.listening"].milliwatts < 1.5 * microphone


def test_speech_without_a_recording_of_speech_is_refused(run, parts):
    with pytest.raises(PowerError, match=r"phase all, needs the work of the state 'listen'.*replay a recording"):
        _budget(run, parts, _day(speech=0.5))


@pytest.mark.parametrize(
    ("phase", "complaint"),
    [
        ({"radio": "connected"}, "uses a radio, and board toy has none"),
        ({"playback": 0.1}, "plays, and board toy has no speaker"),
    ],
)
def test_a_scenario_that_the_board_cannot_do_is_refused(run, parts, phase, complaint):
    with pytest.raises(PowerError, match=complaint):
        _budget(run, parts, _day(**phase))


def test_a_phase_that_is_more_than_full_is_refused():
    with pytest.raises(PowerError, match=r"phase all, is more than full"):
        _budget(talking_run(), figures.board_parts("artemis"), _day(speech=1.0, transcripts_per_hour=3600))


def test_a_voice_that_the_interval_cannot_carry_is_refused():
    which = _day(radio="connected", playback=0.1)
    which = which.model_copy(update={"playback": which.playback.model_copy(update={"bytes_a_second": _one(40_000)})})
    which = which.model_copy(update={"radio": RadioUse(interval_s=0.0075, payload_bytes=20)})
    with pytest.raises(PowerError, match=r"40000 bytes a second of voice need .* of a connection interval of 7.5 ms"):
        _budget(talking_run(), figures.board_parts("artemis"), which)


def test_transcripts_that_the_air_cannot_carry_are_refused():
    which = _day(radio="connected", transcripts_per_hour=3000)
    which = which.model_copy(update={"radio": RadioUse(bytes_a_transcript=90_000)})
    with pytest.raises(PowerError, match=r"transcripts need \d+ % of the time on the air; lower"):
        _budget(talking_run(), figures.board_parts("artemis"), which)


def _one(value: float):
    return RadioUse(interval_s=0.1).interval_s.model_copy(update={"min": value, "typ": value, "max": value})


def test_a_scenario_that_needs_a_run_says_so(parts):
    with pytest.raises(PowerError, match="needs a run; make one with"):
        expect(None, Values.typical(parts), Day.typical(RECORDED))


def test_the_original_estimate_is_its_own_45_mw_of_138_75():
    which = scenario("original_estimate")
    budget = expect(None, Values.typical(figures.board_parts("artemis")), Day.typical(which))
    found = {load.name: round(1000 * float(load.watts[0]), 6) for load in budget.loads}
    assert found == {
        "voice detection": 0.5,
        "recognition": 4.5,  # 15 mW for 30 % of the time
        "Bluetooth LE": 10.0,
        "microphone, codec and MCU": 30.0,
    }
    assert 1000 * budget.from_cell_w == pytest.approx(45.0)
    assert 1000 * budget.gross_j / 3600 / which.hours == pytest.approx(138.75)
    assert budget.regulator_loss_w == pytest.approx(0, abs=1e-12)
