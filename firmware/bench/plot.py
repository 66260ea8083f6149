"""A bar chart as SVG: a few kilobytes, the same for the same figures, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_LEFT, _WIDTH, _BAR, _GAP, _TOP = 190, 560, 13, 14, 66


@dataclass(frozen=True)
class Series:
    """A name and a colour."""

    name: str
    colour: str


@dataclass(frozen=True)
class Group:
    """Bars side by side, None where there is none, and a goal for one of them."""

    title: str
    values: tuple[float | None, ...]
    goals: tuple[float | None, ...]


def bars(title: str, series: Sequence[Series], groups: Sequence[Group]) -> str:
    """Horizontal bars from zero, one colour a series; a black line marks a goal."""
    known = [value for group in groups for value in (*group.values, *group.goals) if value is not None]
    scale = _WIDTH / (max(known) * 1.1)
    lines, y = [], float(_TOP)
    for group in groups:
        shown = [i for i, value in enumerate(group.values) if value is not None]
        middle = y + len(shown) * _BAR / 2 + 4
        lines.append(f'<text x="{_LEFT - 10}" y="{middle:.1f}" text-anchor="end">{escape(group.title)}</text>')
        for i in shown:
            value, goal = group.values[i], group.goals[i]
            assert value is not None
            length = value * scale
            lines.append(
                f'<rect x="{_LEFT}" y="{y:.1f}" width="{length:.1f}" height="{_BAR - 2}" fill="{series[i].colour}"/>'
            )
            end = length
            if goal is not None:
                end = max(end, goal * scale)
                x = _LEFT + goal * scale
                lines.append(f'<path d="M{x:.1f} {y - 2:.1f}v{_BAR + 2}" stroke="#111" stroke-width="2"/>')
            lines.append(f'<text x="{_LEFT + end + 6:.1f}" y="{y + _BAR - 3:.1f}" class="n">{value:.2f}</text>')
            y += _BAR
        y += _GAP
    legend, x = [], _LEFT
    for each in series:
        legend.append(f'<rect x="{x}" y="36" width="11" height="11" fill="{each.colour}"/>')
        legend.append(f'<text x="{x + 16}" y="46">{escape(each.name)}</text>')
        x += 30 + 7 * len(each.name)
    legend.append(f'<path d="M{x} 35v13" stroke="#111" stroke-width="2"/><text x="{x + 8}" y="46">goal</text>')
    width, height = _LEFT + _WIDTH + 50, round(y)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-family="sans-serif" font-size="12">',
            f"<title>{escape(title)}</title>",
            "<style>.n{font-size:10px}</style>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            f'<text x="{_LEFT}" y="22" font-size="14" font-weight="bold">{escape(title)}</text>',
            *legend,
            *lines,
            "</svg>",
            "",
        ]
    )
