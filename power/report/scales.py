"""Axes: from values to places in a drawing, and the round numbers that mark them."""

from __future__ import annotations

import math
from dataclasses import dataclass

ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
HOURS = (1.0, 2.0, 3.0, 4.0, 6.0, 12.0, 24.0, 48.0, 72.0)


@dataclass(frozen=True)
class Scale:
    """A straight line from the values `low`..`high` to the places `start`..`end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where `value` is drawn."""
        span = self.high - self.low
        return self.start if span == 0 else self.start + (value - self.low) / span * (self.end - self.start)


def step(span: float, most: int = 6) -> float:
    """The round step that marks `span` at most so many times; 1 where there is no span."""
    if span <= 0 or not math.isfinite(span):
        return 1.0
    size = 10 ** math.floor(math.log10(span / most))
    return size * next(step for step in ROUND if size * step * most >= span * (1 - 1e-9))


def hours_step(span: float, most: int = 12) -> float:
    """As `step`, in numbers that divide a day."""
    return next((hours for hours in HOURS if hours * most >= span), step(span, most))


def marks(low: float, high: float, width: float) -> list[float]:
    """The multiples of `width` from `low` to `high`."""
    first = math.ceil(low / width - 1e-9)
    return [index * width for index in range(first, math.floor(high / width + 1e-9) + 1)]


def ceiling(value: float) -> float:
    """The round number at or above `value` where an axis that starts at 0 ends."""
    width = step(value)
    return math.ceil(value / width - 1e-9) * width
