"""A trace on one picture: the current's least, mean and greatest over time, coloured by state."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError
from power.traces.states import decoder, name_of
from power.traces.store import Trace

COLUMNS = 1600
ENDINGS = (".png", ".svg", ".pdf")
COLOURS = {
    "sleep": "#7a8b99",
    "hear": "#2a9d8f",
    "listen": "#e9a23b",
    "send": "#b5539c",
    "play": "#4a78c2",
    "fault": "#d1495b",
}
_OTHER = "#8a8a8a"


class Envelope(NamedTuple):
    """A trace in columns of equal time; shape (n,) each."""

    seconds: NDArray[np.float64]
    """Each column's start."""
    least: NDArray[np.float64]
    mean: NDArray[np.float64]
    greatest: NDArray[np.float64]
    """A; NaN where nothing was measured."""
    code: NDArray[np.int64]
    """The state code that most samples of the column have; -1 without codes."""


def envelope(trace: Trace, columns: int = COLUMNS) -> Envelope:
    """The envelope, in one pass over the trace."""
    first, (last, length) = trace.facts.chunks[0][0], trace.facts.chunks[-1]
    total = last + length - first
    columns = max(1, min(columns, total))
    decode = decoder(trace.facts.channels)
    least, greatest = np.full(columns, np.inf), np.full(columns, -np.inf)
    sums, counts = np.zeros(columns), np.zeros(columns)
    votes = np.zeros((columns, 256), np.int64)
    edges = first + (np.arange(columns, dtype=np.int64) * total) // columns
    for block in trace.blocks():
        low = int(np.searchsorted(edges, block.start, side="right")) - 1
        high = int(np.searchsorted(edges, block.stop - 1, side="right"))
        at = np.maximum(edges[low:high] - block.start, 0)
        known = ~np.isnan(block.current)
        values = block.current.astype(np.float64)
        least[low:high] = np.fmin(least[low:high], np.fmin.reduceat(values, at))
        greatest[low:high] = np.fmax(greatest[low:high], np.fmax.reduceat(values, at))
        sums[low:high] += np.add.reduceat(np.where(known, values, 0.0), at)
        counts[low:high] += np.add.reduceat(known.astype(np.float64), at)
        if block.codes is not None:
            column = np.repeat(np.arange(low, high), np.diff(np.append(at, len(values))))
            votes += np.bincount(column * 256 + decode[block.codes], minlength=columns * 256).reshape(columns, 256)
    some = counts > 0
    code = np.where(votes.any(axis=1), votes.argmax(axis=1), -1)
    return Envelope(
        (edges - first) / trace.rate,
        np.where(some, least, np.nan),
        np.divide(sums, counts, out=np.full(columns, np.nan), where=some),
        np.where(some, greatest, np.nan),
        code,
    )


def draw(trace: Trace, path: Path) -> None:
    """Draws the overview into a file whose ending says its kind; PowerError where it cannot."""
    if path.suffix.lower() not in ENDINGS:
        raise PowerError(f"{path}: a picture ends in {', '.join(ENDINGS)}")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shape = envelope(trace)
    scale, unit = _unit(float(np.nanmax(shape.greatest)) if np.isfinite(shape.greatest).any() else 1.0)
    time_scale, time_unit = (1.0, "s") if shape.seconds[-1] < 600 else (1 / 60, "min")
    with mpl.rc_context({"svg.hashsalt": "trace", "font.size": 9}):
        figure = Figure(figsize=(10, 3.6), layout="constrained")
        axes = figure.subplots()
        times = shape.seconds * time_scale
        for code in np.unique(shape.code).tolist():
            name = name_of(code) if code >= 0 else "current"
            colour = COLOURS.get(name, _OTHER)
            mine = shape.code == code
            low, high = (np.where(mine, values * scale, np.nan) for values in (shape.least, shape.greatest))
            axes.fill_between(times, low, high, color=colour, alpha=0.35, linewidth=0, step="post")
            axes.step(times, np.where(mine, shape.mean * scale, np.nan), color=colour, where="post", label=name)
        positive = shape.least[shape.least > 0]
        if len(positive) and float(np.nanmax(shape.greatest)) > 50 * float(positive.min()):
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=min(0.0, float(np.nanmin(shape.least, initial=0.0)) * scale))
        axes.set_xlabel(f"time ({time_unit})")
        axes.set_ylabel(f"current ({unit})")
        axes.set_xlim(0, float(times[-1]) or 1.0)
        axes.grid(alpha=0.25, linewidth=0.5)
        mean = trace.facts.summary.mean_a
        shown = "no sample measured" if mean is None else f"mean {mean * scale:.4g} {unit}"
        axes.set_title(f"{trace.facts.source}, {trace.instrument}: {shown}; line: mean, area: least to greatest")
        axes.legend(loc="upper right", ncols=6, frameon=False)
        try:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
        except OSError as error:
            raise PowerError(f"{path} cannot be written: {error.strerror}") from error


def _unit(greatest: float) -> tuple[float, str]:
    return (1e6, "uA") if greatest < 1e-3 else (1e3, "mA") if greatest < 1 else (1.0, "A")
