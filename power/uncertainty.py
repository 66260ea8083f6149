"""Monte Carlo: how long the cell lasts over many days, each with figures and habits of its own.

Each figure is drawn on its own from its distribution, each number of the scenario from a triangular one; a drawn figure
holds for a whole discharge. What really goes together (the parts of one bad lot) is drawn apart, so the spread is a
little too narrow; the ends of the ranges, which are wide where they are assumed, make up for it.
"""

from __future__ import annotations

import numpy as np

from power.results import Budget, Lifetime

BINS = 40


def lifetime(typical: Budget, sampled: Budget) -> Lifetime:
    """What the sampled days say of the hours on a charge."""
    hours = np.asarray(sampled.hours)
    wanted = typical.scenario.hours
    hours_typ = float(typical.hours[0])
    p5, p50, p95 = (float(value) for value in np.percentile(hours, (5, 50, 95)))
    counts, edges = np.histogram(hours, bins=BINS)
    margin = p5 / wanted
    return Lifetime(
        hours_typ=hours_typ,
        p5=p5,
        p50=p50,
        p95=p95,
        mean=float(hours.mean()),
        histogram=tuple((float(edge), int(count)) for edge, count in zip(edges[:-1], counts, strict=True)),
        bin_hours=float(edges[1] - edges[0]),
        wanted_hours=wanted,
        budget_gross_w=float(typical.gross_j[0]) / wanted / 3600,
        budget_net_w=float(typical.usable_j[0]) / wanted / 3600,
        margin=margin,
        verdict=f"lasts {hours_typ:.1f} h of {wanted:g} h wanted, 5th percentile {p5:.1f} h, margin {margin:.1f}x",
    )
