"""`power diff`: what a change costs, between two reports or two ledgers."""

import copy
import json
import re

import pytest

from power import figures, kept_ledgers
from power.report import difference
from power.report.document import Origin, document
from power.scenario import scenario
from power.study import study


@pytest.fixture(scope="module")
def report() -> dict:
    parts = figures.board_parts("artemis")
    kept = kept_ledgers.shipped(parts)
    result = study(kept.run, parts, scenario("earpiece"), days=200, seed=1)
    return document(result, Origin(kept.says, kept.name, kept.sha256, "power report"))


@pytest.fixture
def ledgers(tmp_path) -> tuple[str, str]:
    """The shipped ledger, and one whose recogniser takes twice the work."""
    before = json.loads((kept_ledgers.SHIPPED / "artemis.json").read_text())
    after = copy.deepcopy(before)
    after["ledger"]["rows"]["listen"]["cycles"] *= 2
    after["timeline"] = {"sample": [], "rows": {}}
    names = []
    for name, run in (("before.json", before), ("after.json", after)):
        (tmp_path / name).write_text(json.dumps(run))
        names.append(str(tmp_path / name))
    return names[0], names[1]


def test_a_report_does_not_differ_from_itself(report):
    found = difference.compare(report, report)
    assert difference.loss(found) == 0
    assert not found["components"] and not found["work"] and not found["figures"] and not found["inputs"]
    text = difference.markdown(found)
    assert "are the same" in text
    assert "0 %" in text


def test_what_changed_is_told_and_nothing_else(report):
    after = copy.deepcopy(report)
    load = after["components"][0]
    load["mw"] *= 1.5
    after["power"]["typ"] += load["mw"] / 3
    after["hours"]["typ"] *= 0.9
    after["evidence"]["figures"][0] |= {"typ": 9.0, "max": 11.0, "status": "measured"}
    after["inputs"][1]["sha256"] = "0" * 64
    after["run"]["states"][0]["work_per_s"] += 1000
    after["scenario"]["temperature"]["typ"] = -5.0
    found = difference.compare(report, after)
    assert [row["name"] for row in found["components"]] == [load["name"]]
    assert found["components"][0]["relative"] == pytest.approx(0.5)
    assert [row["key"] for row in found["figures"]] == [after["evidence"]["figures"][0]["key"]]
    assert [row["path"] for row in found["inputs"]] == [after["inputs"][1]["path"]]
    assert [row["name"] for row in found["work"]] == [after["run"]["states"][0]["name"]]
    assert [row["key"] for row in found["settings"]] == ["scenario.temperature.typ"]
    assert difference.loss(found) == pytest.approx(0.1)
    text = difference.markdown(found)
    assert "10 % fewer hours" in text
    assert " / 9 / 11 mA; measured" in text


def test_loads_that_come_and_go_are_told(report):
    after = copy.deepcopy(report)
    gone = after["components"].pop(0)
    after["components"].append({**gone, "name": "a new load"})
    rows = {row["name"]: row for row in difference.compare(report, after)["components"]}
    assert rows[gone["name"]]["after"] == 0
    assert rows["a new load"]["relative"] is None
    assert "| new |" in difference.markdown(difference.compare(report, after))


def test_two_ledgers_are_compared_in_one_scenario(power, ledgers):
    result = power("diff", *ledgers, "--days", "200")
    assert result.returncode == 0, result.stderr
    assert "fewer hours" in result.stdout
    assert re.search(r"\| listen \| [\d,]+ \| [\d,]+ \| \+100 % \|", result.stdout)
    assert re.search(r"\| core, awake \(apollo3\) \| .* \| \+\d+ % \|", result.stdout)
    assert "The figures are the same." in result.stdout
    width = 0
    for line in result.stdout.splitlines():
        columns = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not columns or not width or columns == width, line
        width = columns


@pytest.mark.parametrize(("percent", "code"), [("5", 1), ("99", 0)])
def test_a_loss_over_the_limit_fails(power, ledgers, percent, code):
    assert power("diff", *ledgers, "--days", "200", "--fail-over", percent).returncode == code
    # The other way round it is a gain.
    assert power("diff", *reversed(ledgers), "--days", "200", "--fail-over", "5").returncode == 0


def test_a_report_and_a_ledger_of_it_do_not_differ(power, ledgers, tmp_path):
    kept = tmp_path / "report.json"
    assert power("report", "--ledger", ledgers[0], "-o", str(kept), "--days", "200").returncode == 0
    found = json.loads(power("diff", str(kept), ledgers[0], "--days", "200", "--json").stdout)
    assert found["hours"]["typ"]["relative"] == 0
    assert found["inputs"] == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["there is no file", "power report -o"]),
        ('{"report": "earshot power report"}', ["is no report that can be read", "power report -o"]),
        ("{}", ["is damaged"]),
        ("\x00", ["is damaged"]),
    ],
)
def test_what_is_neither_is_refused_in_one_sentence(power, ledgers, tmp_path, content, words):
    file = tmp_path / "odd.json"
    if content is not None:
        file.write_text(content)
    result = power("diff", ledgers[0], str(file))
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr
