"""What the model says of one of the listener's states, split into what a trace can tell apart.

At the rail that feeds core and microphone a state draws floor + (work a second) x slope:
    floor = microphone + its interface + serial link + asleep
            + wakes a second x (wake + settle) x (run x clock - asleep)
    slope = cpi x (run - asleep / clock), the charge of an instruction, or without cpi of a cycle
where asleep is deep sleep with the RAM that it keeps, and run, at another voltage than its figure's, takes the same
power. In the burst states run and clock are the burst's. The sums are the model's (power/expectation.py), for a state
in which the radio is off and nothing plays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from power.figures import BoardParts
from power.values import Values
from power.work import BURST_STATES, UART_BITS_A_BYTE, Work, given_v, kept_banks

Array = NDArray[np.float64]

LISTENING_STATES = ("sleep", "hear", "listen", "send")
"""Those that `current` holds for."""
SLOPES = ("run", "burst_run")


@dataclass(frozen=True)
class Rail:
    """The supply of core and microphone, as it was while a trace was taken."""

    parts: BoardParts
    volts: float
    done: Work

    def has_burst(self, values: Values) -> bool:
        """Whether the core has a burst clock."""
        return values.has(f"{self.parts.mcu}.burst_clock") and values.has(f"{self.parts.mcu}.burst_run")

    def slope_of(self, state: str, values: Values) -> str:
        """Which of SLOPES a state's work goes by."""
        return "burst_run" if state in BURST_STATES and self.has_burst(values) else "run"

    def converted(self, values: Values) -> float:
        """Current at the rail over the current that a figure of the core's work gives."""
        return given_v(values, self.parts.mcu) / self.volts

    def asleep(self, values: Values) -> Array:
        """The core asleep with its RAM, in A."""
        mcu = self.parts.mcu
        return values[f"{mcu}.deep_sleep"] + values[f"{mcu}.retention"] * kept_banks(values)

    def waking(self, values: Values) -> Array:
        """What waking and settling add to the floor, in A."""
        mcu = self.parts.mcu
        share = np.minimum(self.done.wakes_per_s * (values[f"{mcu}.wake"] + values[f"{mcu}.settle"]), 1.0)
        at_work = values[f"{mcu}.run"] * values[f"{mcu}.clock"] * self.converted(values)
        return share * np.maximum(at_work - self.asleep(values), 0.0)

    def link(self, values: Values) -> Array:
        """The serial link, in A."""
        sent = self.done.link_bytes_per_s or 0.0
        return values[f"{self.parts.mcu}.uart"] * min(1.0, sent * UART_BITS_A_BYTE / self.parts.link_baud)

    def floor(self, values: Values) -> Array:
        """What every state draws, in A."""
        steady = values[f"{self.parts.microphone}.listening"] + values[f"{self.parts.mcu}.pdm"]
        return steady + self.link(values) + self.asleep(values) + self.waking(values)

    def cycles(self, values: Values) -> Array:
        """Cycles that one of the ledger's counts stands for."""
        return values[f"{self.parts.mcu}.cpi"] if self.done.counts_instructions else np.ones(values.n)

    def slope(self, name: str, values: Values) -> Array:
        """The charge of one of the ledger's counts, in C; `name` of SLOPES."""
        mcu = self.parts.mcu
        clock = values[f"{mcu}.{'burst_clock' if name == 'burst_run' else 'clock'}"]
        at_work = values[f"{mcu}.{name}"] * self.converted(values)
        return self.cycles(values) * np.maximum(at_work - self.asleep(values) / clock, 0.0)

    def current(self, state: str, values: Values) -> Array | None:
        """The mean current of a state, in A, shape (n,); None where the run or the model says nothing of it."""
        found = self.done.states.get(state)
        if found is None or state not in LISTENING_STATES:
            return None
        return self.floor(values) + found.per_s * self.slope(self.slope_of(state, values), values)
