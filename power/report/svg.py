"""A drawing as inline SVG: text stays text, colours are CSS variables, a screen reader gets title and description."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from power.report.shown import Shown

LETTER = 0.56
"""Mean width of a letter in font sizes: to know what fits, with some to spare."""


def text_width(text: str, size: float = 12) -> float:
    """About how wide `text` is drawn."""
    return len(text) * LETTER * size


@dataclass(frozen=True)
class Piece:
    """A part of a line of text with a look of its own."""

    content: str | Shown
    colour: str = "ink"
    bold: bool = False


class Drawing:
    """Shapes in the order they are drawn; lengths in CSS pixels, origin at the upper left."""

    def __init__(self, name: str, width: float, height: float, title: str, description: str) -> None:
        """`name` is the drawing's id on its page; `title` and `description` are what one hears of it."""
        self.width, self.height = width, height
        self._name, self._title, self._description = name, title, description
        self._shapes: list[str] = []

    def rectangle(
        self, x: float, y: float, width: float, height: float, colour: str, *, opacity: float = 1, says: str = ""
    ) -> None:
        """A filled rectangle; `says` is its tooltip."""
        faded = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        inside = f"<title>{escape(says)}</title></rect>" if says else "</rect>"
        self._shapes.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(max(0.0, width))}" height="{_n(height)}" '
            f'fill="{_colour(colour)}"{faded}>{inside}'
        )

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str = "rule", *, width: float = 1, dashes: str = ""
    ) -> None:
        """A straight line."""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._shapes.append(
            f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" '
            f'stroke="{_colour(colour)}" stroke-width="{width:g}"{dashed}/>'
        )

    def polyline(self, points: Iterable[tuple[float, float]], colour: str, *, width: float = 1.5) -> None:
        """A line through `points`."""
        drawn = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._shapes.append(
            f'<polyline points="{drawn}" fill="none" stroke="{_colour(colour)}" stroke-width="{width:g}" '
            'stroke-linejoin="round"/>'
        )

    def area(self, points: Iterable[tuple[float, float]], colour: str, *, opacity: float = 1) -> None:
        """The filled outline through `points`."""
        drawn = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._shapes.append(f'<polygon points="{drawn}" fill="{_colour(colour)}" fill-opacity="{opacity:g}"/>')

    def text(
        self,
        x: float,
        y: float,
        content: str | Shown | Sequence[str | Shown | Piece],
        *,
        anchor: str = "start",
        colour: str = "ink",
        size: float = 12,
        bold: bool = False,
    ) -> None:
        """Text with its baseline at `y`; a number of the document keeps its place. Several pieces follow each other."""
        weight = ' font-weight="600"' if bold else ""
        pieces = [content] if isinstance(content, str | Shown) else content
        self._shapes.append(
            f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="{size:g}" '
            f'fill="{_colour(colour)}"{weight}>{"".join(map(_piece, pieces))}</text>'
        )

    def tick(self, x: float, y: float, text: str, *, anchor: str = "middle") -> None:
        """A number of an axis: no fact of the document, only its scale."""
        self._shapes.append(
            f'<text class="tick" x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="11" '
            f'fill="{_colour("faint")}">{escape(text)}</text>'
        )

    def markup(self) -> str:
        """The <svg> element."""
        name = self._name
        return (
            f'<svg viewBox="0 0 {_n(self.width)} {_n(self.height)}" width="{_n(self.width)}" '
            f'height="{_n(self.height)}" role="img" aria-labelledby="{name}-title {name}-desc" '
            f'xmlns="http://www.w3.org/2000/svg">'
            f'<title id="{name}-title">{escape(self._title)}</title>'
            f'<desc id="{name}-desc">{escape(self._description)}</desc>{"".join(self._shapes)}</svg>'
        )


def _piece(piece: str | Shown | Piece) -> str:
    if isinstance(piece, Piece):
        weight = ' font-weight="600"' if piece.bold else ""
        return f'<tspan fill="{_colour(piece.colour)}"{weight}>{_piece(piece.content)}</tspan>'
    if isinstance(piece, Shown):
        return f'<tspan data-of="{escape(piece.place)}">{escape(piece.text)}</tspan>'
    return escape(piece)


def _colour(name: str) -> str:
    return f"var(--{name})"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
