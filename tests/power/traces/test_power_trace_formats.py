"""Every format that is written is read again, by its content, with the board's true currents in it."""

import numpy as np
import pytest

from power.errors import PowerError
from power.traces import joulescope
from power.traces.mapped import parse_mapping
from power.traces.recognize import FORMATS, Options, open_recording
from power.traces.states import STATES, cells_of, segments_of
from power.traces.synthetic_files import CSV_MAPPING
from tests.power.traces.conftest import RATE, WRITERS

CODED = [name for name in WRITERS if not name.startswith(("otii", "joulescope"))]


@pytest.mark.parametrize("name", WRITERS)
def test_charge_and_time_are_those_of_the_recording(name, stored, board):
    summary = stored[name].facts.summary
    truth = sum(float(np.nansum(block.current)) for block in board.blocks(truth=True)) / RATE

    assert stored[name].rate == RATE
    assert summary.duration_s == pytest.approx(board.samples / RATE, abs=0.01)
    assert summary.missing > 500
    assert summary.gaps > 50
    covered = summary.samples / (summary.samples + summary.missing)
    assert summary.charge_c == pytest.approx(truth * covered, rel=0.01)


@pytest.mark.parametrize("name", CODED)
def test_state_means_are_within_one_percent_of_the_truth(name, stored, board):
    trace = stored[name]
    cells = cells_of(trace, segments_of(trace, (0, 1, 2)))
    truth = board.means()

    assert set(np.unique(cells.code)) == {STATES.index(state) for state in truth}
    for state, true in truth.items():
        mine = cells.of(cells.code == STATES.index(state))
        mean = (mine.amperes * mine.seconds).sum() / mine.seconds.sum()
        assert mean == pytest.approx(true, rel=0.01), state


def test_the_same_samples_come_out_of_every_format(stored):
    one = np.concatenate([block.current for block in stored["jls"].blocks()])
    for name in ("ppk2", "otii", "csv", "joulescope-csv", "ppk2-csv"):
        other = np.concatenate([block.current for block in stored[name].blocks()])
        assert len(other) == pytest.approx(len(one), abs=50)
        both = min(len(one), len(other))
        assert np.array_equal(np.isnan(one[:both]), np.isnan(other[:both])), name
        assert np.nanmax(np.abs(one[:both] - other[:both])) < 2e-9, name


@pytest.mark.parametrize("name", WRITERS)
def test_content_not_the_name_tells_the_format(name, files, tmp_path):
    disguised = tmp_path / "recording.bin"
    disguised.write_bytes(files[name].read_bytes())
    options = WRITERS[name][2]

    assert open_recording(disguised, options).format == name.split(" ")[0].split(",")[0]


def test_a_trace_is_recognized_as_one(stored, tmp_path):
    copy = tmp_path / "x.csv"
    copy.write_bytes(stored["ppk2"].path.read_bytes())
    assert open_recording(copy).format == "trace"
    assert open_recording(copy).digest() == stored["ppk2"].facts.sha256


def test_a_format_given_overrides_the_content(files):
    with pytest.raises(PowerError, match=r"no column Current\(uA\); it has: Timestamp \(s\), Arc Main Current"):
        open_recording(files["otii"], Options(format="ppk2-csv"))
    read = open_recording(files["joulescope-csv"], Options(format="csv", mapping=parse_mapping("current=1"), rate=RATE))
    assert read.format == "csv"
    with pytest.raises(PowerError, match="there is no format 'wav'; there are: trace, ppk2,"):
        open_recording(files["otii"], Options(format="wav"))


def test_the_instrument_is_known_where_the_file_names_it(stored):
    assert stored["ppk2"].instrument == "Nordic PPK2"
    assert stored["jls"].instrument == "Joulescope JS220 000000"
    assert stored["otii"].instrument == "Qoitech Otii"
    assert f"{stored['ppk2'].started:%Y-%m-%d}" == "2026-01-01"


def test_voltage_gives_energy(stored):
    for name in ("jls", "joulescope-csv", "otii"):
        summary = stored[name].facts.summary
        assert summary.energy_j == pytest.approx(3.3 * summary.charge_c, rel=1e-5)
    assert stored["ppk2"].facts.summary.energy_j is None


def test_reading_again_gives_the_same(files):
    for name in ("ppk2", "jls", "csv"):
        recording = open_recording(files[name], WRITERS[name][2])
        first = [(block.start, block.current.tobytes()) for block in recording.blocks()]
        lost = recording.counts.lost
        assert [(block.start, block.current.tobytes()) for block in recording.blocks()] == first
        assert recording.counts.lost == lost


def test_a_missing_pyjls_is_named_with_what_to_install(files, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyjls", None)
    with pytest.raises(PowerError, match=r"needs the package pyjls.*pip install 'earshot\[power\]'"):
        open_recording(files["jls"])


def test_a_recording_that_was_not_closed_is_refused_and_left_alone(files, tmp_path):
    cut = tmp_path / "cut.jls"
    cut.write_bytes(files["jls"].read_bytes()[:-5000])
    before = cut.read_bytes()
    with pytest.raises(PowerError, match="was not closed or is cut short"):
        open_recording(cut)
    assert cut.read_bytes() == before


def test_damage_within_a_jls_file_is_named_with_its_place(files, tmp_path):
    damaged = bytearray(files["jls"].read_bytes())
    at = len(damaged) // 2
    damaged[at : at + 64] = bytes(64)
    file = tmp_path / "damaged.jls"
    file.write_bytes(damaged)
    with pytest.raises(PowerError, match=r"damaged\.jls(: damaged after sample \d+| is no sound)"):
        list(open_recording(file).blocks())


def test_a_jls_file_of_version_1_names_the_way_out(tmp_path):
    old = tmp_path / "old.jls"
    old.write_bytes(joulescope.MAGIC_V1 + bytes(100))
    with pytest.raises(PowerError, match="version 1; convert it"):
        open_recording(old)


def test_all_formats_are_tried():
    assert {name.split(" ")[0].split(",")[0] for name in WRITERS} | {"trace"} == set(FORMATS)
    assert CSV_MAPPING
