"""`power fit`: what the board draws in each state, measured against the model, and figures for its components."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as ScreenTable

from power import data_files, figures, kept_ledgers
from power.errors import PowerError
from power.import_command import (
    ChannelsOption,
    FormatOption,
    MapOption,
    RateOption,
    VoltsOption,
    amps,
    parse_channels,
    progress,
)

if TYPE_CHECKING:
    from power.traces.determine import Combination, Fitted
    from power.traces.fit import Fit
    from power.traces.recognize import Options
    from power.traces.store import Trace


def fit(  # noqa: PLR0917 - typer calls it
    traces: Annotated[
        list[Path], typer.Argument(help=".trace files, or what the instrument's software wrote.", metavar="TRACE...")
    ],
    board: Annotated[str, typer.Option(help="The board that was measured.", metavar="NAME")] = "artemis",
    ledger: kept_ledgers.LedgerOption = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the figures here, as TOML.", metavar="FILE", show_default=False),
    ] = None,
    hold: Annotated[
        list[str] | None,
        typer.Option(
            "--hold",
            help="A figure to keep, so that another one follows from a sum, such as apollo3.cpi; repeatable.",
            metavar="KEY",
            show_default=False,
        ),
    ] = None,
    settle_ms: Annotated[
        float | None,
        typer.Option(
            "--settle", help="Left out after each change of state.", metavar="MS", show_default="1 ms", min=0.0
        ),
    ] = None,
    accuracy: Annotated[
        float, typer.Option(help="The instrument's, in % of the reading; widens every interval.", min=0.0, max=50.0)
    ] = 0.0,
    widest: Annotated[
        float, typer.Option(help="Half an interval in %, beyond which nothing is called measured.", min=0.1, max=100.0)
    ] = 10.0,
    firmware: Annotated[
        str | None,
        typer.Option(help="The build that was measured.", metavar="ID", show_default="the ledger's"),
    ] = None,
    channels: ChannelsOption = None,
    form: FormatOption = None,
    rate: RateOption = None,
    mapping: MapOption = None,
    volts: VoltsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON object.")] = False,
    parts_folder: data_files.PartsOption = None,
) -> None:
    """Compare what a board draws in each state with the model, and turn traces into figures of its components.

    Each state's mean current has an interval that covers the true one 19 times out of 20. Traces without state codes
    are aligned with the timeline of the same run's ledger, or refused where it does not fit one place only.

    States tell apart a floor (microphone, its interface, core asleep) and the charge of an instruction, not the
    figures that make these up: with --hold some of them keep their values, and one follows. What rests on too little
    is said to, and not written as measured.

    \b
    Examples:
      power fit talk.trace
      power fit talk.trace --hold apollo3.cpi --hold apollo3.deep_sleep --hold sph0641.listening -o figures.toml
      power fit joulescope.csv --rate 2000000 --ledger kept_run.json --accuracy 0.3

    \b
    --json: one object; currents in A, charges in C.
      board, volts, firmware, ledger, settle_s, accuracy, notes
      traces        file, sha256, instrument, started, alignment {offset_s, ratio, correlation, rival, uncertainty_s}
      states        state, modelled {min, typ, max}, measured {mean, low, high}, difference, seconds, samples, stays,
                    independent, remarks, too_little
      combinations  name, formula, unit, value {min, typ, max}, modelled, remark, enough
      figures       key, value {min, typ, max}, unit, held, measured, remark
    """
    parts = figures.board_parts(board)
    from power.traces.determine import fitted
    from power.traces.fit import fit as fit_traces
    from power.traces.mapped import parse_mapping
    from power.traces.modelled import Rail
    from power.traces.recognize import Options
    from power.traces.states import SETTLE_S
    from power.work import work

    if output is not None and not output.parent.is_dir():
        raise PowerError(f"{output} cannot be written: there is no folder {output.parent}; make it first")
    kept = _ledger(ledger, parts)
    wired = None if channels is None else parse_channels(channels)
    options = Options(form, rate, None if mapping is None else parse_mapping(mapping))
    with tempfile.TemporaryDirectory() as folder:
        opened = [_opened(path, Path(folder) / f"{at}.trace", options, volts) for at, path in enumerate(traces)]
        result = fit_traces(
            opened,
            parts,
            None if kept is None else kept.run,
            channels=wired,
            settle_s=SETTLE_S if settle_ms is None else settle_ms / 1000,
            accuracy=accuracy / 100,
            widest=widest / 100,
            firmware=firmware,
        )
    found: tuple[Fitted, ...] = ()
    if kept is not None:
        rail = Rail(parts, result.volts, work(kept.run, parts))
        found = fitted(rail, result.combinations, hold or [], widest / 100)
    elif hold:
        raise PowerError("--hold needs a ledger: without one a trace tells no figure; give --ledger FILE")
    written: Sequence[str] = ()
    if output is not None:
        from power.traces import fitted_file

        written = list(fitted_file.write(output, result, found, datetime.now(UTC).date()))
    if as_json:
        print(json.dumps(_document(result, found, kept), indent=2))
        return
    _show(result, found, kept, Console())
    if output is not None:
        print(f"{output}: {', '.join(written) if written else 'no figure is measured well enough to be written'}")


def _ledger(file: Path | None, parts: figures.BoardParts) -> kept_ledgers.KeptLedger | None:
    """The ledger to work with; None where none is given and there is none."""
    if file is not None:
        return kept_ledgers.find(file, parts)
    try:
        return kept_ledgers.find(None, parts)
    except PowerError:
        # Measured means need no ledger; the report says what is missing without one.
        return None


def _opened(path: Path, stored: Path, options: Options, volts: float | None) -> Trace:
    """The trace in any file, by way of a stored one where it is none."""
    from power.traces.importing import import_recording
    from power.traces.recognize import open_recording
    from power.traces.store import Trace, open_trace

    recording = open_recording(path, options)
    if volts is not None:
        recording.volts = volts
    if not isinstance(recording, Trace):
        with progress(f"reading {path.name}") as told:
            import_recording(recording, stored, progress=told)
        return open_trace(stored)
    if volts is not None:
        recording.facts = recording.facts.model_copy(update={"volts": volts})
    return recording


def _document(result: Fit, found: Sequence[Fitted], kept: kept_ledgers.KeptLedger | None) -> dict[str, Any]:
    return {
        "board": result.parts.name,
        "volts": result.volts,
        "firmware": result.firmware,
        "ledger": None if kept is None else {"file": kept.name, "sha256": kept.sha256, "what": kept.says},
        "settle_s": result.settle_s,
        "accuracy": result.accuracy,
        "traces": [
            {
                "file": source.trace.facts.source,
                "sha256": source.trace.facts.sha256,
                "instrument": source.trace.instrument,
                "started": None if source.trace.started is None else source.trace.started.isoformat(),
                "alignment": None if source.alignment is None else source.alignment.__dict__,
            }
            for source in result.sources
        ],
        "states": [
            {
                "state": row.state,
                "modelled": None if row.modelled is None else row.modelled._asdict(),
                "measured": {
                    "mean": _finite(row.measured.mean),
                    "low": _finite(row.measured.low),
                    "high": _finite(row.measured.high),
                },
                "difference": None if row.difference is None else _finite(row.difference),
                "seconds": row.seconds,
                "samples": row.samples,
                "stays": row.stays,
                "independent": row.measured.batches,
                "remarks": list(row.remarks),
                "too_little": list(row.too_little),
            }
            for row in result.states
        ],
        "combinations": [
            {
                "name": each.name,
                "formula": each.formula,
                "unit": each.unit,
                "value": None if each.value is None else each.value._asdict(),
                "modelled": each.modelled._asdict(),
                "remark": each.remark,
                "enough": each.enough,
            }
            for each in result.combinations
        ],
        "figures": [
            {
                "key": each.key,
                "value": None if each.value is None else each.value._asdict(),
                "unit": each.unit,
                "held": list(each.held),
                "measured": each.measured,
                "remark": each.remark,
            }
            for each in found
        ],
        "notes": list(result.notes),
    }


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def _show(result: Fit, found: Sequence[Fitted], kept: kept_ledgers.KeptLedger | None, console: Console) -> None:
    if not console.is_terminal:
        console.width = 180

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    say(f"{result.parts.name}: {result.parts.title}")
    for source in result.sources:
        trace = source.trace
        when = "" if trace.started is None else f", {trace.started:%Y-%m-%d}"
        say(f"trace     {trace.facts.source}, {trace.instrument}{when}, sha256 {trace.facts.sha256[:12]}")
        if source.alignment is not None:
            say(f"          {_aligned(source.alignment)}")
    if kept is None:
        say("ledger    none: nothing is modelled, and no figure follows; give --ledger FILE")
    else:
        say(f"ledger    {kept.says} ({kept.name}), sha256 {kept.sha256[:12]}")
    left_out = f"{1000 * result.settle_s:g} ms left out after each change of state"
    say(f"firmware  {result.firmware}; supply {result.volts:.3g} V; {left_out}\n")
    console.print(_states(result))
    for row in result.states:
        for text in row.too_little:
            say(f"{row.state}: too little data: {text}")
        for text in row.remarks:
            say(f"{row.state}: {text}")
    if result.combinations:
        say("")
        console.print(_combinations(result.combinations))
        console.print(_figures(found))
        for each in found:
            if not each.measured:
                say(f"{each.key}: {each.remark}")
    for note in result.notes:
        say(f"Note: {note}.")


def _aligned(found: Any) -> str:
    return (
        f"aligned with the ledger: offset {found.offset_s:.3f} s (+-{found.uncertainty_s:.3f}), clocks "
        f"{1e6 * (found.ratio - 1):+.0f} ppm, correlation {found.correlation:.4f} over {found.intervals} intervals, "
        f"elsewhere {found.rival:.2f} at most"
    )


def _states(result: Fit) -> ScreenTable:
    instruments = ", ".join(dict.fromkeys(source.trace.instrument for source in result.sources))
    table = ScreenTable(box=None, pad_edge=False)
    for name in (
        "state",
        "modelled",
        "its range",
        "measured",
        "95 % interval",
        "difference",
        "samples",
        "time",
        "stays",
    ):
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
    for name in ("instrument", "firmware"):
        table.add_column(name)
    for row in result.states:
        modelled, span = ("-", "-") if row.modelled is None else (amps(row.modelled.typ), _span(row.modelled))
        difference = "-" if row.difference is None else f"{100 * row.difference:+.1f} %"
        known = abs(row.measured.half_width) < float("inf")
        interval = f"{amps(row.measured.low)} to {amps(row.measured.high)}" if known else "not known"
        table.add_row(
            row.state,
            modelled,
            span,
            amps(row.measured.mean) if row.measured.batches else "-",
            interval,
            difference,
            f"{row.samples:,}",
            f"{row.seconds:.1f} s",
            f"{row.stays:,}",
            instruments,
            result.firmware + (" (too little)" if row.too_little else ""),
        )
    return table


def _span(value: figures.Range) -> str:
    return f"{amps(value.min)} to {amps(value.max)}"


def _combinations(found: Sequence[Combination]) -> ScreenTable:
    table = ScreenTable(box=None, pad_edge=False)
    for name in ("what the states tell", "measured", "95 % interval", "modelled", "how"):
        table.add_column(name, justify="right" if name in ("measured", "95 % interval", "modelled") else "left")
    for each in found:
        written = amps if each.unit == "A" else _coulomb
        if each.value is None:
            value, interval = "-", "-"
        else:
            value, interval = written(each.value.typ), f"{written(each.value.min)} to {written(each.value.max)}"
        table.add_row(each.formula, value, interval, written(each.modelled.typ), each.remark)
    table.add_row()
    return table


def _coulomb(value: float) -> str:
    return f"{value * 1e12:.4g} pC"


def _figures(found: Sequence[Fitted]) -> ScreenTable:
    table = ScreenTable(box=None, pad_edge=False)
    for name in ("figure", "min", "typ", "max"):
        table.add_column(name, justify="left" if name == "figure" else "right")
    for name in ("unit", "held", "status"):
        table.add_column(name)
    for each in found:
        values = ["-"] * 3 if each.value is None else [f"{value:.4g}" for value in each.value]
        status = "measured" if each.measured else "not measured"
        table.add_row(each.key, *values, each.unit, ", ".join(each.held), status)
    table.add_row()
    return table
