"""The stored form: what goes in comes out, any stretch of it, whole or not at all; damage is refused."""

import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from power.errors import PowerError
from power.traces import store
from power.traces.importing import import_recording
from power.traces.recognize import open_recording
from power.traces.samples import Block, Counts
from power.traces.store import TraceWriter, open_trace
from power.traces.summary import Summarizer


def joined(blocks) -> np.ndarray:
    return np.concatenate([block.current for block in blocks])


def test_numpy_opens_it_too(stored):
    with np.load(stored["jls"].path) as archive:
        assert archive["000000.current"].dtype == np.float32
        assert len(archive["000000.codes"]) == len(archive["000000.current"]) == len(archive["000000.voltage"])
        facts = json.loads(archive["trace.json"])
    assert facts["rate"] == stored["jls"].rate


def test_any_stretch_is_what_the_whole_has_there(stored, monkeypatch):
    monkeypatch.setattr(store, "BLOCK", 1000)
    trace = stored["ppk2"]
    whole = joined(trace.blocks())
    for start, stop in ((0, 1), (999, 1001), (12_345, 54_321), (len(whole) - 3, None)):
        blocks = list(trace.stretch(start, stop))
        assert blocks[0].start == start
        assert np.array_equal(joined(blocks), whole[start:stop], equal_nan=True)
        assert max(len(block.current) for block in blocks) <= 1000


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), min_size=1, max_size=12),
    chunk=st.sampled_from([8, 32, 1 << 20]),
)
def test_blocks_of_any_length_and_gaps_between_come_back(tmp_path, stored, lengths, chunk):
    file = tmp_path / "a.trace"
    at, written = 0, {}
    with pytest.MonkeyPatch.context() as patch, TraceWriter(file, False, True) as writer:
        patch.setattr(store, "CHUNK", chunk)
        for gap, length in lengths:
            at += gap
            values = np.arange(at, at + length, dtype=np.float32)
            writer.add(Block(at, values, None, (values % 7).astype(np.uint8)))
            written |= {place: float(place) for place in range(at, at + length)}
            at += length
        facts = stored["ppk2"].facts.model_copy(update={"chunks": writer.finish()})
        writer.close(facts)
    read = {}
    for block in open_trace(file).blocks():
        assert (block.codes == (block.current % 7)).all()
        read |= {block.start + k: float(value) for k, value in enumerate(block.current)}
    assert read == written


def test_nothing_is_left_of_an_import_that_fails(files, tmp_path):
    class Broken(Exception):
        pass

    recording = open_recording(files["ppk2"])

    def blocks():
        yield from list(type(recording).blocks(recording))[:1]
        raise Broken

    recording_blocks = iter([blocks(), blocks()])
    recording.blocks = lambda: next(recording_blocks)
    with pytest.raises(Broken):
        import_recording(recording, tmp_path / "a.trace")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(files, tmp_path):
    with pytest.raises(PowerError, match="cannot be written"):
        import_recording(open_recording(files["ppk2"]), tmp_path / "none" / "a.trace")


