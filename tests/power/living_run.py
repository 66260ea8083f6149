"""A run as `host listen` leaves it while it goes on: a ledger every 1.05 s, made up with round numbers."""

from datetime import UTC, datetime

from power.last_run import LastRun, Ledger, LedgerRow, LinkBytes, Snapshot, Timeline

RATE = 15_625
PERIOD = 16_384
PER_S = {"sleep": 100_000, "hear": 2_000_000, "listen": 32_000_000, "send": 20_000_000}
"""Instructions."""


def living_run(
    states: list[str], *, board: str = "artemis", ended: bool = False, wall: datetime | None = None
) -> LastRun:
    """One that was in `states` for a ledger period each, at PER_S."""
    timeline, samples, entries, before = Timeline(), dict.fromkeys(PER_S, 0), dict.fromkeys(PER_S, 0), ""
    for state in states:
        samples[state] += PERIOD
        entries[state] += state != before
        before = state
        rows = {
            name: LedgerRow(samples=count, cycles=count * PER_S[name] // RATE, entries=entries[name])
            for name, count in samples.items()
        }
        timeline.add(Snapshot(sample=sum(samples.values()), rows=rows))
    last = timeline.snapshots()[-1]
    ledger = Ledger(
        sample=last.sample,
        rows=rows,
        frames=last.sample // 256,
        inferences=last.sample // 512,
        segments=entries["listen"],
        speech_samples=samples["listen"],
        dropped=0,
        segments_lost=0,
    )
    return LastRun(
        board=board,
        rate=RATE,
        firmware="0.1.0",
        cycles_are="nothing" if board == "native" else "instructions",
        ledger=ledger,
        link_bytes=LinkBytes(sent=20 * len(states), received=len(states)),
        recording="talk.wav",
        wall=wall or datetime.now(UTC),
        timeline=timeline.snapshots(),
        ended=ended,
    )
