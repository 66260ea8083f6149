"""From a ledger and component data to milliwatts and hours.

Average power is the sum over components of residency x current x voltage. The core is awake for the ledger's cycles
(instructions x CPI where the ledger counts instructions) and in deep sleep otherwise; the microphone and its PDM block
never stop. Least power takes the least of every figure and the best converter, greatest power the greatest and the
worst: bounds, not likely values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from power import data_files
from power.data_files import NamedFacts
from power.errors import PowerError
from power.figures import BoardParts, Component, Curve, Figure, Range, component
from power.last_run import LastRun

UART_BITS_A_BYTE = 10
_ALWAYS = Range(1, 1, 1)


class Scenario(NamedFacts):
    """How a device is used over a day: hours wanted, and the share of time in each state if not as recorded."""

    hours: Annotated[float, Field(gt=0, le=10_000)]
    shares: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Scenario:
        if self.shares is not None and abs(sum(self.shares.values()) - 1) > 1e-6:
            raise ValueError(f"the shares add up to {sum(self.shares.values()):g}, not to 1")
        return self


def scenario(name: str) -> Scenario:
    """The scenario `name`; PowerError if there is none or its file does not hold."""
    return data_files.load(Scenario, "scenarios", name)


@dataclass(frozen=True)
class UsedFigure:
    """A figure that the result rests on: NAME of COMPONENT."""

    component: str
    name: str
    figure: Figure | Curve


@dataclass(frozen=True)
class Draw:
    """What one component draws: mW, and the figures behind it."""

    name: str
    mw: Range
    rests_on: tuple[UsedFigure, ...]


@dataclass(frozen=True)
class StateUse:
    """A state's share of the time, and the share of it that the core is awake; 0..1."""

    share: float
    work_per_s: float
    awake: Range


@dataclass(frozen=True)
class Estimate:
    """All of a report. Powers in mW, energies in Wh, times in hours."""

    run: LastRun
    parts: BoardParts
    scenario: Scenario
    states: dict[str, StateUse]
    draws: tuple[Draw, ...]
    total_mw: Range
    """From the cell."""
    gross_wh: float
    usable_wh: Range
    hours: Range
    gross_budget_mw: float
    """What the rated cell allows for the scenario's hours."""
    usable_budget_mw: Range
    cell: tuple[UsedFigure, ...]
    notes: tuple[str, ...]

    @property
    def figures(self) -> tuple[UsedFigure, ...]:
        """Every figure that was used, once, in the order of its first use."""
        used = [figure for draw in self.draws for figure in draw.rests_on]
        return tuple(dict.fromkeys([*used, *self.cell]))


def estimate(run: LastRun, parts: BoardParts, scenario: Scenario) -> Estimate:
    """The power of `parts` in `scenario`, at the work that `run` recorded; PowerError where they do not fit."""
    if run.cycles_are == "nothing":
        raise PowerError(
            f"the last run was on {run.board}, which counts no work; run: host replay FILE.wav --board {parts.name}"
        )
    if run.board not in parts.ledgers_of:
        raise PowerError(
            f"the last run was on {run.board}, whose counts say nothing of {parts.name}'s core; run: "
            f"host replay FILE.wav --board {parts.name}"
        )
    mcu = component(parts.mcu)
    states = _states(run, scenario, mcu)
    loads = _loads(run, parts, states)
    total, loss = _converted(loads, _regulator(parts), component(parts.cell))
    cell = component(parts.cell)
    gross_wh = cell.figure("capacity").si.typ * cell.figure("voltage").si.typ / 3600
    usable = _usable(cell)
    notes = list(parts.notes)
    if run.link_bytes is None:
        notes.append("How many bytes the link carried is not known; sending them is not in the figures.")
    return Estimate(
        run=run,
        parts=parts,
        scenario=scenario,
        states=states,
        draws=(*loads, loss),
        total_mw=total,
        gross_wh=gross_wh,
        usable_wh=usable,
        hours=Range(*(1000 * wh / mw for wh, mw in zip(usable, reversed(total), strict=True))),
        gross_budget_mw=1000 * gross_wh / scenario.hours,
        usable_budget_mw=Range(*(1000 * wh / scenario.hours for wh in usable)),
        cell=_used(cell, "capacity", "voltage", "by_cycles", "by_temperature", "rest_loss"),
        notes=tuple(notes),
    )


def _used(part: Component, *names: str) -> tuple[UsedFigure, ...]:
    return tuple(UsedFigure(part.name, name, part.figures.get(name) or part.curves[name]) for name in names)


