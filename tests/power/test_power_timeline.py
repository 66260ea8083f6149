"""The timeline of a run: thinned, whole in the file, and nothing else is taken for one."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from power import last_run
from power.errors import PowerError
from power.last_run import MOST_SNAPSHOTS, LastRun, Ledger, LedgerRow, Snapshot, Timeline

PERIOD = 16_384


def snapshot(at: int, listened: int = 0) -> Snapshot:
    """The `at`-th ledger, of one that heard all the time but for `listened` samples."""
    rows = {"hear": LedgerRow(samples=PERIOD * at - listened, cycles=99 * at, entries=1)}
    if listened:
        rows["listen"] = LedgerRow(samples=listened, cycles=1000 * listened, entries=1)
    return Snapshot(sample=PERIOD * at, rows=rows)


def with_timeline(run: LastRun, timeline: tuple[Snapshot, ...]) -> LastRun:
    """`run`, ending with the last of `timeline`."""
    ledger = Ledger(**{**run.ledger.model_dump(), **timeline[-1].model_dump()})
    return LastRun(**{**run.model_dump(exclude={"timeline", "ledger"}), "ledger": ledger, "timeline": timeline})


def gathered(count: int, most: int = MOST_SNAPSHOTS) -> tuple[Snapshot, ...]:
    timeline = Timeline(most)
    for at in range(1, count + 1):
        timeline.add(snapshot(at))
    return timeline.snapshots()


@given(count=st.integers(1, 400), most=st.integers(3, 40))
def test_a_thinned_timeline_has_first_and_last_and_one_spacing(count, most):
    samples = [one.sample // PERIOD for one in gathered(count, most)]
    assert samples[0] == 1
    assert samples[-1] == count
    assert len(samples) <= most
    assert len(samples) > most // 2 or len(samples) == count
    steps = {after - before for before, after in pairwise(samples[:-1])}
    assert len(steps) <= 1
    assert all(step & (step - 1) == 0 for step in steps)


def test_a_day_of_ledgers_is_read_as_it_was_written_and_stays_small(run, tmp_path):
    kept = with_timeline(run, gathered(86_400))
    file = last_run.write(kept, tmp_path / "day.json")
    assert MOST_SNAPSHOTS / 2 < len(kept.timeline) <= MOST_SNAPSHOTS
    assert file.stat().st_size < 200_000
    assert last_run.read(file) == kept


def test_a_state_that_is_entered_late_is_in_no_snapshot_before(run, tmp_path):
    kept = with_timeline(run, (snapshot(1), snapshot(2, listened=512)))
    read = last_run.read(last_run.write(kept, tmp_path / "run.json"))
    assert [sorted(one.rows) for one in read.timeline] == [["hear"], ["hear", "listen"]]


def test_a_board_that_starts_anew_begins_its_timeline_anew():
    timeline = Timeline()
    for one in (snapshot(5), snapshot(6), snapshot(1), snapshot(2)):
        timeline.add(one)
    assert timeline.snapshots() == (snapshot(1), snapshot(2))


def test_a_file_of_version_1_is_read(run, tmp_path):
    document = run.model_dump(mode="json", exclude={"timeline", "residency", "ended"})
    document["schema_version"] = 1
    for name in ("asr_calls", "decoder_frames", "transcripts", "rejected", "finals_lost", "partials_dropped"):
        del document["ledger"][name]
    (tmp_path / "old.json").write_text(json.dumps(document, indent=2))
    read = last_run.read(tmp_path / "old.json")
    assert read == run
    assert read.schema_version == 2
    assert read.timeline == ()
    assert read.ledger.asr_calls is None


@pytest.mark.parametrize("version", [0, 3, True, 1.0, "1", None])
def test_a_file_of_another_version_is_refused(run, tmp_path, version):
    document = run.model_dump(mode="json")
    document["schema_version"] = version
    (tmp_path / "new.json").write_text(json.dumps(document))
    with pytest.raises(PowerError, match="damaged: schema_version"):
        last_run.read(tmp_path / "new.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda columns: columns["sample"].reverse(), "is not after the one before it|add up to"),
        (lambda columns: columns["sample"].pop(), "not all 2 long"),
        (lambda columns: columns["rows"]["hear"]["cycles"].pop(), "not all 3 long"),
        (lambda columns: columns["rows"]["hear"]["cycles"].reverse(), "not after the one before it"),
        (lambda columns: columns["rows"]["hear"]["samples"].__setitem__(1, 7), "add up to 7 samples"),
        (lambda columns: columns["sample"].__setitem__(0, -1), "greater than or equal to 0"),
        (lambda columns: columns.pop("rows"), "rows: Field required"),
        (lambda columns: [column.pop() for column in (columns["sample"], *columns["rows"]["hear"].values())], "ledger"),
    ],
)
def test_a_timeline_that_does_not_hold_is_damage(run, tmp_path, change, said):
    document = with_timeline(run, tuple(snapshot(at) for at in (1, 2, 3))).model_dump(mode="json")
    change(document["timeline"])
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(PowerError, match=f"damaged: timeline.*({said})") as error:
        last_run.read(tmp_path / "run.json")
    assert str(error.value).isprintable()


def test_more_snapshots_than_a_timeline_may_have_are_refused(run):
    with pytest.raises(ValidationError, match="at most"):
        with_timeline(run, tuple(snapshot(at) for at in range(1, MOST_SNAPSHOTS + 2)))


def test_a_virtual_boards_residency_is_kept(run, tmp_path):
    states = {
        "core": {"run": 1.5, "deep sleep": 8.5},
        "powered": {"PDM": 10.0},
        "burst": 0.5,
        "peripherals": {"PDM": {"run": 1.5, "deep sleep": 8.5}},
        "banks": {"SRAM0": {"run": 1.5, "deep sleep": 8.5}},
        "bank_bytes": {"SRAM0": 32768},
    }
    kept = LastRun.model_validate({**run.model_dump(), "residency": states})
    read = last_run.read(last_run.write(kept, tmp_path / "run.json"))
    assert read.residency is not None
    assert read.residency.model_dump() == states
