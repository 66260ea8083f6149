"""Numbers of a document as people read them: rounded, with their unit, and with their place in the document.

Every form of the report takes its numbers from here, so that a page cannot say what the document does not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Shown:
    """A number of the document: where it stands ("hours.p5"), its value there, and what is shown of it."""

    place: str
    value: float
    text: str

    def __str__(self) -> str:
        return self.text


def rounded(value: float, digits: int | None = 3, *, sign: bool = False) -> str:
    """`value` to so many significant digits, whole numbers never cut; None for as it is. "-" is a minus sign.

    >>> rounded(0.012345), rounded(21.44), rounded(12345.6), rounded(8.0, None)
    ('0.0123', '21.4', '12,346', '8')
    """
    if not math.isfinite(value):
        return "none" if math.isnan(value) else ("" if value > 0 else MINUS) + "\N{INFINITY}"
    if digits is None:
        text = f"{abs(value):,.10g}"
    elif value == 0:
        text = "0"
    else:
        decimals = digits - 1 - math.floor(math.log10(abs(value)))
        # 9.996 has a digit more once it is rounded.
        if abs(round(value, decimals)) >= 10 ** (digits - decimals):
            decimals -= 1
        text = f"{abs(round(value, decimals)):,.{max(0, decimals)}f}"
    negative = value < 0 and any(letter in "123456789" for letter in text)
    return (MINUS if negative else "+" if sign and value > 0 else "") + text


class Document:
    """A document and its numbers by place."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = facts

    def at(self, place: str) -> Any:
        """What stands at `place`: keys and positions with dots between. KeyError if there is nothing."""
        found: Any = self.facts
        for step in place.split("."):
            if isinstance(found, Mapping):
                # A figure's key has dots of its own, and only a list holds those.
                found = found[step]
            elif isinstance(found, Sequence) and not isinstance(found, str):
                found = found[int(step)]
            else:
                raise KeyError(place)
        return found

    def number(self, place: str, unit: str = "", digits: int | None = 3, *, sign: bool = False) -> Shown:
        """The number at `place`, with `unit` behind it; "%" shows a fraction in hundredths."""
        value = float(self.at(place))
        text = rounded(100 * value if unit == "%" else value, digits, sign=sign)
        return Shown(place, value, f"{text}{SPACE}{unit}" if unit else text)
