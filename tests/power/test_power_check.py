"""`power check`: passes, fails with the shortfall, and names remedies that do what they say."""

import json

import pytest

from power import figures, remedies
from power.remedies import LEAST, Trial, cheapest, shipped, together, trials
from power.scenario import scenario

EARPIECE = ["--scenario", "earpiece", "--days", "300"]


@pytest.fixture
def base() -> Trial:
    return Trial(figures.board_parts("artemis"), scenario("earpiece"), {}, "")


def test_the_shipped_scenarios_last_eight_hours_with_the_current_firmware(power):
    result = power("check", "--hours", "8")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "earpiece" in result.stdout
    assert "always_on" in result.stdout
    assert "fails" not in result.stdout


def test_it_says_what_the_report_says(power):
    check = json.loads(power("check", "--json", *EARPIECE).stdout)["checks"][0]
    report = json.loads(power("report", "--json", *EARPIECE).stdout)
    assert check["hours"] == pytest.approx(report["hours"]["p5"], rel=1e-6)
    assert check["typ"] == pytest.approx(report["hours"]["typ"], rel=1e-6)
    assert check["wanted"] == report["hours"]["wanted"]


def test_a_shortfall_exits_1_with_the_three_cheapest_remedies(power):
    result = power("check", "--hours", "1000", *EARPIECE)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "h short of 1,000 h" in result.stdout
    facts = json.loads(power("check", "--hours", "1000", "--json", *EARPIECE).stdout)
    one = facts["checks"][0]
    assert facts["meets"] is one["meets"] is False
    assert one["shortfall"] == pytest.approx(1000 - one["hours"])
    assert len(one["remedies"]) == 3
    for remedy in one["remedies"]:
        assert remedy["title"] in result.stdout
        assert remedy["won"] == pytest.approx(remedy["hours"] - one["hours"])
        assert remedy["won"] >= LEAST * 1000
        assert remedy["enough"] is (remedy["hours"] >= 1000)
    ranks = [remedy["won"] / remedy["points"] for remedy in one["remedies"]]
    assert ranks == sorted(ranks, reverse=True)
    assert one["together"] > max(remedy["hours"] for remedy in one["remedies"])


def test_a_larger_cell_wins_what_a_report_with_that_cell_says(power):
    facts = json.loads(power("check", "--hours", "600", "--json", *EARPIECE).stdout)
    remedy = next(each for each in facts["checks"][0]["remedies"] if each["title"] == "larger cell")
    capacity = remedy["change"].split(" to ")[1].replace(" ", "")
    report = json.loads(power("report", "--json", "--set", f"cell.capacity={capacity}", *EARPIECE).stdout)
    # The what-if has no spread, the remedy the cell's own.
    assert report["hours"]["p5"] == pytest.approx(remedy["hours"], rel=0.03)


def test_another_percentile_is_another_verdict(power):
    low, high = (
        json.loads(power("check", "--percentile", each, "--json", *EARPIECE).stdout)["checks"][0]["hours"]
        for each in ("1", "50")
    )
    assert low < high


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hours", "0"], ["--hours"]),
        (["--percentile", "101"], ["--percentile", "100"]),
        (["--scenario", "party"], ["'party'"]),
        (["--board", "toaster"], ["'toaster'"]),
        (["--ledger", "/nowhere.json"], ["/nowhere.json"]),
    ],
)
def test_bad_input_is_exit_code_2(power, arguments, words):
    result = power("check", *arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


def test_the_remedies_file_holds_and_every_remedy_has_something_to_change(base):
    tried = {remedy.title: list(trials(remedy, base)) for remedy in shipped().remedies}
    ungated = base.scenario.model_copy(update={"playback": base.scenario.playback.model_copy(update={"gated": False})})
    for remedy in shipped().remedies:
        found = tried[remedy.title] or list(trials(remedy, Trial(base.parts, ungated, {}, "")))
        assert found, remedy.title
        assert all(trial.says for trial in found)


def test_hours_a_point_decide_and_little_is_not_named(base):
    hours = {"larger cell": 140.0, "another microphone": 130.0, "longer connection interval": 100.05}

    def lasts(trial: Trial) -> float:
        for title, then in hours.items():
            remedy = next(each for each in shipped().remedies if each.title == title)
            if any(trial.says == each.says for each in trials(remedy, base)):
                return then
        return 100.0

    found = cheapest(base, 100.0, 120.0, lasts)
    # 30 h for 5 points before 40 h for 8; 0.05 h is less than a thousandth of 120 h.
    assert [each.remedy.title for each in found] == ["another microphone", "larger cell"]
    assert all(each.enough for each in found)


def test_remedies_are_done_at_once(base):
    seen: list[Trial] = []

    def lasts(trial: Trial) -> float:
        seen.append(trial)
        changed = (trial.parts.microphone != base.parts.microphone) + len(trial.factors)
        return 100.0 + 10 * changed + 10 * (trial.parts.rails != base.parts.rails)

    found = cheapest(base, 100.0, 1000.0, lasts, count=len(shipped().remedies))
    both = together(found, base, lasts)
    assert both is not None and both > max(each.hours for each in found)
    whole = seen[-1]
    assert whole.parts.microphone != base.parts.microphone
    assert whole.parts.rails != base.parts.rails
    assert "cell_300mah.capacity" in whole.factors
    assert remedies.together([], base, lasts) is None
