"""A run of talk and silence with the shipped image's work: what the engines' tests start from."""

from datetime import UTC, datetime

from power.last_run import LastRun, Ledger, LedgerRow, LinkBytes, Snapshot

RATE = 15_625
CHUNK = 512
PER_S = {"sleep": 0.11e6, "hear": 1.35e6, "listen": 32.5e6, "send": 1.75e6}
"""Instructions a second."""


def talking_run(
    chunks: dict[str, int] | None = None,
    *,
    board: str = "artemis",
    entries: int = 5,
    timeline: tuple[Snapshot, ...] = (),
) -> LastRun:
    """One that was in each state for so many chunks; the default: half an hour, 30 % of it talk."""
    chunks = chunks or {"hear": 38_000, "listen": 16_500, "send": 100}
    rows = {name: row(name, count, entries if count else 0) for name, count in chunks.items()}
    return run_of(rows, board, timeline)


def row(name: str, chunks: int, entries: int) -> LedgerRow:
    """A state at its usual work."""
    samples = chunks * CHUNK
    return LedgerRow(samples=samples, cycles=int(samples / RATE * PER_S[name]), entries=entries)


def run_of(rows: dict[str, LedgerRow], board: str = "artemis", timeline: tuple[Snapshot, ...] = ()) -> LastRun:
    """A run with this last ledger."""
    sample = sum(each.samples for each in rows.values())
    speech = rows["listen"].samples if "listen" in rows else 0
    return LastRun(
        board=board,
        rate=RATE,
        firmware="0.1.0",
        cycles_are="instructions",
        ledger=Ledger(
            sample=sample,
            rows=rows,
            frames=sample // 256,
            inferences=sample // CHUNK,
            segments=1,
            speech_samples=speech,
            dropped=0,
            segments_lost=0,
        ),
        link_bytes=LinkBytes(sent=sample // 60, received=10),
        recording="talk.wav",
        wall=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        timeline=timeline,
    )
