"""From a cell's rating to what reaches the loads."""

from __future__ import annotations

from power import battery
from power.battery import Cell
from power.results import Budget, Waterfall


def waterfall(budget: Budget, cell: Cell) -> Waterfall:
    """From the rating to the loads, typical (variant 0)."""
    used = battery.usable(cell, budget.from_cell_w)
    first = [float(part[0]) for part in (cell.capacity, cell.voltage, cell.by_cycles, cell.by_temperature)]
    capacity, volts, cycles, temperature = first
    rest, rate = float(cell.rest_loss[0]), float(used.by_rate[0])
    steps = [("gross", capacity * volts)]
    left = capacity * volts
    for name, part in (
        ("ageing", cycles),
        ("temperature", temperature),
        ("held back", 1 - rest),
        ("rate of discharge", rate),
    ):
        steps.append((name, left * (part - 1)))
        left *= part
    charge, mean_v = float(used.coulomb[0]), float(used.mean_v[0])
    cutoff = charge / (1 - float(used.left[0])) * float(used.left[0]) * volts if used.left[0] < 1 else left
    steps.append(("below the cutoff", -cutoff))
    resistance = float(used.resistance_j[0])
    steps.append(("mean voltage against the rating", charge * (mean_v - volts) + resistance))
    steps.append(("cell's resistance", -resistance))
    steps.append(("self-discharge", float(budget.usable_j[0] - used.joules[0])))
    ratio = float(budget.regulator_loss_w[0] / budget.from_cell_w[0]) if budget.from_cell_w[0] > 0 else 0.0
    steps.append(("regulators", -ratio * float(budget.usable_j[0])))
    steps.append(("net to the loads", sum(joules for _, joules in steps)))
    return Waterfall(tuple(steps))