def _states(run: LastRun, scenario: Scenario, mcu: Component) -> dict[str, StateUse]:
    """Each state's share and duty; PowerError where the run does not know a state, or the core has no time left."""
    ledger = run.ledger
    recorded = {name: row for name, row in ledger.rows.items() if row.samples}
    shares = scenario.shares or {name: row.samples / ledger.sample for name, row in recorded.items()}
    clock = mcu.figure("clock")
    cpi = mcu.figure("cpi").si if run.cycles_are == "instructions" else _ALWAYS
    states = {}
    for name, share in shares.items():
        if share == 0:
            continue
        if name not in recorded:
            raise PowerError(
                f"scenario {scenario.name} has the state {name!r}, and the last run never was in it; "
                f"replay a recording that enters it (the run had: {', '.join(recorded)})"
            )
        work = recorded[name].cycles / recorded[name].samples * run.rate
        awake = Range(*(work * per / clock.si.typ for per in cpi))
        if awake.typ > 1:
            raise PowerError(
                f"state {name!r} asks for {100 * awake.typ:.0f} % of the core's time at {clock.si.typ / 1e6:g} MHz: "
                "the ledger of the last run cannot be this core's"
            )
        states[name] = StateUse(share, work, Range(*(min(1.0, value) for value in awake)))
    return states


def _loads(run: LastRun, parts: BoardParts, states: dict[str, StateUse]) -> tuple[Draw, ...]:
    """What hangs on the regulator."""
    mcu, microphone = component(parts.mcu), component(parts.microphone)
    volts = mcu.figure("supply").si
    mhz = mcu.figure("clock").si
    awake = Range(*(sum(use.share * use.awake[i] for use in states.values()) for i in range(3)))
    asleep = Range(*(1 - share for share in awake))
    run_ua = Range(*(ua * f for ua, f in zip(mcu.figure("run").si, mhz, strict=True)))
    cpi = ("cpi",) if run.cycles_are == "instructions" else ()
    draws = [
        Draw("core, awake", _mw(run_ua, volts, awake), _used(mcu, "run", "clock", *cpi, "supply")),
        Draw(
            "core, deep sleep",
            _mw(mcu.figure("deep_sleep").si, volts, asleep),
            _used(mcu, "deep_sleep", "supply"),
        ),
        Draw("PDM block", _mw(mcu.figure("pdm").si, volts), _used(mcu, "pdm")),
    ]
    if run.link_bytes is not None:
        bytes_per_s = run.link_bytes.sent * run.rate / run.ledger.sample
        sending = min(1.0, bytes_per_s * UART_BITS_A_BYTE / parts.link_baud)
        mw = _mw(mcu.figure("uart").si, volts, Range(sending, sending, sending))
        draws.append(Draw("link UART", mw, _used(mcu, "uart", "supply")))
    listening = microphone.figure("listening").si
    draws.append(
        Draw("microphone", _mw(listening, volts), (*_used(microphone, "listening"), *_used(mcu, "supply"))),
    )
    return tuple(draws)


def _mw(ua: Range, volts: Range, share: Range = _ALWAYS) -> Range:
    return Range(*(1000 * i * u * part for i, u, part in zip(ua, volts, share, strict=True)))


def _converted(loads: tuple[Draw, ...], regulator: Component, cell: Component) -> tuple[Range, Draw]:
    """What the cell gives, and the regulator's part of it."""
    efficiency = _at(regulator.curve("efficiency"), 1e-3)
    quiescent = _mw(regulator.figure("quiescent").si, cell.figure("voltage").si)
    load = Range(*(sum(draw.mw[i] for draw in loads) for i in range(3)))
    total = Range(*(load[i] / efficiency[2 - i] + quiescent[i] for i in range(3)))
    loss = Range(*(total[i] - load[i] for i in range(3)))
    used = (*_used(regulator, "efficiency", "quiescent"), *_used(cell, "voltage"))
    return total, Draw("regulator loss", loss, used)


def _usable(cell: Component) -> Range:
    """Wh between full and cutoff."""
    ageing, cold = _at(cell.curve("by_cycles"), 500), _at(cell.curve("by_temperature"), 25)
    rest = cell.figure("rest_loss").si
    usable = Range(*(a * b * (1 - c) for a, b, c in zip(ageing, cold, reversed(rest), strict=True)))
    capacity, volts = cell.figure("capacity").si, cell.figure("voltage").si
    return Range(*(part * q * u / 3600 for part, q, u in zip(usable, capacity, volts, strict=True)))


def _regulator(parts: BoardParts) -> Component:
    name = parts.rails[parts.rail_of("mcu")].regulator
    if name is None:
        raise PowerError(f"board {parts.name} has no regulator between cell and core")
    return component(name)


def _at(curve: Curve, x: float) -> Range:
    low, high = (float(curve.at(x, np.array(u))) for u in (0.0, 1.0))
    return Range(low, float(curve.at(x)), high)
