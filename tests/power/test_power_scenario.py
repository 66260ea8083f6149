"""Scenario files: what is shipped holds, what does not hold is refused by file, line and key, numbers are drawn."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from power import data_files, scenario
from power.errors import PowerError
from power.scenario import Day, Scenario

GOOD = """name = "day"
title = "a day"
hours = 8
temperature = { min = 0, typ = 20, max = 30 }

[radio]
interval_s = 0.1

[[phases]]
name = "talk"
hours = 4
speech = { min = 0.1, typ = 0.3, max = 0.5 }
noise = "office"
radio = "connected"

[[phases]]
name = "quiet"
hours = 4
"""


def _read(tmp_path, text: str) -> Scenario:
    file = tmp_path / "day.toml"
    file.write_text(text)
    return data_files.read(Scenario, file)


@pytest.mark.parametrize("name", data_files.names("scenarios"))
def test_every_shipped_scenario_holds_and_says_what_it_is(name):
    assert scenario.scenario(name).title


def test_a_number_is_a_value_or_a_range(tmp_path):
    read = _read(tmp_path, GOOD)
    assert read.phases[0].speech.range == (0.1, 0.3, 0.5)
    assert read.phases[0].hours.range == (4, 4, 4)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("speech = { min = 0.1, typ = 0.3, max = 0.5 }", "speech = 1.5", r":12: phases\[0\]\.speech: .*up to 1"),
        ("speech = { min = 0.1, typ = 0.3", "speech = { min = 0.4, typ = 0.3", r":12: phases\[0\]\.speech: .*order"),
        ("speech = { min", "spech = { min", r":12: phases\[0\]\.spech: .*did you mean 'speech'"),
        ('noise = "office"', 'noise = "bar"', r":13: phases\[0\]\.noise"),
        ('radio = "connected"', 'radio = "on"', r":14: phases\[0\]\.radio"),
        ("interval_s = 0.1", "interval_s = 0.001", r":7: radio\.interval_s: .*from 0\.0075"),
        ("interval_s = 0.1", 'interval_s = "fast"', r":7: radio\.interval_s: .*a number, or \{min"),
        ("hours = 8", "hours = -8", r":3: hours: .*greater than 0"),
        ("hours = 4\nspeech", "hours = 0\nspeech", r":11: phases\[0\]\.hours: .*above 0"),
        ("hours = 8\n", "", r": hours: is missing"),
        ('name = "quiet"', 'name = "talk"', "two phases have the name 'talk'"),
        ("hours = 8", 'hours = 8\nshares = "ledger"', "must have either"),
        ("typ = 20", "typ = nan", "finite"),
    ],
)
def test_what_does_not_hold_is_refused_by_line_and_key(tmp_path, old, new, complaint):
    assert old in GOOD
    with pytest.raises(PowerError, match=complaint) as error:
        _read(tmp_path, GOOD.replace(old, new, 1))
    assert "\n" not in str(error.value)


def test_a_scenario_without_any_form_is_refused(tmp_path):
    with pytest.raises(PowerError, match="must have either"):
        _read(tmp_path, 'name = "day"\ntitle = "a day"\nhours = 8\n')


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, len(GOOD)), cut=st.integers(0, 20), put=st.text(max_size=6))
def test_a_file_changed_anywhere_holds_or_is_refused_in_one_sentence(tmp_path, at, cut, put):
    text = GOOD[:at] + put + GOOD[at + cut :]
    file = tmp_path / "day.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        read = data_files.read(Scenario, file)
    except PowerError as error:
        assert str(error).isprintable()
        return
    assert read.phases


def test_typical_numbers_are_typ_and_sampled_ones_lie_in_their_range(tmp_path):
    read = _read(tmp_path, GOOD)
    assert Day.typical(read)["phases.talk.speech"] == [0.3]
    drawn = Day.sampled(read, 4000, 1)["phases.talk.speech"]
    assert 0.1 <= drawn.min() < 0.15 and 0.45 < drawn.max() <= 0.5
    assert drawn.mean() == pytest.approx(0.3, abs=0.01)


def test_a_draw_depends_on_seed_and_key_alone(tmp_path):
    read = _read(tmp_path, GOOD)
    one, other = Day.sampled(read, 50, 1), Day.sampled(read, 50, 1)
    other["temperature"]
    assert np.array_equal(one["phases.talk.speech"], other["phases.talk.speech"])
    assert not np.array_equal(one["phases.talk.speech"], Day.sampled(read, 50, 2)["phases.talk.speech"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phases.talk.speech", 1.2),
        ("radio.interval_s", 0.001),
        ("temperature", 200),
        ("noise.office", -1),
        ("phases.talk.hours", 0),
        ("cycles", np.nan),
    ],
)
def test_a_what_if_is_held_to_what_a_file_may_say(tmp_path, key, value):
    with pytest.raises(PowerError, match=f"scenario.{key} cannot be"):
        Day.typical(_read(tmp_path, GOOD)).override(key, value)


def test_a_number_that_is_not_there_is_named():
    with pytest.raises(PowerError, match=r"has no number 'moon'; there are: temperature"):
        Day.typical(scenario.scenario("earpiece"))["moon"]
