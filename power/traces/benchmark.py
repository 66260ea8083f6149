"""How fast traces are read, and in how much memory: python -m power.traces.benchmark [--hours 1] [--format ppk2].

Makes a synthetic recording, imports it and measures its states, each in a process of its own, so that the peak memory
is that step's.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from power.traces import synthetic, synthetic_files
from power.traces.importing import import_recording
from power.traces.intervals import mean_interval
from power.traces.mapped import parse_mapping
from power.traces.recognize import Options, open_recording
from power.traces.states import STATES, cells_of, segments_of
from power.traces.store import open_trace

WRITERS = {
    "ppk2": ("long.ppk2", synthetic_files.write_ppk2),
    "ppk2-csv": ("long.csv", synthetic_files.write_ppk2_csv),
    "jls": ("long.jls", synthetic_files.write_jls),
    "csv": ("table.csv", synthetic_files.write_csv),
}


def recording(hours: float, rate: float) -> synthetic.Synthetic:
    """The recording that is made: a board that sleeps, hears and listens in turns."""
    instrument = synthetic.Instrument(rate=rate, dropouts_per_s=0.1)
    return synthetic.Synthetic(synthetic.talk(hours * 3600), instrument=instrument)


def run_step(step: str, form: str, folder: Path, hours: float, rate: float) -> int:
    """Does one step and returns how many samples it went over."""
    name, writer = WRITERS[form]
    source, stored = folder / name, folder / "long.trace"
    trace = recording(hours, rate)
    match step:
        case "write":
            writer(source, trace)
        case "import":
            options = Options(mapping=parse_mapping(synthetic_files.CSV_MAPPING)) if form == "csv" else Options()
            return import_recording(open_recording(source, options), stored).summary.samples
        case "measure":
            opened = open_trace(stored)
            cells = cells_of(opened, segments_of(opened, opened.facts.channels))
            truth = trace.means()
            for code, state in enumerate(STATES):
                mine = cells.of(cells.code == code)
                if len(mine):
                    found = mean_interval(mine.amperes, mine.seconds)
                    off = 100 * (found.mean / truth[state] - 1)
                    print(f"  {state:7} {1e6 * found.mean:10.3f} uA, {off:+.4f} % off the truth", file=sys.stderr)
            return opened.facts.summary.samples
    return trace.samples


def main() -> None:
    """Prints samples a second and peak memory of each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=1.0, help="length of the recording (default: 1)")
    parser.add_argument("--rate", type=float, default=100_000.0, help="samples a second (default: 100000)")
    parser.add_argument("--format", choices=sorted(WRITERS), default="ppk2", help="what is read (default: ppk2)")
    parser.add_argument("--folder", type=Path, help="where to; default: a temporary folder, 4 GB for an hour")
    parser.add_argument("--step", choices=["write", "import", "measure"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        start = time.perf_counter()
        samples = run_step(options.step, options.format, options.folder, options.hours, options.rate)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"samples": samples, "seconds": time.perf_counter() - start, "peak_mib": peak}))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        print(f"{options.hours:g} h at {options.rate:g} samples a second, {options.format}")
        for step in ("write", "import", "measure"):
            command = [sys.executable, "-m", "power.traces.benchmark", "--step", step, "--folder", str(folder)]
            command += ["--hours", str(options.hours), "--rate", str(options.rate), "--format", options.format]
            done = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            speed = done["samples"] / done["seconds"] / 1e6
            print(
                f"{step:8} {done['samples']:,} samples in {done['seconds']:.1f} s: {speed:.1f} M a second, "
                f"{speed * 1e6 / options.rate:.0f} times real time; peak {done['peak_mib']:.0f} MiB"
            )


if __name__ == "__main__":
    main()
