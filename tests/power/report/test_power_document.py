"""The document: of one form, its parts add up, and it says plainly whether the cell lasts."""

import json
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from power import figures, kept_ledgers
from power.errors import PowerError
from power.report import schema
from power.report.document import STATUSES, TIMELINE_STEPS, Origin, document, weakest
from power.report.schema import ReportDocument
from power.scenario import scenario
from power.study import study

JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just([]) | st.just({})


def test_it_validates_and_is_plain_json(facts, short_lived, stated):
    for each in (facts, short_lived, stated):
        text = json.dumps(each, allow_nan=False)
        ReportDocument.model_validate_json(text)
        assert json.loads(text) == each


def test_loads_states_and_evidence_are_three_views_of_one_power(facts):
    total = facts["power"]["typ"]
    assert sum(row["mw"] for row in facts["components"]) == pytest.approx(total)
    assert sum(row["mw"] for row in facts["states"]) == pytest.approx(total)
    assert sum(facts["evidence"]["mw_by_status"].values()) == pytest.approx(total)
    for row in facts["components"]:
        assert sum(row["by_state"].values()) == pytest.approx(row["mw"])
        assert row["share"] == pytest.approx(row["mw"] / total)


def test_what_a_scenario_states_rests_on_no_figure_and_says_so(stated):
    assert stated["evidence"]["mw_by_status"]["scenario"] == pytest.approx(45) == stated["power"]["typ"]
    assert any("as the scenario states them" in line for line in stated["verdict"]["because"])


def test_the_phases_are_the_day(facts):
    phases = facts["phases"]
    assert sum(phase["hours"] for phase in phases) == pytest.approx(facts["scenario"]["day_hours"])
    assert sum(phase["mwh"] for phase in phases) == pytest.approx(facts["power"]["mwh"])
    for before, after in pairwise(phases):
        assert after["start_h"] == pytest.approx(before["start_h"] + before["hours"])
    for phase in phases:
        assert sum(phase["by_state"].values()) == pytest.approx(1)


def test_the_waterfall_goes_from_the_rating_to_the_loads(facts):
    steps = facts["waterfall"]
    assert steps[0]["wh"] == pytest.approx(facts["budget"]["gross_wh"])
    assert sum(step["wh"] for step in steps[:-1]) == pytest.approx(steps[-1]["wh"])
    loss = next(row["share"] for row in facts["components"] if row["name"] == "regulator loss")
    assert steps[-1]["wh"] == pytest.approx(facts["budget"]["usable_wh"] * (1 - loss), rel=1e-3)


def test_the_hours_are_energy_over_power(facts):
    hours, budget = facts["hours"], facts["budget"]
    assert hours["typ"] == pytest.approx(1000 * budget["usable_wh"] / facts["power"]["typ"])
    assert budget["net_mw"] == pytest.approx(1000 * budget["usable_wh"] / hours["wanted"])
    assert hours["p5"] <= hours["p50"] <= hours["p95"]
    assert hours["margin"] == pytest.approx(hours["p5"] / hours["wanted"])
    assert sum(count for _, count in hours["histogram"]["bins"]) == hours["days"]


def test_the_timeline_is_one_day_of_falling_charge(facts):
    day = facts["timeline"]
    assert len(day["hours"]) == len(day["ends"]) == len(day["mw"]) == len(day["charge"]) <= TIMELINE_STEPS
    assert day["hours"][0] == 0
    assert day["ends"][-1] == pytest.approx(facts["scenario"]["day_hours"])
    assert day["charge"] == sorted(day["charge"], reverse=True)
    assert day["charge"][-1] == pytest.approx(day["left"], abs=1e-5)
    assert day["empty_h"] is None
    spans = [end - start for start, end in zip(day["hours"], day["ends"], strict=True)]
    energy = sum(mw * span for mw, span in zip(day["mw"], spans, strict=True))
    assert energy == pytest.approx(facts["power"]["mwh"], rel=0.1)


def test_a_cell_that_does_not_last_the_day_ends_its_timeline(short_lived):
    day = short_lived["timeline"]
    assert day["empty_h"] == short_lived["engines"]["hours"]["simulated"] < short_lived["scenario"]["day_hours"]
    assert day["ends"][-1] == pytest.approx(day["empty_h"], abs=1e-4)


def test_the_two_engines_agree(facts):
    assert facts["engines"]["agree"]
    assert abs(facts["engines"]["difference"]) <= facts["engines"]["allowed"] == 0.01


