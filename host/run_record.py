"""Leaves the ledger of a run, and how it grew, for `power`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from pydantic import ValidationError

from firmware import boards
from firmware.link import Damage, Frame, Ledger, ListenerState
from host.status import BoardStatus
from power import last_run

CyclesAre = Literal["cycles", "instructions", "nothing"]

_LEAST_PAUSE_S = 1.0
_SNAPSHOTS_A_SECOND_OF_PAUSE = 1024
"""A long run's file is larger, and is written less often: 4 s at most."""


class PowerStates(Protocol):
    """What a virtual board tells of its power states; see host.sim.residency.Residency."""

    @property
    def core(self) -> dict[str, float]:
        """Seconds by the core's power state."""

    @property
    def powered(self) -> dict[str, float]:
        """Seconds with power, by peripheral."""

    @property
    def burst(self) -> float:
        """Seconds at the burst clock."""

    @property
    def peripherals(self) -> dict[str, dict[str, float]]:
        """Seconds with power, by peripheral and power state."""

    @property
    def banks(self) -> dict[str, dict[str, float]]:
        """Seconds with power, by memory bank and power state."""

    @property
    def bank_bytes(self) -> dict[str, int]:
        """Size by memory bank."""


class RunRecord:
    """Follows a run by its LEDGERs, and writes it where `power` finds it: at the end, or as they come."""

    def __init__(
        self,
        status: BoardStatus,
        *,
        virtual: bool,
        recording: Path | None = None,
        power_states: Callable[[], PowerStates | None] = lambda: None,
        live: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`power_states`: as they are now. `live`: write as ledgers come, at most once a second.

        `virtual`: only such a board is heard from its reset on, as its ledger counts; so the link's bytes are known.
        """
        self._status = status
        self._virtual = virtual
        self._recording = recording
        self._power_states = power_states
        self._live = live
        self._clock = clock
        self._timeline = last_run.Timeline()
        self._restarts = status.restarts
        self._run: last_run.LastRun | None = None
        self._residency: last_run.Residency | None = None
        self._link_bytes: last_run.LinkBytes | None = None
        self._wall = datetime.now(UTC)
        self._due_at = 0.0

    def take(self, item: Frame | Damage) -> None:
        """Takes a frame after the status did; a LEDGER is kept."""
        if not isinstance(item, Ledger) or item.sample == 0:
            return
        if self._restarts != self._status.restarts:
            self._restarts = self._status.restarts
            self._timeline.clear()
        try:
            self._timeline.add(last_run.Snapshot(sample=item.sample, rows=_rows(item)))
        except ValidationError:
            self._timeline.clear()  # one that does not add up is refused as the last ledger too, and there it is said
        states = self._power_states()
        if states is not None:
            self._residency = last_run.Residency(
                **{name: getattr(states, name) for name in last_run.Residency.model_fields}
            )
        if self._virtual:
            # What was sent to the board since its last answer, it has not taken up yet; nor does the status count it.
            self._link_bytes = last_run.LinkBytes(sent=self._status.bytes_in, received=self._status.bytes_out)
        self._wall = datetime.now(UTC)
        if self._live and self._clock() >= self._due_at and self._write(ended=False) is not None:
            self._live = False  # the end says why

    def keep(self) -> str | None:
        """Writes the run where a ledger came; a sentence where that could not be done."""
        return self._write(ended=True)

    def _write(self, *, ended: bool) -> str | None:
        try:
            run = self._as_it_is(ended)
            if run is not None:
                last_run.write(run)
        except ValidationError as error:
            return f"the ledger is not kept for `power report`: {error.errors()[0]['msg']}."
        except OSError as error:
            return f"the ledger is not kept for `power report`: {last_run.path()}: {error.strerror or error}."
        return None

    def _as_it_is(self, ended: bool) -> last_run.LastRun | None:
        """The run up to its last ledger; where none came since a reset, up to the last one before it."""
        hello, ledger = self._status.hello, self._status.ledger
        if hello is None or ledger is None or ledger.sample == 0:
            return self._run.model_copy(update={"ended": ended}) if self._run is not None else None
        timeline = self._timeline.snapshots()
        self._due_at = self._clock() + max(_LEAST_PAUSE_S, len(timeline) / _SNAPSHOTS_A_SECOND_OF_PAUSE)
        self._run = last_run.LastRun(
            board=hello.board,
            rate=hello.rate,
            firmware=hello.firmware,
            build=f"{hello.build:016x}" if hello.build else None,
            cycles_are=cycles_are(hello.board, self._virtual),
            ledger=_ledger(ledger),
            link_bytes=self._link_bytes,
            recording=str(self._recording) if self._recording is not None else None,
            wall=self._wall,
            timeline=timeline,
            residency=self._residency,
            ended=ended,
        )
        return self._run


def _rows(ledger: Ledger) -> dict[str, last_run.LedgerRow]:
    return {
        state.name.lower(): last_run.LedgerRow(samples=row.samples, cycles=row.cycles, entries=row.entries)
        for state, row in zip(ListenerState, ledger.rows, strict=True)
    }


def _ledger(ledger: Ledger) -> last_run.Ledger:
    counters = {name: getattr(ledger, name) for name in last_run.Ledger.model_fields if name != "rows"}
    return last_run.Ledger(rows=_rows(ledger), **counters)


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
