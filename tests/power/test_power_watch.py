"""`power watch`: the hours of a run as it is, in a line, an object and a screen of any size."""

import json
import signal
import time
from functools import partial

import pytest
from living_run import PERIOD, RATE, living_run
from rich.console import Console

from power import figures, last_run, watch_view
from power.errors import PowerError
from power.expectation import expect
from power.follow import Moment
from power.forecast import Forecaster
from power.scenario import Day, scenario
from power.values import Values
from power.watch_command import parts_for
from power.work import work

TALK = (["hear"] * 7 + ["listen"] * 2 + ["send"]) * 20
QUIET = ["hear"] * 200


@pytest.fixture
def watching(started):
    """Starts `power watch ARGUMENTS`; ends it with the test."""
    return partial(started, "watch")


def outlook(states: list[str], *, recent_s: float = 60, name: str = "always_on"):
    return Forecaster(figures.board_parts("artemis"), scenario(name), recent_s=recent_s, days=200).outlook(
        living_run(states)
    )


def test_the_hours_are_the_models_own():
    run, parts, day = living_run(TALK), figures.board_parts("artemis"), scenario("always_on")
    budget = expect(work(run, parts), Values.typical(parts), Day.typical(day))
    found = outlook(TALK).whole
    assert found.hours_typ == pytest.approx(float(budget.hours[0]))
    assert found.mw == pytest.approx(1e3 * float(budget.from_cell_w[0]))
    assert sum(mw for _, mw in found.loads) == pytest.approx(found.mw)
    assert found.p5 < found.hours_typ
    assert sum(found.shares.values()) == pytest.approx(1)


def test_the_last_minutes_are_told_apart_from_the_whole():
    found = outlook(TALK + QUIET, recent_s=100 * PERIOD / RATE)
    assert found.recent is not None
    assert found.recent.shares == {"hear": 1.0}
    assert found.recent.hours_typ > found.whole.hours_typ
    assert found.recent_s == pytest.approx(100 * PERIOD / RATE)


def test_the_trend_adds_up_to_the_whole_run():
    found = outlook(TALK + QUIET)
    seconds = found.trend[-1].end_s
    mean = sum(one.mw * (one.end_s - one.start_s) for one in found.trend) / seconds
    assert mean == pytest.approx(found.whole.mw, rel=1e-3)
    assert max(one.mw for one in found.trend[:40]) > found.trend[-1].mw


def test_the_first_moments_of_speech_are_no_error():
    run = living_run(["hear", "hear", "listen"])
    rows = dict(run.ledger.rows)
    rows["listen"] = rows["listen"].model_copy(update={"cycles": 10 * rows["listen"].cycles})
    hurried = run.model_copy(update={"ledger": run.ledger.model_copy(update={"rows": rows}), "timeline": ()})
    forecaster = Forecaster(figures.board_parts("artemis"), scenario("always_on"), recent_s=60, days=100)
    assert forecaster.outlook(hurried).whole.hours_typ > 0


def test_another_scenario_takes_the_work_and_not_the_times():
    found = outlook(TALK, name="earpiece")
    assert found.trend == ()
    assert found.whole.hours_typ == pytest.approx(outlook(TALK + TALK, name="earpiece").whole.hours_typ, rel=1e-3)


def test_a_run_finds_the_parts_of_its_core():
    assert parts_for(living_run(QUIET)).name == "artemis"
    assert "mps2_an386" in parts_for(living_run(QUIET, board="mps2_an386")).ledgers_of
    with pytest.raises(PowerError, match="counts no work; listen to another"):
        parts_for(living_run(QUIET, board="native"))


@pytest.mark.parametrize("width", [40, 84, 120, 200])
@pytest.mark.parametrize("height", [6, 15, 25, 40, 90])
def test_the_screen_fills_any_size_and_breaks_at_none(width, height):
    screen = watch_view.Screen()
    run = living_run(TALK)
    screen.show(Moment("stalled", run, "no ledger since 12:00:00; is the board still there?"), outlook(TALK), "")
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as shown:
        console.print(screen, height=height)
    lines = shown.get().rstrip("\n").split("\n")
    assert len(lines) == height
    assert all(len(line) == max(width, 0) for line in lines)
    if height >= 25 and width >= 84:
        text = shown.get()
        for word in ("since start", "5th percentile", "core, awake", "microphone", "HEAR", "no ledger since"):
            assert word in text


def test_a_line_and_an_object_say_the_same():
    run, found = living_run(TALK), outlook(TALK)
    moment = Moment("live", run, "")
    line = dict(part.split("=") for part in watch_view.line(moment, found, "").split()[1:])
    document = watch_view.document(moment, found, "")
    assert float(line["hours"]) == pytest.approx(document["since_start"]["hours"]["typ"], abs=0.06)
    assert float(line["p5"]) == pytest.approx(document["since_start"]["hours"]["p5"], abs=0.06)
    assert float(line["recent_mw"]) == pytest.approx(document["recent"]["mw"], abs=1e-4)
    assert float(line["listen"]) == pytest.approx(document["since_start"]["shares"]["listen"], abs=1e-4)
    json.dumps(document, allow_nan=False)


def test_a_pipe_gets_a_line_an_update(watching):
    process = watching()
    assert process.stdout is not None
    assert process.stdout.readline().startswith('waiting reason="there is no run in ')
    last_run.write(living_run(["hear"] * 5))
    assert process.stdout.readline().startswith("live t=5.2 board=artemis hours=")
    last_run.write(living_run(["hear"] * 6, board="native"))
    assert process.stdout.readline().startswith('refused reason="the run is of native, which counts no work')
    last_run.write(living_run(["hear"] * 7, ended=True))
    assert process.stdout.readline().startswith("ended t=7.3 ")


def test_json_has_an_object_an_update(watching):
    last_run.write(living_run(TALK))
    process = watching("--json", "--minutes", "1")
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert first["type"] == "live"
    assert first["recent"]["seconds"] == pytest.approx(60, abs=1.1)
    last_run.write(living_run([*TALK, "hear"]))
    assert json.loads(process.stdout.readline())["heard_s"] == pytest.approx(first["heard_s"] + PERIOD / RATE)


def test_once_is_one_line(watching):
    last_run.write(living_run(TALK, ended=True))
    out, err = watching("--once").communicate(timeout=60)
    assert err == ""
    assert out.count("\n") == 1
    assert out.startswith("ended t=")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--once"], "there is no run in "),
        (["--once", "--scenario", "party"], "party"),
        (["--once", "--board", "toaster"], "toaster"),
        (["--once", "--minutes", "0"], "--minutes 0"),
        (["--plain", "--json"], "choose one"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(watching, arguments, said):
    process = watching(*arguments)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_ctrl_c_ends_it_quietly(watching):
    last_run.write(living_run(["hear"]))
    process = watching()
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert err == ""


def test_a_reader_that_goes_away_ends_it_quietly(watching):
    last_run.write(living_run(["hear"]))
    process = watching()
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    deadline = time.monotonic() + 30
    count = 1
    while process.poll() is None:
        assert time.monotonic() < deadline
        count += 1
        last_run.write(living_run(["hear"] * count))
        time.sleep(0.3)
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