def test_every_load_rests_on_figures_with_a_source(facts):
    known = {row["key"]: row for row in facts["evidence"]["figures"]}
    used = {key for row in facts["components"] for key in row["rests_on"] if not key.startswith("scenario.")}
    assert used <= set(known)
    assert all(row["source"] and row["status"] in STATUSES for row in known.values())
    for row in facts["components"]:
        statuses = [known[key]["status"] for key in row["rests_on"] if key in known]
        assert row["status"] == weakest(statuses)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["measured", "datasheet"], "datasheet"),
        (["assumed", "measured"], "assumed"),
        (["secondary", "scenario"], "secondary"),
        (["scenario"], "scenario"),
        ([], "scenario"),
    ],
)
def test_a_load_is_as_well_founded_as_the_weakest_of_its_figures(statuses, expected):
    assert weakest(statuses) == expected


def test_the_verdict_is_that_of_the_fifth_percentile(facts, short_lived):
    assert facts["verdict"]["meets"] is (facts["hours"]["p5"] >= facts["hours"]["wanted"]) is True
    assert facts["verdict"]["word"].startswith("meets")
    assert short_lived["verdict"]["meets"] is False
    assert short_lived["verdict"]["word"].startswith("misses")


def test_a_miss_says_what_stands_in_the_way(facts, short_lived):
    hours = short_lived["hours"]
    needed = short_lived["power"]["typ"] * hours["p5"] / hours["wanted"]
    assert "stands in the way" in short_lived["verdict"]["because"][0]
    assert f"to {needed:.3g} mW" in short_lived["verdict"]["because"][0]
    assert not any("stands in the way" in line for line in facts["verdict"]["because"])


def test_what_was_changed_is_told_in_the_figures_own_unit(facts, short_lived):
    assert facts["changes"] == []
    assert short_lived["changes"] == [{"key": "cell_300mah.capacity", "value": 3.0, "unit": "mAh"}]


def test_the_ledger_is_among_the_inputs(facts):
    shipped = kept_ledgers.shipped(figures.board_parts("artemis"))
    assert {"path": "ledgers/artemis.json", "sha256": shipped.sha256} in facts["inputs"]
    assert any(row["path"].endswith("apollo3.toml") for row in facts["inputs"])
    assert any(row["path"].endswith("earpiece.toml") for row in facts["inputs"])


def test_the_original_estimate_is_answered_item_by_item(facts):
    rows = {row["item"]: row for row in facts["estimate"]["rows"]}
    assert rows["voice detection"]["estimate_mw"] == 0.5
    assert rows["speech recognition"]["estimate_mw"] == pytest.approx(15 * 0.30)
    assert rows["Bluetooth"]["estimate_mw"] == 10
    stated = [row["estimate_mw"] for row in rows.values() if row["estimate_mw"] is not None and not row["sum"]]
    assert sum(stated) == pytest.approx(rows["all of it"]["estimate_mw"]) == 45
    now = [row["mw"] for row in rows.values() if not row["sum"] and not row["part"]]
    assert sum(now) == pytest.approx(facts["power"]["typ"]) == rows["all of it"]["mw"]
    assert "other" not in rows
    assert all(row["why"] for row in rows.values() if not row["sum"])


def test_other_scenarios_are_not_held_against_the_estimate():
    parts = figures.board_parts("artemis")
    kept = kept_ledgers.shipped(parts)
    result = study(kept.run, parts, scenario("always_on"), days=100, seed=1)
    assert document(result, Origin("", "ledger", kept.sha256, ""))["estimate"] is None


def test_a_kept_report_is_read_again(facts, tmp_path):
    (tmp_path / "report.json").write_text(json.dumps(facts))
    assert schema.is_report((tmp_path / "report.json").read_bytes())
    assert schema.read(tmp_path / "report.json") == facts


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_report_with_one_value_changed_is_read_or_refused_in_one_sentence(facts, tmp_path, data):
    changed = json.loads(json.dumps(facts))
    inner = changed
    while True:
        key = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        if not isinstance(inner[key], dict | list) or not inner[key] or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = data.draw(JSON)
    (tmp_path / "report.json").write_text(json.dumps(changed))
    try:
        schema.read(tmp_path / "report.json")
    except PowerError as error:
        assert str(error).replace(str(tmp_path), "").isprintable()
        assert "power report -o report.json" in str(error)
