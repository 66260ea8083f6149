"""Numbers of a document as people read them: rounded, with their unit, and with their place in the document.

Every form of the report takes its numbers from here, so that a page cannot say what the document does not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
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


def rounded(value: float, digits: int | None = 3, *, sign: bool = False, trim: bool = False) -> str:
    """`value` to so many significant digits, whole numbers never cut; None for as it is. "-" is a minus sign.

    `trim` leaves out zeros at the end, `sign` puts a plus before what is above 0.

    >>> rounded(0.012345), rounded(21.44), rounded(12345.6), rounded(8.0, None), rounded(0.05, trim=True)
    ('0.0123', '21.4', '12,346', '8', '0.05')
    """
    if not math.isfinite(value):
        return "none" if math.isnan(value) else ("" if value > 0 else MINUS) + "\N{INFINITY}"
    if digits is None:
        return _signed(f"{Decimal(f'{abs(value):.10g}'):,f}", value, sign)
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    # 9.996 has a digit more once it is rounded.
    if decimals and abs(round(value, decimals)) >= 10 ** (digits - decimals):
        decimals -= 1
    return _signed(_trimmed(f"{abs(value):,.{decimals}f}", trim), value, sign)


def fixed(value: float, places: int, *, sign: bool = False) -> str:
    """`value` with so many digits behind the point, for a column of like numbers."""
    return _signed(f"{abs(value):,.{places}f}", value, sign)


def _trimmed(text: str, trim: bool) -> str:
    return text.rstrip("0").rstrip(".") if trim and "." in text else text


def _signed(text: str, value: float, sign: bool) -> str:
    is_zero = not any(letter in "123456789" for letter in text)
    return text if is_zero else f"{MINUS if value < 0 else '+' if sign else ''}{text}"


def unit_text(unit: str) -> str:
    """A unit as one reads it: uA/MHz has its micro."""
    return re.sub(r"\bu(?=[A-Z]|s\b)", "\N{MICRO SIGN}", unit).replace("ohm", "\N{GREEK CAPITAL LETTER OMEGA}")


def words(name: str) -> str:
    """A name of a state or a phase as one reads it."""
    return name.replace("_", " ")


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

    def number(
        self,
        place: str,
        unit: str = "",
        digits: int | None = 3,
        *,
        places: int | None = None,
        sign: bool = False,
        trim: bool = False,
    ) -> Shown:
        """The number at `place`, with `unit` behind it; "%" shows a fraction in hundredths.

        With `digits` significant digits, as `rounded` has it, or with `places` digits behind the point.
        """
        value = float(self.at(place))
        shown = 100 * value if unit == "%" else value
        text = rounded(shown, digits, sign=sign, trim=trim) if places is None else fixed(shown, places, sign=sign)
        return Shown(place, value, f"{text}{SPACE}{unit_text(unit)}" if unit else text)
