"""Synthetic recordings that the tests of traces share: made once, in every format."""

from __future__ import annotations

from pathlib import Path

import pytest

from power import last_run
from power.traces import synthetic, synthetic_files
from power.traces.importing import import_recording
from power.traces.mapped import parse_mapping
from power.traces.recognize import Options, open_recording
from power.traces.store import Trace, open_trace
from power.traces.synthetic import Instrument, Synthetic

RATE = 4000
WRITERS = {
    "ppk2": ("talk.ppk2", synthetic_files.write_ppk2, Options()),
    "ppk2-csv": ("string.csv", synthetic_files.write_ppk2_csv, Options()),
    "ppk2-csv fields": ("fields.csv", lambda p, t: synthetic_files.write_ppk2_csv(p, t, "fields"), Options()),
    "jls": ("talk.jls", synthetic_files.write_jls, Options()),
    "joulescope-csv": ("joulescope.csv", synthetic_files.write_joulescope_csv, Options(rate=RATE)),
    "otii": ("otii.csv", synthetic_files.write_otii_csv, Options()),
    "otii, decimal commas": ("otii_comma.csv", lambda p, t: synthetic_files.write_otii_csv(p, t, ","), Options()),
    "csv": ("table.csv", synthetic_files.write_csv, Options(mapping=parse_mapping(synthetic_files.CSV_MAPPING))),
}
"""File name, writer, and what a user must say to have it read."""


@pytest.fixture(scope="session")
def board() -> Synthetic:
    """A minute of a board in four states, on an instrument with noise, ranges, dropouts and a smearing board."""
    instrument = Instrument(rate=RATE, dropouts_per_s=1.0, dropout_samples=40, smear_s=2e-4)
    return Synthetic(synthetic.talk(60, seed=4), instrument=instrument)


@pytest.fixture(scope="session")
def files(board, tmp_path_factory) -> dict[str, Path]:
    """The board's trace in every format, by the names of WRITERS; and its ledger, as "run"."""
    folder = tmp_path_factory.mktemp("traces")
    made = {}
    for name, (file, write, _) in WRITERS.items():
        made[name] = folder / file
        write(made[name], board)
    made["run"] = last_run.write(board.run(), folder / "run.json")
    return made


@pytest.fixture(scope="session")
def stored(files) -> dict[str, Trace]:
    """The same, imported."""
    found = {}
    for name, (_, _, options) in WRITERS.items():
        target = files[name].with_name(files[name].name + ".trace")
        import_recording(open_recording(files[name], options), target)
        found[name] = open_trace(target)
    return found


@pytest.fixture
def made(tmp_path):
    """Makes and imports another synthetic trace."""
    return lambda trace, volts=3.3: imported(trace, tmp_path, volts)


def imported(trace: Synthetic, folder: Path, volts: float | None = 3.3) -> Trace:
    """A synthetic trace by way of a .ppk2 file in `folder`."""
    synthetic_files.write_ppk2(folder / "made.ppk2", trace)
    recording = open_recording(folder / "made.ppk2")
    recording.volts = volts
    import_recording(recording, folder / "made.trace")
    return open_trace(folder / "made.trace")
