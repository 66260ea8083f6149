"""Units of figures as they are written, checked by dimension and converted to the ones that the model computes in.

The registry is our own and small: a clock cycle, an instruction, a memory bank, a month and a KiB are dimensions here,
so that mAh is no uA/MHz, and a current is no current a bank.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pint import UnitRegistry

_DEFINITIONS = [
    "nano- = 1e-9 = n-",
    "micro- = 1e-6 = u- = µ-",
    "milli- = 1e-3 = m-",
    "kilo- = 1e3 = k-",
    "mega- = 1e6 = M-",
    "giga- = 1e9 = G-",
    "ampere = [current] = A",
    "volt = [potential] = V",
    "second = [time] = s",
    "minute = 60 second = _ = min",
    "hour = 3600 second = h",
    "month = [calendar]",
    "year = 12 month",
    "degC = [temperature]",
    "cycle = [cycle] = _ = cycles",
    "bit = cycle = _ = bits",
    "instruction = [instruction] = _ = instructions",
    "bank = [bank] = _ = banks",
    "KiB = [memory]",
    "MiB = 1024 KiB",
    "ampere_hour = ampere * hour = Ah",
    "coulomb = ampere * second = C",
    "ohm = volt / ampere = Ω",
    "hertz = cycle / second = Hz",
    "fraction = []",
    "percent = 0.01 fraction",
    "ppm = 1e-6 fraction",
]


class Dimension(NamedTuple):
    """What a unit measures, and a unit that figures of it are usually written in."""

    what: str
    usual: str


DIMENSIONS = {
    "A": Dimension("a current", "uA"),
    "V": Dimension("a voltage", "V"),
    "s": Dimension("a time", "ms"),
    "Hz": Dimension("a frequency", "MHz"),
    "A*s": Dimension("a charge", "mAh"),
    "ohm": Dimension("a resistance", "ohm"),
    "fraction": Dimension("a fraction", "fraction, % or ppm"),
    "A/Hz": Dimension("a current per clock", "uA/MHz"),
    "A/bank": Dimension("a current per memory bank", "uA/bank"),
    "KiB": Dimension("a size of memory", "KiB"),
    "cycles/instruction": Dimension("a number of cycles per instruction", "cycles/instruction"),
    "cycles": Dimension("a number of cycles", "cycles"),
    "degC": Dimension("a temperature", "degC"),
    "1/h": Dimension("a rate", "1/h"),
    "1/month": Dimension("a rate a month", "%/month"),
}
"""The units that the model computes in. Memory is in KiB, a cell's rates are in 1/h and 1/month; all others are SI."""

_UNIT = re.compile(r"(1|%|[A-Za-zµΩ]+)([*/](%|[A-Za-zµΩ]+))*")


class Conversion(NamedTuple):
    """What turns a value as written into the model's unit: value x factor, in `unit` (a key of DIMENSIONS)."""

    factor: float
    unit: str


@cache
def conversion(unit: str) -> Conversion:
    """How to convert from `unit`, such as "uA/MHz"; ValueError, with the next step, for what is no unit of a figure."""
    if not _UNIT.fullmatch(unit):
        raise ValueError(f"{unit!r} is no unit; write it like uA/MHz, mAh, fraction or %")
    from pint.errors import PintError

    try:
        written = _registry().Quantity(1, _registry().parse_units(unit))
    except (PintError, AttributeError, TypeError) as error:
        raise ValueError(f"{unit!r} is no unit that is known here; write it like uA/MHz, mAh, fraction or %") from error
    for canonical in DIMENSIONS:
        wanted = _registry().Quantity(1, _registry().parse_units(canonical))
        if wanted.dimensionality == written.dimensionality:
            # 15 digits: a factor of 1e-06, not of 9.999999999999999e-07.
            return Conversion(float(f"{(written / wanted).to_base_units().magnitude:.15g}"), canonical)
    raise ValueError(
        f"{unit!r} is a unit, but of nothing that a figure here can be; there are: {', '.join(DIMENSIONS)}"
    )


@cache
def _registry() -> UnitRegistry:
    from pint import UnitRegistry

    return UnitRegistry(_DEFINITIONS)
