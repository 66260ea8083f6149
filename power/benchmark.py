"""How long the engines take: `python -m power.benchmark [--json]`. Best of several runs, in seconds."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from power import variants
from power.errors import PowerError
from power.expectation import expect
from power.figures import BoardParts, board_parts
from power.kept_ledgers import shipped
from power.last_run import LastRun, Ledger, LedgerRow, Snapshot
from power.scenario import Scenario, scenario
from power.simulation import simulate
from power.study import study
from power.work import CHUNK_SAMPLES, work

REPEATS = 3
LIMITS_S = {"study, 10 000 days": 2.0, "10 000 Monte Carlo days": 10.0, "a ledger of 24 hours, simulated": 1.0}
"""What each may take."""
_DAY_SNAPSHOTS = 4096


def day_long(run: LastRun, seed: int = 1) -> LastRun:
    """24 hours of ledgers, as many as a run keeps: `run`'s work, its states in stays of random length."""
    rng = np.random.default_rng(seed)
    ledger = run.ledger
    states = [name for name, row in ledger.rows.items() if row.samples]
    share = np.array([ledger.rows[name].samples for name in states]) / ledger.sample
    chunks = 24 * 3600 * run.rate // CHUNK_SAMPLES // _DAY_SNAPSHOTS
    counts = rng.multinomial(chunks, share, size=_DAY_SNAPSHOTS).cumsum(axis=0) * CHUNK_SAMPLES
    entries = (rng.random((_DAY_SNAPSHOTS, len(states))) < 0.7).astype(int).cumsum(axis=0)
    per_sample = [ledger.rows[name].cycles / ledger.rows[name].samples for name in states]
    timeline = [
        Snapshot(
            sample=int(sum(samples)),
            rows={
                name: LedgerRow(samples=int(count), cycles=int(count * each), entries=int(entered))
                for name, count, each, entered in zip(states, samples, per_sample, stays, strict=True)
            },
        )
        for samples, stays in zip(counts, entries, strict=True)
    ]
    last = timeline[-1]
    whole = Ledger(**{**ledger.model_dump(), "sample": last.sample, "rows": last.rows})
    return run.model_copy(update={"ledger": whole, "timeline": tuple(timeline)})


def measured(parts: BoardParts, run: LastRun) -> dict[str, float]:
    """Seconds of each of LIMITS_S."""
    which = scenario("earpiece")
    done = work(run, parts)
    long = day_long(run)
    recorded: Scenario = scenario("always_on")

    def monte_carlo() -> object:
        return expect(done, *variants.sampled(parts, which, {}, 10_000, 1))

    def long_ledger() -> object:
        values, day = variants.typical(parts, recorded, {})
        return simulate(long, work(long, parts), values, day, 1)

    jobs: dict[str, Callable[[], object]] = {
        "study, 10 000 days": lambda: study(run, parts, which),
        "10 000 Monte Carlo days": monte_carlo,
        "a ledger of 24 hours, simulated": long_ledger,
    }
    return {name: min(_seconds(job) for _ in range(REPEATS)) for name, job in jobs.items()}


def _seconds(job: Callable[[], object]) -> float:
    begun = time.perf_counter()
    job()
    return time.perf_counter() - begun


def main() -> None:
    """Prints the times beside what each may take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object, seconds by name")
    options = parser.parse_args()
    parts = board_parts("artemis")
    kept = shipped(parts)
    if kept is None:
        raise PowerError("no ledger is shipped for artemis; make one with: host replay FILE.wav --board artemis")
    found = measured(parts, kept.run)
    if options.json:
        print(json.dumps(found))
        return
    for name, seconds in found.items():
        print(f"{name:34s} {seconds:6.2f} s of {LIMITS_S[name]:g} s")


if __name__ == "__main__":
    main()
