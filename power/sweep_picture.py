"""A sweep as a picture: a line over one setting, a map over two, with the line where the wanted hours are met."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from power.errors import PowerError

if TYPE_CHECKING:
    from power.sweep_command import Side, Swept

_COLOURS = ["#f6e8d8", "#e6e3cd", "#aed6d6", "#5aaccb", "#1a70a6"]
_INK, _FAINT, _WANTED = "#16191d", "#59636e", "#c2410c"
_NUMBERED = 180
"""Cells of a map that still have room for their number."""


def picture(found: Swept, form: str) -> bytes:
    """SVG, PNG or PDF. PowerError where matplotlib is missing."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PowerError("a picture needs matplotlib: pip install 'earshot[power]', or write .csv") from error

    # Text stays text, ids and dates stay the same: a picture under version control changes only with its numbers.
    style: Any = {"svg.fonttype": "none", "svg.hashsalt": "earshot", "font.size": 10, "axes.edgecolor": _FAINT}
    style |= {"xtick.color": _FAINT, "ytick.color": _FAINT, "text.color": _INK, "axes.labelcolor": _INK}
    with mpl.rc_context(style):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        if found.y is None:
            _line(axes, found)
        else:
            _map(figure, axes, found, found.y)
        axes.set_title(
            f"Typical hours: {found.scenario.name} on {found.parts.name}, {found.scenario.hours:g} h wanted",
            loc="left",
            fontsize=11,
        )
        out = io.BytesIO()
        undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form, {})
        figure.savefig(out, format=form, dpi=150, metadata=undated)
    return out.getvalue()


def _line(axes: Any, found: Swept) -> None:
    axes.plot(found.x.written, found.hours[0], color=_COLOURS[-1], marker="o", markersize=4)
    axes.axhline(found.scenario.hours, color=_WANTED, linewidth=1.5)
    axes.annotate(
        f"{found.scenario.hours:g} h wanted",
        (1, found.scenario.hours),
        xycoords=("axes fraction", "data"),
        xytext=(-4, 4),
        textcoords="offset points",
        ha="right",
        color=_WANTED,
    )
    axes.set(xlabel=found.x.title, ylabel="hours", ylim=(0, None))
    if found.x.is_log:
        axes.set_xscale("log")
    axes.grid(color="#d9dee4", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)


def _map(figure: Any, axes: Any, found: Swept, up: Side) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("hours", _COLOURS)
    # Cells by their number, labelled with their values: even where these are spaced evenly on a log scale.
    drawn = axes.imshow(found.hours, origin="lower", aspect="auto", cmap=colours)
    figure.colorbar(drawn, ax=axes, label="hours")
    for axis, side in ((axes.xaxis, found.x), (axes.yaxis, up)):
        every = -(-len(side.written) // 12)
        axis.set_ticks(range(0, len(side.written), every), [f"{value:.3g}" for value in side.written[::every]])
    low, high = found.hours.min(), found.hours.max()
    # Along the cells' edges, since what lies between two values was not computed.
    met = found.hours >= found.scenario.hours
    for row, column in np.argwhere(met[:, 1:] != met[:, :-1]):
        axes.plot([column + 0.5] * 2, [row - 0.5, row + 0.5], color=_WANTED, linewidth=2.5)
    for row, column in np.argwhere(met[1:] != met[:-1]):
        axes.plot([column - 0.5, column + 0.5], [row + 0.5] * 2, color=_WANTED, linewidth=2.5)
    if found.hours.size <= _NUMBERED:
        for (row, column), value in np.ndenumerate(found.hours):
            dark = high > low and (value - low) / (high - low) > 0.75
            text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color="#ffffff" if dark else _INK)
    axes.set(xlabel=found.x.title, ylabel=up.title)
