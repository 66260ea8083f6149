"""A stretch of a run as a run of its own: what the ledger says of the last minutes."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from power.last_run import LastRun, Ledger, LedgerRow, LinkBytes, Snapshot

SETTLED_S = 10.0
"""A state's work is counted when it is done, which may be a second after its sound was heard (the recogniser begins
with what was said before the gate opened). Over less time in a state than this, the two need not fit each other."""

_NOTHING = LedgerRow(samples=0, cycles=0, entries=0)


def last_seconds(run: LastRun, seconds: float) -> LastRun | None:
    """The end of a run, from the snapshot that lies at least `seconds` back; None if it has none so old."""
    wanted = run.ledger.sample - seconds * run.rate
    at = bisect_right(run.timeline, wanted, key=lambda snapshot: snapshot.sample)
    return since(run, run.timeline[at - 1]) if at else None


def since(run: LastRun, start: Snapshot) -> LastRun:
    """`run` as if it had begun at `start`, a snapshot of it before its last.

    Time is the difference of the ledgers; so is the work of a state that it was in for SETTLED_S, while that of another
    is the whole run's in proportion. So are the other counters and the link's bytes, which snapshots do not have.
    """
    rows = {}
    for name, row in run.ledger.rows.items():
        before = start.rows.get(name, _NOTHING)
        samples, cycles = row.samples - before.samples, row.cycles - before.cycles
        if samples < SETTLED_S * run.rate and row.samples:
            cycles = round(row.cycles * samples / row.samples)
        rows[name] = LedgerRow(samples=samples, cycles=cycles, entries=row.entries - before.entries)
    sample = run.ledger.sample - start.sample
    part = sample / run.ledger.sample
    counters: dict[str, Any] = {
        name: None if value is None else round(value * part)
        for name, value in run.ledger.model_dump(exclude={"sample", "rows"}).items()
    }
    link = run.link_bytes
    return run.model_copy(
        update={
            "ledger": Ledger(sample=sample, rows=rows, **counters),
            "link_bytes": link and LinkBytes(sent=round(link.sent * part), received=round(link.received * part)),
            "timeline": (),
            "residency": None,
        }
    )


def shares(run: LastRun, most: int) -> list[tuple[float, float, dict[str, float]]]:
    """The run in at most `most` stretches of one length but for the ends: (start s, end s, share of each state).

    They begin and end at multiples of a length that doubles as the run grows, so that what is past stays as it was.
    """
    length = run.rate
    while run.ledger.sample > most * length:
        length *= 2
    ends: list[Snapshot] = []
    for snapshot in run.timeline:
        if ends and snapshot.sample // length == ends[-1].sample // length:
            ends[-1] = snapshot
        else:
            ends.append(snapshot)
    found, before, rows = [], 0, dict[str, LedgerRow]()
    for end in ends:
        heard = end.sample - before
        part = {name: (row.samples - rows.get(name, _NOTHING).samples) / heard for name, row in end.rows.items()}
        found.append((before / run.rate, end.sample / run.rate, {name: share for name, share in part.items() if share}))
        before, rows = end.sample, end.rows
    return found
