"""Follows the file of the last run while `host listen` writes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from power import last_run
from power.errors import PowerError
from power.last_run import LastRun

STALLED_S = 10.0
"""Without a new ledger, a run that has not ended is one whose board or host is silent."""
_POLL_S = 0.25

Kind = Literal["waiting", "live", "stalled", "ended"]


@dataclass(frozen=True)
class Moment:
    """What the file says now."""

    kind: Kind
    run: LastRun | None
    text: str
    """A sentence for people: why there is none, or since when nothing new came."""


def follow(
    file: Path,
    *,
    stopped: Callable[[], bool] = lambda: False,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Moment]:
    """A moment at once, and one whenever the file changes or stops changing, until `stopped()`.

    A file that is damaged or away is waited for: it may be on its way.
    """
    shown: object | None = None
    stamp: tuple[int, int] | None = None
    run: LastRun | None = None
    why = ""
    while not stopped():
        seen = _stamp(file)
        if seen != stamp or run is None:
            stamp = seen
            run, why = _read(file)
        found = _moment(run, why, now())
        if (seen, found.kind, why) != shown:
            shown = (seen, found.kind, why)
            yield found
        sleep(_POLL_S)


def moment(file: Path, now: float) -> Moment:
    """What the file says at `now`, in seconds of the epoch."""
    return _moment(*_read(file), now)


def _read(file: Path) -> tuple[LastRun | None, str]:
    """The run, or why there is none."""
    try:
        return last_run.read(file), ""
    except PowerError as error:
        if file.exists():
            return None, str(error)
        beside = "host listen --port sim:artemis --wav FILE.wav"
        return None, f"there is no run in {file} yet; start one beside this: {beside}"


def _moment(run: LastRun | None, why: str, now: float) -> Moment:
    if run is None:
        return Moment("waiting", None, why)
    if run.ended:
        return Moment("ended", run, f"the run ended at {_clock(run, now)}")
    if now - run.wall.timestamp() > STALLED_S:
        since = f"no ledger since {_clock(run, now)}"
        return Moment("stalled", run, f"{since}; is the board still there, and `host listen` still running?")
    return Moment("live", run, "")


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _clock(run: LastRun, now: float) -> str:
    """When its last ledger came, by this computer's clock; with the date where that was not within a day."""
    within_a_day = now - run.wall.timestamp() < 86_400
    return run.wall.astimezone().strftime("%H:%M:%S" if within_a_day else "%H:%M on %Y-%m-%d")
