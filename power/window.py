"""A stretch of a run as a run of its own: what the ledger says of the last minutes, or of any minutes."""

from __future__ import annotations

from bisect import bisect_right

from power.last_run import LastRun, Ledger, LedgerRow, LinkBytes, Snapshot

_NOTHING = LedgerRow(samples=0, cycles=0, entries=0)


def last_seconds(run: LastRun, seconds: float) -> LastRun | None:
    """The end of a run, from the snapshot that lies at least `seconds` back; None if it has none so old."""
    wanted = run.ledger.sample - seconds * run.rate
    at = bisect_right(run.timeline, wanted, key=lambda snapshot: snapshot.sample)
    return between(run, run.timeline[at - 1], _last(run)) if at else None


def pieces(run: LastRun, most: int) -> list[LastRun]:
    """The run in at most `most` stretches of about equal length, oldest first; fewer where there are fewer snapshots.

    A stretch begins and ends at multiples of a length that doubles as the run grows, so that but the last one stays.
    """
    length = run.rate
    while run.ledger.sample > most * length:
        length *= 2
    ends: list[Snapshot] = []
    for snapshot in run.timeline:
        if ends and (snapshot.sample - 1) // length == (ends[-1].sample - 1) // length:
            ends[-1] = snapshot
        else:
            ends.append(snapshot)
    starts = [None, *ends[:-1]]
    return [between(run, start, end) for start, end in zip(starts, ends, strict=True)]


def between(run: LastRun, start: Snapshot | None, end: Snapshot) -> LastRun:
    """`run` as if it had begun at `start` (None: its reset) and ended at `end`, which is later.

    Time and work are the difference of the ledgers. Snapshots have no more, so the other counters and the link's bytes
    are the whole run's, in proportion to the time.
    """
    before = start.rows if start else {}
    rows = {}
    for name, row in end.rows.items():
        old = before.get(name, _NOTHING)
        rows[name] = LedgerRow(
            samples=row.samples - old.samples, cycles=row.cycles - old.cycles, entries=row.entries - old.entries
        )
    sample = end.sample - (start.sample if start else 0)
    part = sample / run.ledger.sample
    counters = {
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


def _last(run: LastRun) -> Snapshot:
    return Snapshot(sample=run.ledger.sample, rows=run.ledger.rows)
