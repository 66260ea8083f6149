"""Leaves the ledger of a run for `power report`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from firmware import boards
from firmware.link import ListenerState
from host.status import BoardStatus
from power import last_run

CyclesAre = Literal["cycles", "instructions", "nothing"]


def keep_run(
    status: BoardStatus,
    *,
    virtual: bool,
    recording: Path | None = None,
    link_bytes: last_run.LinkBytes | None = None,
) -> str | None:
    """Writes the last run where a ledger came; a sentence where that could not be done."""
    if status.ledger is None or status.hello is None or status.ledger.sample == 0:
        return None
    hello, ledger = status.hello, status.ledger
    try:
        run = last_run.LastRun(
            board=hello.board,
            rate=hello.rate,
            firmware=hello.firmware,
            cycles_are=cycles_are(hello.board, virtual),
            ledger=last_run.Ledger(
                sample=ledger.sample,
                rows={
                    state.name.lower(): last_run.LedgerRow(samples=row.samples, cycles=row.cycles, entries=row.entries)
                    for state, row in zip(ListenerState, ledger.rows, strict=True)
                },
                frames=ledger.frames,
                inferences=ledger.inferences,
                segments=ledger.segments,
                speech_samples=ledger.speech_samples,
                dropped=ledger.dropped,
                segments_lost=ledger.segments_lost,
            ),
            link_bytes=link_bytes,
            recording=str(recording) if recording is not None else None,
            wall=datetime.now(UTC),
        )
        last_run.write(run)
    except ValidationError as error:
        return f"the ledger is not kept for `power report`: {error.errors()[0]['msg']}."
    except OSError as error:
        return f"the ledger is not kept for `power report`: {last_run.path()}: {error.strerror or error}."
    return None


def cycles_are(name: str, virtual: bool) -> CyclesAre:
    """What the board `name` counts as cycles; `virtual`: it is one of ours."""
    try:
        simulator = boards.load(name).simulator
    except boards.BoardError:
        return "cycles"
    if simulator == "native":
        return "nothing"
    # QEMU's boards exist nowhere else, whatever line they are heard over.
    return "instructions" if virtual or simulator == "qemu" else "cycles"