def test_a_file_cut_short_is_refused(stored, tmp_path):
    whole = stored["ppk2"].path.read_bytes()
    for keep in (10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.trace").write_bytes(whole[:keep])
        with pytest.raises(PowerError, match=r"cut short.*import it again"):
            open_trace(tmp_path / "cut.trace")


@pytest.fixture(scope="module")
def small(stored, tmp_path_factory) -> bytes:
    """A whole trace of 60 samples."""
    file = tmp_path_factory.mktemp("small") / "a.trace"
    with TraceWriter(file, True, True) as writer:
        values = np.linspace(0, 1, 60, dtype=np.float32)
        writer.add(Block(0, values, values, np.zeros(60, np.uint8)))
        update = {"chunks": writer.finish(), "has_voltage": True}
        writer.close(stored["ppk2"].facts.model_copy(update=update))
    assert joined(open_trace(file).blocks()) == pytest.approx(values)
    return file.read_bytes()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_trace_is_read_or_refused_in_one_sentence(tmp_path, small, data):
    whole = bytearray(small)
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path / "damaged.trace"
    file.write_bytes(whole)
    try:
        blocks = list(open_trace(file).blocks())
    except PowerError as error:
        assert str(file) in str(error)
        assert "\n" not in str(error)
    else:
        assert sum(len(block.current) for block in blocks) <= 60


def test_facts_that_do_not_hold_are_named(tmp_path, small):
    source, target = tmp_path / "a.trace", tmp_path / "b.trace"
    source.write_bytes(small)

    def with_facts(**changes):
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == store.FACTS:
                    content = json.dumps(json.loads(content) | changes).encode()
                new.writestr(name, content)
        return target

    for changes, complaint in (
        ({"rate": -1}, "rate: Input should be greater than 0"),
        ({"version": 2}, "version: Input should be 1"),
        ({"chunks": []}, "holds no samples"),
        ({"chunks": [[0, 61]]}, r"000000\.current\.npy is damaged"),
        ({"chunks": [[0, 60], [30, 60]]}, "the chunks overlap"),
        ({"chunks": [[0, 60], [60, 60]]}, r"000001\.current\.npy is damaged"),
    ):
        with pytest.raises(PowerError, match=complaint):
            list(open_trace(with_facts(**changes)).blocks())


def summary_of(blocks, volts=None):
    summarizer = Summarizer(10.0, (0, 1, 2), volts)
    for block in blocks:
        summarizer.add(block)
    return summarizer.summary(Counts())


def test_a_summary_by_hand():
    nan = np.nan
    blocks = [
        Block(0, np.array([1, 2, nan], np.float32), np.full(3, 2.0, np.float32), np.array([1, 1, 1], np.uint8)),
        Block(3, np.array([nan, 3, 4], np.float32), np.full(3, 2.0, np.float32), np.array([1, 2, 2], np.uint8)),
        Block(10, np.array([5], np.float32), np.array([3.0], np.float32), np.array([2], np.uint8)),
    ]
    summary = summary_of(blocks)
    assert summary.duration_s == pytest.approx(1.1)
    assert (summary.samples, summary.missing, summary.gaps) == (5, 6, 2)
    assert summary.longest_gap_s == pytest.approx(0.4)
    assert (summary.mean_a, summary.min_a, summary.max_a) == pytest.approx((3, 1, 5))
    assert summary.charge_c == pytest.approx(1.5)
    assert summary.energy_j == pytest.approx((1 + 2 + 3 + 4) * 0.2 + 1.5)
    assert summary.states["hear"].seconds == pytest.approx(0.4)
    assert summary.states["listen"].model_dump() == pytest.approx({"seconds": 0.7, "entries": 1})


def test_a_recording_in_which_nothing_was_measured_has_no_mean():
    summary = summary_of([Block(0, np.full(5, np.nan, np.float32), None, None)], volts=3.0)
    assert summary.mean_a is None
    assert (summary.samples, summary.missing, summary.gaps) == (0, 5, 1)
    assert summary.energy_j == 0


@settings(max_examples=100, deadline=None)
@given(
    lost=st.lists(st.booleans(), min_size=1, max_size=50),
    cuts=st.lists(st.integers(1, 49), max_size=5),
)
def test_gaps_are_counted_alike_however_the_blocks_are_cut(lost, cuts):
    current = np.where(lost, np.nan, 1.0).astype(np.float32)
    parts = np.split(np.arange(len(lost)), sorted({cut for cut in cuts if cut < len(lost)}))
    summary = summary_of([Block(int(part[0]), current[part], None, None) for part in parts])
    whole = summary_of([Block(0, current, None, None)])
    runs = sum(1 for before, now in zip([False, *lost], lost, strict=False) if now and not before)
    assert summary == whole
    assert summary.gaps == runs
