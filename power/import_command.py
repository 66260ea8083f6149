"""`power import`: a trace from an instrument's file into the form that `power fit` reads fast, and what is in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as ScreenTable

from power.errors import PowerError

FORMATS = "trace, ppk2, ppk2-csv, jls, joulescope-csv, otii, csv"

ChannelsOption = Annotated[
    str | None,
    typer.Option(
        "--channels",
        help="Digital channels of the state pins, bit 0 first.",
        metavar="D0,D1,D2",
        show_default="D0,D1,D2, or as imported",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", help=f"Instead of by content: {FORMATS}.", metavar="NAME", show_default=False),
]
RateOption = Annotated[
    float | None,
    typer.Option("--rate", help="Samples a second, where the file does not tell.", metavar="HZ", show_default=False),
]
MapOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        help="Columns of any other table: time=1,current=2,unit=mA,codes=state, or a .toml file.",
        metavar="KEY=COLUMN,...",
        show_default=False,
    ),
]
VoltsOption = Annotated[
    float | None,
    typer.Option("--volts", help="The supply, where the file does not tell.", metavar="V", show_default=False),
]


def import_(  # noqa: PLR0917 - typer calls it
    file: Annotated[Path, typer.Argument(help="What the instrument's software wrote.", metavar="FILE")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Where to.", metavar="FILE", show_default="FILE's name with .trace"),
    ] = None,
    form: FormatOption = None,
    rate: RateOption = None,
    mapping: MapOption = None,
    volts: VoltsOption = None,
    channels: ChannelsOption = None,
    instrument: Annotated[
        str | None, typer.Option(help="Its name, where the file does not tell.", metavar="TEXT", show_default=False)
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Also draw it: .png, .svg or .pdf.", metavar="FILE", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as one JSON object.")] = False,
) -> None:
    """Read a measured trace, keep it as a .trace file, and say what is in it.

    Reads Nordic PPK2 (.ppk2, CSV), Joulescope (.jls, CSV), Qoitech Otii (CSV) and any other table with --map; what a
    file is, its content tells. Hours at 100 kS/s stream through in bounded memory. Measure the rail that feeds core and
    microphone, and wire the state pins (artemis: D4, D5, D6 of the header) to the instrument's digital channels.

    \b
    Examples:
      power import quiet.ppk2
      power import talk.csv --volts 3.3 --picture talk.png
      power import joulescope.csv --rate 2000000
      power import meter.csv --map time=1,time_unit=ms,current=2,unit=uA

    \b
    --json: one object, in s, A, C, J:
      file, format, source, sha256, instrument, started, rate, volts
      summary   duration_s, samples, missing, gaps, longest_gap_s, mean_a, min_a, max_a, charge_c, energy_j,
                states {seconds, entries}, uncertain_codes, repeated_times, cut_short
    """
    from power.traces.importing import import_recording
    from power.traces.mapped import parse_mapping
    from power.traces.recognize import Options, open_recording
    from power.traces.states import DEFAULT_CHANNELS

    target = output or file.with_suffix(".trace")
    if not target.parent.is_dir():
        raise PowerError(f"{target} cannot be written: there is no folder {target.parent}; make it first")
    if target.exists() and (target.resolve() == file.resolve() or not force):
        raise PowerError(f"{target} is there already; name another with -o, or write over it with --force")
    if volts is not None and not 0 < volts <= 1000:
        raise PowerError(f"--volts is {volts:g}; give the supply in V")
    if picture is not None:
        check_picture(picture)
    recording = open_recording(file, Options(form, rate, None if mapping is None else parse_mapping(mapping)))
    if volts is not None:
        recording.volts = volts
    if instrument is not None:
        recording.instrument = instrument
    wired = DEFAULT_CHANNELS if channels is None else parse_channels(channels)
    with progress(f"reading {file.name}") as told:
        facts = import_recording(recording, target, wired, told)
    if picture is not None:
        from power.traces.picture import draw
        from power.traces.store import open_trace

        draw(open_trace(target), picture)
    if as_json:
        document: dict[str, Any] = {"file": str(target)} | facts.model_dump(mode="json", exclude={"chunks", "version"})
        print(json.dumps(document, indent=2))
        return
    _show(target, facts, Console())


def parse_channels(text: str) -> tuple[int, ...]:
    """Channels as the option has them: "D0,D1,D2" or "0,1,2"."""
    numbers = [part.strip().removeprefix("D").removeprefix("d") for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) < 8 for part in numbers):
        raise PowerError(f"--channels {text!r}: name channels like D0,D1,D2, bit 0 of the state code first")
    channels = tuple(int(part) for part in numbers)
    if len(set(channels)) != len(channels):
        raise PowerError(f"--channels {text!r} names a channel twice")
    return channels


def check_picture(path: Path) -> None:
    """PowerError where a picture cannot be written there."""
    from power.traces.picture import ENDINGS

    if path.suffix.lower() not in ENDINGS:
        raise PowerError(f"{path}: a picture ends in {', '.join(ENDINGS)}")
    if not path.parent.is_dir():
        raise PowerError(f"{path} cannot be written: there is no folder {path.parent}; make it first")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise PowerError("a picture needs matplotlib; run: pip install 'earshot[power]'") from error


@contextmanager
def progress(what: str) -> Iterator[Callable[[float], None]]:
    """A bar on the terminal's stderr, told the share done; nothing where stderr is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda share: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _show(target: Path, facts: Any, console: Console) -> None:
    if not console.is_terminal:
        console.width = 120
    summary = facts.summary

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    say(f"{target}: {facts.source} ({facts.format}), {facts.instrument}, {facts.rate:g} samples a second")
    say(f"  {_duration(summary.duration_s)}, {summary.samples:,} samples")
    if summary.mean_a is None:
        say("  no sample was measured")
    else:
        low, mean, high = (amps(value) for value in (summary.min_a, summary.mean_a, summary.max_a))
        energy = "voltage not known: --volts" if summary.energy_j is None else f"{1000 * summary.energy_j:.6g} mJ"
        say(f"  mean {mean}, least {low}, greatest {high}")
        say(f"  charge {1000 * summary.charge_c / 3.6:.6g} uAh, energy {energy}")
    if summary.missing:
        share = 100 * summary.missing / (summary.missing + summary.samples)
        longest = f"{1000 * summary.longest_gap_s:.3g} ms"
        say(f"  {summary.gaps:,} gaps, {share:.3g} % of the time, the longest {longest}; they are left out")
    if summary.uncertain_codes:
        say(f"  {summary.uncertain_codes:,} samples with an uncertain digital level, taken as it was before")
    if summary.repeated_times:
        say(f"  {summary.repeated_times:,} times repeat: they are coarser than the samples")
    if summary.cut_short:
        say("  the file ends within a sample: it was cut short")
    if not facts.has_codes:
        say("  no digital channels: power fit aligns it by the ledger of the same run")
        return
    table = ScreenTable(box=None, pad_edge=False)
    for name in ("  state", "time", "share %", "stays"):
        table.add_column(name, justify="left" if name == "  state" else "right")
    for name, row in summary.states.items():
        share = 100 * row.seconds / summary.duration_s if summary.duration_s else 0.0
        table.add_row(f"  {name}", _duration(row.seconds), f"{share:.2f}", f"{row.entries:,}")
    console.print(table)
    if len(summary.states) == 1:
        say(
            "  one state only: are the state pins wired, and named by --channels?",
        )
    if sys.stdout.isatty():
        say(f"next: power fit {target}")


def amps(value: float) -> str:
    """A current for people."""
    size = abs(value)
    scale, unit = (1e9, "nA") if size < 1e-6 else (1e6, "uA") if size < 1e-3 else (1e3, "mA") if size < 1 else (1, "A")
    return f"{value * scale:.5g} {unit}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
