"""The work of a run: instructions a second in each of the listener's states, from its ledger, and what they take.

The core sleeps between chunks of sound and wakes once for each. What a state asks of it is the ledger's cycles over the
time spent in it, times the cycles an instruction takes where the ledger counts instructions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError
from power.figures import BoardParts
from power.last_run import LastRun
from power.values import Values

Array = NDArray[np.float64]

CHUNK_SAMPLES = 512
"""Between two wakes: the firmware's EARSHOT_CHUNK (pipeline/listener.h)."""
BURST_STATES = frozenset({"listen", "send", "false_accept"})
"""In which the firmware asks for the burst clock (boards/artemis/board.c), where the core has one."""
UART_BITS_A_BYTE = 10
_NOTED_SLEEP = 0.1
"""Percent of the time in light sleep from which it is worth a word."""


@dataclass(frozen=True)
class StateWork:
    """One state, as a run had it."""

    share: float
    """Of the run's time, 0..1."""
    per_s: float
    """Cycles or instructions a second."""
    entry_s: float
    """Mean seconds of one stay."""


@dataclass(frozen=True)
class Work:
    """A run's work."""

    states: dict[str, StateWork]
    """Those that the run was in."""
    seconds: float
    counts_instructions: bool
    wakes_per_s: float
    link_bytes_per_s: float | None
    """Sent over the board's serial link; None if not known."""
    notes: tuple[str, ...] = ()
    """What the virtual board's own log of power states says beside the ledger."""


def work(run: LastRun, parts: BoardParts) -> Work:
    """What `run` says of the work of `parts`' core; PowerError, with the next step, where it says nothing of it."""
    remedy = f"run: host replay FILE.wav --board {parts.ledgers_of[0] if parts.ledgers_of else parts.name}"
    if run.cycles_are == "nothing":
        raise PowerError(f"the last run was on {run.board}, which counts no work; {remedy}")
    if run.board not in parts.ledgers_of:
        raise PowerError(f"the last run was on {run.board}, whose counts say nothing of {parts.name}'s core; {remedy}")
    ledger = run.ledger
    states = {
        name: StateWork(
            share=row.samples / ledger.sample,
            per_s=row.cycles / row.samples * run.rate,
            entry_s=row.samples / max(row.entries, 1) / run.rate,
        )
        for name, row in ledger.rows.items()
        if row.samples
    }
    sent = None if run.link_bytes is None else run.link_bytes.sent * run.rate / ledger.sample
    return Work(
        states=states,
        seconds=ledger.sample / run.rate,
        counts_instructions=run.cycles_are == "instructions",
        wakes_per_s=run.rate / CHUNK_SAMPLES,
        link_bytes_per_s=sent,
        notes=_logged(run),
    )


def _logged(run: LastRun) -> tuple[str, ...]:
    log = run.residency
    total = sum(log.core.values()) if log else 0.0
    if log is None or total <= 0:
        return ()
    run_share, light, deep = (100 * log.core.get(name, 0.0) / total for name in ("run", "sleep", "deep sleep"))
    notes = [
        f"The virtual board's log of power states: the core at work {run_share:.1f} % of the time, "
        f"{100 * log.burst / total:.1f} % of it in bursts, in deep sleep {deep:.1f} %, at one cycle an instruction."
    ]
    if log.powered:
        powered = ", ".join(f"{name} {100 * min(seconds / total, 1.0):.0f} %" for name, seconds in log.powered.items())
        notes.append(
            f"With power, by the same log: {powered}. The serial link's current is counted only while it sends."
        )
    kept = sum(log.bank_bytes.get(name, 0) for name, spent in log.banks.items() if spent.get("deep sleep", 0.0) > 0)
    if kept:
        notes.append(f"Memory that kept power in deep sleep, by the same log: {kept / 1024:.0f} KiB.")
    if light > _NOTED_SLEEP:
        notes.append(
            f"For {light:.1f} % of the time the core slept without reaching deep sleep, which the figures assume."
        )
    return tuple(notes)


def state(done: Work, name: str, needed_for: str) -> StateWork:
    """The work of a state; PowerError, with the next step, if the run was never in it."""
    found = done.states.get(name)
    if found is None:
        raise PowerError(
            f"{needed_for} needs the work of the state {name!r}, and the last run never was in it (it had: "
            f"{', '.join(done.states)}); replay a recording with speech: host replay FILE.wav --board BOARD"
        )
    return found


@dataclass(frozen=True)
class Awake:
    """The core in one state, in n variants; arrays of shape (n,)."""

    share: Array
    """Of the time at work, 0..1."""
    amps: Array
    """While at work, at the voltage that the part's figures are given at."""
    rests_on: tuple[str, ...]


def awake(per_s: float, name: str, counts_instructions: bool, values: Values) -> Awake:
    """What `per_s` cycles or instructions a second take of the core in the state `name`.

    PowerError if the typical core has no time for it; a variant that has none is awake all the time.
    """
    mcu = values.parts.mcu
    burst = name in BURST_STATES and values.has(f"{mcu}.burst_clock") and values.has(f"{mcu}.burst_run")
    clock, run = (f"{mcu}.burst_clock", f"{mcu}.burst_run") if burst else (f"{mcu}.clock", f"{mcu}.run")
    cycles = per_s * (values[f"{mcu}.cpi"] if counts_instructions else np.ones(values.n))
    share = cycles / values[clock]
    if share[0] > 1 and values.n == 1:
        raise PowerError(
            f"state {name!r} asks for {100 * share[0]:.0f} % of the core's time at {values[clock][0] / 1e6:g} MHz: "
            "the ledger of the last run cannot be this core's"
        )
    rests_on = (run, f"{mcu}.cpi") if counts_instructions else (run,)
    return Awake(np.minimum(share, 1.0), values[run] * values[clock], (*rests_on, clock))


def kept_banks(values: Values) -> Array:
    """Banks of RAM that keep their content in deep sleep, beyond the one that deep sleep includes."""
    banks = np.ceil(values.parts.ram_kept_kib / values[f"{values.parts.mcu}.bank"])
    return np.maximum(banks - 1.0, 0.0)


def given_v(values: Values, part: str) -> float:
    """The voltage at which a part's currents are given."""
    return values.component(part).figure("supply").si.typ
