"""The page's questions: answered as the model answers, and whatever else comes is refused in one sentence."""

import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from power import data_files, figures, what_if
from power.explore import controls
from power.scenario import scenario
from power.sensitivity import sweep
from power.study import outlook

QUESTION = {"scenario": "earpiece", "board": "artemis"}
CHANGES = {"scenario.temperature": 0.0, "scenario.phases.day.speech": 0.5, "cell_300mah.capacity": 720.0}
MAP = {
    **QUESTION,
    "x": {"key": "scenario.temperature", "low": -10, "high": 40, "count": 3},
    "y": {"key": "scenario.radio.interval_s", "low": 0.02, "high": 1, "count": 4, "scale": "log"},
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refused(status: int, answer: dict) -> bool:
    """Refused as a user's error: one printable sentence."""
    return (
        status == 422 and set(answer) == {"error"} and 0 < len(answer["error"]) < 1500 and answer["error"].isprintable()
    )


def test_hours_are_the_models_for_the_same_changes(served):
    parts, day = figures.board_parts("artemis"), scenario("earpiece")
    typical, life = outlook(served.explorer.kept.run, parts, day, days=300, seed=1, changes=CHANGES)
    status, answer = served.ask("/api/study", {**QUESTION, "changes": CHANGES, "days": 300})
    assert status == 200
    assert answer["hours"] == pytest.approx(
        {"typ": life.hours_typ, "p5": life.p5, "p50": life.p50, "p95": life.p95, "wanted": day.hours}
    )
    assert answer["verdict"] == life.verdict
    assert sum(load["mw"] for load in answer["loads"]) == pytest.approx(answer["from_cell_mw"])
    assert answer["from_cell_mw"] == pytest.approx(1e3 * float(typical.from_cell_w[0]))
    assert answer["tornado"] is None


def test_a_thorough_answer_has_the_tornado_too(served):
    status, answer = served.ask("/api/study", {**QUESTION, "changes": CHANGES, "days": 50, "thorough": True})
    assert status == 200
    widths = [abs(row["hours_at_highest"] - row["hours_at_lowest"]) for row in answer["tornado"]]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > 0
    assert not {row["key"] for row in answer["tornado"]} & set(CHANGES)


def test_a_map_is_the_models_sweep(served):
    status, answer = served.ask("/api/map", {**MAP, "changes": {"scenario.cycles": 0}})
    assert status == 200
    x, y = np.linspace(-10, 40, 3), np.geomspace(0.02, 1, 4)
    expected = sweep(
        served.explorer.kept.run,
        figures.board_parts("artemis"),
        scenario("earpiece"),
        ("scenario.temperature", x),
        ("scenario.radio.interval_s", y),
        changes={"scenario.cycles": 0},
    )
    assert answer["x"]["values"] == pytest.approx(x)
    assert answer["y"]["values"] == pytest.approx(y)
    assert np.array(answer["hours"]) == pytest.approx(expected)


def test_charge_runs_out_when_the_hours_say(served):
    status, answer = served.ask("/api/study", {**QUESTION, "changes": {"cell.capacity": 5.0}, "days": 50})
    assert status == 422  # a role's name is not a key that the page uses
    status, answer = served.ask("/api/study", {**QUESTION, "changes": {"cell_300mah.capacity": 5.0}, "days": 50})
    assert status == 200
    assert answer["charge"][-1] == pytest.approx([answer["hours"]["typ"], 0])


@pytest.mark.parametrize("board", data_files.names("boards"))
@pytest.mark.parametrize("name", data_files.names("scenarios"))
def test_every_shipped_scenario_on_every_board_has_sliders_and_an_answer_or_a_reason(served, name, board):
    asked = {"scenario": name, "board": board}
    status, page = served.ask("/api/controls", asked)
    assert status == 200
    sliders = [one for group in page["groups"] for one in group["sliders"]]
    known = what_if.keys(figures.board_parts(board), scenario(name))
    for one in [*sliders, *page["others"]]:
        assert one["key"] in known
        assert one["min"] <= one["value"] <= one["max"], one
        assert one["least"] <= one["min"] < one["max"] <= one["most"], one
        assert one["label"]
        assert one["step"] > 0
    keys = [one["key"] for one in [*sliders, *page["others"]]]
    assert len(set(keys)) == len(keys)
    assert set(page["map"]) <= {one["key"] for one in sliders}
    status, answer = served.ask("/api/study", {**asked, "days": 50})
    assert status == 200 or refused(status, answer)


def test_every_slider_can_go_to_both_of_its_ends(served):
    page = controls.page(figures.board_parts("artemis"), scenario("earpiece"))
    shown = [one for group in page.groups for one in group.controls]
    for one in [*shown, *page.others]:
        for value in (one.min, one.max):
            if value == 0 and one in page.others:
                continue  # many a figure has no meaning at 0
            asked = {**QUESTION, "changes": {one.key: value * one.factor}, "days": 50}
            status, answer = served.ask("/api/study", asked)
            assert status == 200 or refused(status, answer), (one.key, value, answer)
            assert status == 200 or one in page.others, (one.key, value, answer)


def test_a_slider_says_its_command_as_the_command_reads_it(served):
    parts, day = figures.board_parts("artemis"), scenario("earpiece")
    page = controls.page(parts, day)
    for one in [*(control for group in page.groups for control in group.controls), *page.others]:
        value = one.max * one.factor
        text = f"{one.key}={value / one.written_factor:.12g}{one.written_unit}"
        assert what_if.read([text], parts, day)[one.key] == pytest.approx(value)


@pytest.mark.parametrize(
    ("path", "question", "said"),
    [
        ("/api/study", {**QUESTION, "scenario": "party"}, "party"),
        ("/api/study", {**QUESTION, "board": "../boards/artemis"}, "no"),
        ("/api/study", {"scenario": "earpiece"}, "board: Field required"),
        ("/api/study", {**QUESTION, "extra": 1}, "extra"),
        ("/api/study", {**QUESTION, "days": 10**9}, "days"),
        ("/api/study", {**QUESTION, "days": 49}, "days"),
        ("/api/study", {**QUESTION, "days": "400"}, "days"),
        ("/api/study", {**QUESTION, "days": 400.5}, "days"),
        ("/api/study", {**QUESTION, "changes": {"apollo3.run": "9"}}, "changes.apollo3.run"),
        ("/api/study", {**QUESTION, "changes": {"apollo3.speed": 9}}, "no figure or number 'apollo3.speed'"),
        ("/api/study", {**QUESTION, "changes": {"apollo3.run": -1}}, "apollo3.run"),
        ("/api/study", {**QUESTION, "changes": {"scenario.temperature": 900}}, "temperature"),
        ("/api/study", {**QUESTION, "changes": {"scenario.phases.day.speech": 1.5}}, "speech"),
        ("/api/study", {**QUESTION, "changes": {f"k{i}": 1 for i in range(65)}}, "changes"),
        ("/api/map", {**MAP, "x": {**MAP["x"], "low": 50}}, "low must be below high"),
        ("/api/map", {**MAP, "x": {**MAP["x"], "count": 1000}}, "x.count"),
        ("/api/map", {**MAP, "y": MAP["x"]}, "two settings"),
        ("/api/map", {**MAP, "y": {**MAP["y"], "low": 0}}, "above 0"),
        ("/api/map", {**MAP, "y": {**MAP["y"], "key": "apollo3.nothing"}}, "apollo3.nothing"),
        ("/api/controls", {"scenario": "earpiece", "board": ""}, "board"),
        ("/api/choices", {"all": True}, "all"),
        ("/api/choices", [], "object"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_reason(served, path, question, said):
    status, answer = served.ask(path, question)
    assert refused(status, answer), answer
    assert said in answer["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"\xff\xfe",
        b'{"scenario": "earpiece", "board": "artemis", "changes": {"apollo3.run": NaN}}',
        b'{"scenario": "earpiece", "board": "artemis", "changes": {"apollo3.run": 1e999}}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
    ],
)
def test_what_is_no_json_is_refused(served, body):
    assert refused(*served.ask("/api/study", body))


@QUICK
@given(path=st.sampled_from(["choices", "controls", "study", "map"]), body=st.binary(max_size=300))
def test_bytes_are_refused(served, path, body):
    status, answer = served.ask(f"/api/{path}", body)
    assert refused(status, answer) or (status == 200 and json.loads(body) == {})


@QUICK
@given(data=st.data())
def test_a_question_with_one_value_changed_is_answered_or_refused(served, data):
    path, question = data.draw(
        st.sampled_from([("/api/map", MAP), ("/api/study", {**QUESTION, "changes": CHANGES, "days": 50})])
    )
    document = json.loads(json.dumps(question))
    places = [(document, key) for key in document]
    places += [(inner, key) for inner in document.values() if isinstance(inner, dict) for key in inner]
    where, key = data.draw(st.sampled_from(places))
    where[key] = data.draw(VALUES)
    status, answer = served.ask(path, document)
    assert status == 200 or refused(status, answer), (status, answer)


@QUICK
@given(data=st.data())
def test_any_number_of_any_key_is_answered_or_refused(served, data):
    known = what_if.keys(figures.board_parts("artemis"), scenario("earpiece"))
    key = data.draw(st.sampled_from(known))
    value = data.draw(st.floats(-1e12, 1e12) | st.floats(0, 10) | st.sampled_from([0.0, 1.0, 1e-12]))
    status, answer = served.ask("/api/study", {**QUESTION, "changes": {key: value}, "days": 50, "thorough": True})
    assert status == 200 or refused(status, answer), (key, value, answer)
    if status == 200:
        assert all(math.isfinite(answer["hours"][name]) for name in ("typ", "p5", "p95"))
