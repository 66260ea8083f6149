"""Where virtual time went: in each power state of the core, and with which parts and memories powered meanwhile.

`Residency` is what the power model reads: seconds since power came, which only grow; take the difference of two for a
stretch of time. `Meter` gathers it at no cost while nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from host.sim.machine import Machine, Power

Ticks = dict[Power, int]


@dataclass(frozen=True)
class Residency:
    """Virtual seconds since power came. The core's states are "run", "sleep" and "deep sleep"."""

    core: dict[str, float]
    """By state of the core; they add up to the time since power came."""
    powered: dict[str, float]
    """By peripheral: with power, whatever the core did."""
    burst: float
    """Of the time awake: at the burst clock."""
    peripherals: dict[str, dict[str, float]]
    """By peripheral, then by state of the core: with power."""
    banks: dict[str, dict[str, float]]
    """By memory bank, then by state of the core: with power; in "deep sleep", what was kept through it."""
    bank_bytes: dict[str, int]
    """How large each bank is."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Meter:
    """How long each of `names` had power, by state of the core.

    `set` says which have it from now on while the core is awake or sleeps, and which in deep sleep.
    """

    def __init__(self, machine: Machine, names: Iterable[str]) -> None:
        self._machine = machine
        self._spent: dict[str, Ticks] = {name: dict.fromkeys(Power, 0) for name in names}
        self._mark: Ticks = dict.fromkeys(Power, 0)
        self._on: frozenset[str] = frozenset()
        self._on_deep: frozenset[str] = frozenset()

    def set(self, on: Iterable[str], on_deep: Iterable[str] | None = None) -> None:
        """Which have power from now on; on_deep: which of them in deep sleep, by default all."""
        self._advance()
        self._on = frozenset(on)
        self._on_deep = self._on if on_deep is None else frozenset(on_deep) & self._on

    def switch(self, name: str, on: bool) -> None:
        """Power for `name` alone, in deep sleep too."""
        if on != (name in self._on):
            change = frozenset.union if on else frozenset.difference
            self.set(change(self._on, {name}), change(self._on_deep, {name}))

    def seconds(self) -> dict[str, dict[str, float]]:
        """By name, then by state of the core."""
        self._advance()
        hz = self._machine.tick_hz
        return {
            name: {state.value: ticks / hz for state, ticks in spent.items()} for name, spent in self._spent.items()
        }

    def _advance(self) -> None:
        now = self._machine.residency_now()
        for state, ticks in now.items():
            passed = ticks - self._mark[state]
            for name in self._on_deep if state is Power.DEEP_SLEEP else self._on:
                self._spent[name][state] += passed
        self._mark = now


def residency(machine: Machine, peripherals: Meter, banks: Meter, bank_bytes: dict[str, int], burst: int) -> Residency:
    """What a board's `residency()` says; burst: ticks."""
    hz = machine.tick_hz
    parts = peripherals.seconds()
    return Residency(
        core={state.value: ticks / hz for state, ticks in machine.residency.items()},
        powered={name: sum(states.values()) for name, states in parts.items()},
        burst=burst / hz,
        peripherals=parts,
        banks=banks.seconds(),
        bank_bytes=bank_bytes,
    )
