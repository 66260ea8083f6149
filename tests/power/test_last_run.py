"""The file of the last run: what is written is read, and nothing else is taken for a run."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from power import last_run
from power.errors import PowerError
from power.last_run import LastRun

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _places(value, path=()):
    """The path of every value in a document."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from _places(inner, (*path, key))


def test_what_is_written_is_read(run, tmp_path):
    file = tmp_path / "new" / "run.json"
    assert last_run.write(run, file) == file
    assert last_run.read(file) == run
    assert [path.name for path in file.parent.iterdir()] == ["run.json"]


def test_the_file_follows_xdg_state_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert last_run.path() == tmp_path / "state/earshot/last_run.json"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert last_run.path() == tmp_path / ".local/state/earshot/last_run.json"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert last_run.path() == tmp_path / ".local/state/earshot/last_run.json"


def test_no_run_yet_names_the_next_step(tmp_path):
    with pytest.raises(PowerError, match=r"there is no run in .*host replay FILE.wav"):
        last_run.read(tmp_path / "none.json")


def test_a_folder_is_no_run(tmp_path):
    with pytest.raises(PowerError, match="cannot be read"):
        last_run.read(tmp_path)


def test_a_file_name_that_is_no_text_does_not_stop_the_write(run, tmp_path):
    named = LastRun.model_validate({**run.model_dump(), "recording": "caf\udce9.wav"})
    assert last_run.read(last_run.write(named, tmp_path / "run.json")).recording == "caf?.wav"


def test_states_that_do_not_add_up_are_damage(run, tmp_path):
    document = run.model_dump(mode="json")
    document["ledger"]["rows"]["hear"]["samples"] += 1
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(PowerError, match=r"damaged: ledger: .*add up to 1600001 samples"):
        last_run.read(tmp_path / "run.json")


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_run_are_refused_in_one_sentence(tmp_path, data):
    file = tmp_path / "run.json"
    file.write_bytes(data)
    with pytest.raises(PowerError, match="damaged") as error:
        last_run.read(file)
    assert "\n" not in str(error.value).replace(str(file), "")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_run_with_one_value_changed_is_a_run_or_is_refused(run, tmp_path, data):
    document = run.model_dump(mode="json")
    path = data.draw(st.sampled_from(list(_places(document))))
    value = data.draw(JSON)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    if path:
        inner[path[-1]] = value
    else:
        document = value
    file = Path(tmp_path / "run.json")
    file.write_text(json.dumps(document))
    try:
        read = last_run.read(file)
    except PowerError as error:
        assert str(error).isprintable()
        return
    assert sum(row.samples for row in read.ledger.rows.values()) == read.ledger.sample > 0
    assert last_run.read(last_run.write(read, file)) == read


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keep=st.integers(min_value=0))
def test_a_run_cut_short_is_damage(run, tmp_path, keep):
    file = last_run.write(run, tmp_path / "run.json")
    whole = file.read_bytes().rstrip()
    file.write_bytes(whole[: keep % len(whole)])
    with pytest.raises(PowerError, match="damaged"):
        last_run.read(file)
