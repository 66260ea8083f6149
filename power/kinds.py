"""The kinds of components, and the figures and curves that each must have or may have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from power.toml_lines import Place
from power.units import DIMENSIONS, Conversion, conversion


class Limits(NamedTuple):
    """What a value, in the model's unit, must lie in: from `least` (itself left out if `above`) up to `greatest`."""

    least: float = 0.0
    above: bool = False
    greatest: float = float("inf")

    def text(self, unit: str) -> str:
        """The limits for people."""
        low = f"above {self.least:g}" if self.above else f"from {self.least:g}"
        high = "" if self.greatest == float("inf") else f" up to {self.greatest:g}"
        return f"{low}{high} {unit}"


ANY = Limits()
POSITIVE = Limits(above=True)
SHARE = Limits(greatest=1.0)
PART = Limits(above=True, greatest=1.0)
RELATIVE = Limits(above=True, greatest=1.2)


@dataclass(frozen=True)
class Wanted:
    """A figure of a kind: the unit that the model computes in (a key of units.DIMENSIONS), and what it is."""

    unit: str
    what: str
    limits: Limits = ANY
    optional: bool = False


@dataclass(frozen=True)
class WantedCurve:
    """A curve of a kind: units of its values and of its x, and where x must lie."""

    unit: str
    x_unit: str
    what: str
    limits: Limits = ANY
    x_limits: Limits = ANY
    optional: bool = False


@dataclass(frozen=True)
class Kind:
    """What a component is, and all that one may say of it."""

    what: str
    figures: dict[str, Wanted]
    curves: dict[str, WantedCurve] = field(default_factory=dict)


def _supply(what: str = "the voltages that it runs at; typ: where its currents are given") -> Wanted:
    return Wanted("V", what, POSITIVE)


_START = "from the request until it plays"

KINDS = {
    "mcu": Kind(
        "a microcontroller",
        {
            "supply": _supply(),
            "clock": Wanted("Hz", "the core's clock", POSITIVE),
            "burst_clock": Wanted("Hz", "the core's clock in a burst", POSITIVE, optional=True),
            "run": Wanted("A/Hz", "current of the core at work, per clock", POSITIVE),
            "burst_run": Wanted("A/Hz", "the same in a burst", POSITIVE, optional=True),
            "cpi": Wanted("cycles/instruction", "cycles that an instruction takes", POSITIVE),
            "sleep": Wanted("A", "WFI with the clocks on", optional=True),
            "deep_sleep": Wanted("A", "deep sleep with one bank of RAM kept and the timer that wakes it"),
            "retention": Wanted("A/bank", "each further bank of RAM that keeps its content in deep sleep"),
            "bank": Wanted("KiB", "size of a bank", POSITIVE),
            "wake": Wanted("s", "from the interrupt to the first instruction"),
            "settle": Wanted("s", "oscillator and converter, after that, at the current of work"),
            "pdm": Wanted("A", "microphone interface, its DMA and the oscillator that they keep on in deep sleep"),
            "uart": Wanted("A", "UART while it sends"),
            "adc": Wanted("A", "converter for an analog microphone", optional=True),
            "i2s": Wanted("A", "interface to a codec while it plays", optional=True),
        },
    ),
    "microphone": Kind(
        "a microphone",
        {
            "supply": _supply(),
            "listening": Wanted("A", "at the clock that the board gives it", POSITIVE),
            "asleep": Wanted("A", "without a clock"),
            "wake": Wanted("s", "from the clock to sound that holds"),
            "activity_detect": Wanted("A", "its own detector of sound, which wakes the board", optional=True),
        },
    ),
    "radio": Kind(
        "a Bluetooth LE radio",
        {
            "supply": _supply(),
            "tx": Wanted("A", "while it sends, at 0 dBm", POSITIVE),
            "rx": Wanted("A", "while it receives", POSITIVE),
            "cpu": Wanted("A", "while it prepares and ends an event"),
            "prepare": Wanted("s", "before an event"),
            "ramp": Wanted("s", "from idle to receiving"),
            "interframe": Wanted("s", "between two packets of an event"),
            "finish": Wanted("s", "after an event"),
            "idle": Wanted("A", "asleep between the events of a connection"),
            "sleep_clock": Wanted("fraction", "what the two sides' sleep clocks may differ by", SHARE),
            "bit_rate": Wanted("Hz", "on the air, a bit a cycle", POSITIVE),
        },
    ),
    "codec": Kind(
        "a codec that plays",
        {
            "supply": _supply(),
            "playing": Wanted("A", "at work, without what the speaker takes"),
            "standby": Wanted("A", "ready, not playing"),
            "start": Wanted("s", _START),
        },
    ),
    "amplifier": Kind(
        "an amplifier for the speaker",
        {
            "supply": _supply(),
            "quiescent": Wanted("A", "on, without sound"),
            "shutdown": Wanted("A", "shut down"),
            "efficiency": Wanted(
                "fraction", "of what goes beyond the quiescent current, that reaches the speaker", PART
            ),
            "start": Wanted("s", _START),
        },
    ),
    "speaker": Kind("a speaker or receiver", {"impedance": Wanted("ohm", "at speech", POSITIVE)}),
    "regulator": Kind(
        "a regulator between cell and rail",
        {"quiescent": Wanted("A", "from the cell, always")},
        {
            "efficiency": WantedCurve(
                "fraction", "A", "power to the rail by power from the cell, over the rail's current", PART, POSITIVE
            )
        },
    ),
    "pmic": Kind(
        "a charger and power path that always hangs on the cell",
        {"quiescent": Wanted("A", "from the cell, always")},
    ),
    "cell": Kind(
        "a cell",
        {
            "capacity": Wanted("A*s", "rated, new, at room temperature", POSITIVE),
            "voltage": Wanted("V", "nominal: the mean over a discharge", POSITIVE),
            "resistance": Wanted("ohm", "inside, at room temperature and half charge"),
            "cutoff": Wanted("V", "where the board ends the discharge", POSITIVE),
            "brownout": Wanted("V", "the lowest at the cell's poles that the board's rail bears", POSITIVE),
            "self_discharge": Wanted("1/month", "of its charge, lost at rest"),
            "rest_loss": Wanted(
                "fraction", "of its charge that a day never sees: charge ended early, gauge's reserve", SHARE
            ),
        },
        {
            "ocv": WantedCurve("V", "fraction", "voltage at rest over the state of charge", POSITIVE, SHARE),
            "by_temperature": WantedCurve("fraction", "degC", "capacity over temperature", RELATIVE, Limits(-273.15)),
            "by_rate": WantedCurve("fraction", "1/h", "capacity over the rate of discharge (1/h: 1 C)", RELATIVE),
            "by_cycles": WantedCurve("fraction", "cycles", "capacity over cycles of charge and discharge", RELATIVE),
            "resistance_by_temperature": WantedCurve(
                "fraction",
                "degC",
                "resistance over temperature, by that at room temperature",
                POSITIVE,
                Limits(-273.15),
            ),
        },
    ),
}
"""Every kind of component by name."""


def complaints(document: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """Where a component file, of any form, does not have what its kind must have, or has what it may not."""
    kind = KINDS.get(document["kind"]) if isinstance(document.get("kind"), str) else None
    if kind is None:
        if "kind" in document:
            yield ("kind",), f"must be one of {', '.join(KINDS)}"
        return
    named = document["kind"]
    for group, all_wanted in (("figures", kind.figures), ("curves", kind.curves)):
        given = document.get(group, {})
        if not isinstance(given, dict):
            continue
        for name, wanted in all_wanted.items():
            if name in given:
                yield from _entry_complaints((group, name), given[name], wanted)
            elif not wanted.optional:
                yield (group, name), f"is missing, and a {named} must have it: {wanted.what}, {_usual(wanted.unit)}"
        for name in given:
            if name not in all_wanted:
                yield (group, name), f"is nothing that a {named} has; there are: {', '.join(all_wanted) or 'none'}"


def _usual(unit: str) -> str:
    dimension = DIMENSIONS[unit]
    return f"{dimension.what}, such as {dimension.usual}"


def _entry_complaints(place: Place, entry: object, wanted: Wanted | WantedCurve) -> Iterator[tuple[Place, str]]:
    if not isinstance(entry, dict):
        return
    values = [entry.get(end) for end in ("min", "typ", "max")]
    if isinstance(wanted, WantedCurve):
        points = entry.get("points")
        rows = [row for row in points if isinstance(row, list)] if isinstance(points, list) else []
        values = [value for row in rows for value in row[1:]]
        yield from _unit_complaints((*place, "x_unit"), entry.get("x_unit"), wanted.x_unit)
        xs = [row[0] for row in rows if row]
        yield from _limit_complaints(place, xs, entry.get("x_unit"), wanted.x_unit, wanted.x_limits, what="x = ")
    yield from _unit_complaints((*place, "unit"), entry.get("unit"), wanted.unit)
    yield from _limit_complaints(place, values, entry.get("unit"), wanted.unit, wanted.limits)


def _converted(unit: object) -> Conversion | None:
    try:
        return conversion(unit) if isinstance(unit, str) else None
    except ValueError:
        return None


def _unit_complaints(place: Place, unit: object, wanted: str) -> Iterator[tuple[Place, str]]:
    given = _converted(unit)
    if given is not None and given.unit != wanted:
        yield place, f"{unit} is {DIMENSIONS[given.unit].what}, and this must be {_usual(wanted)}"


def _limit_complaints(
    place: Place, values: list[Any], unit: object, wanted: str, limits: Limits, *, what: str = ""
) -> Iterator[tuple[Place, str]]:
    given = _converted(unit)
    if given is None or given.unit != wanted:
        return
    for value in values:
        # What is no finite number is refused by its own name.
        if not isinstance(value, int | float) or isinstance(value, bool) or not -_HUGE < value < _HUGE:
            continue
        converted = value * given.factor
        if not limits.least <= converted <= limits.greatest or (limits.above and converted == limits.least):
            yield place, f"{what}{value:g} {unit} is out of bounds: {limits.text(wanted)}"
            return


_HUGE = 1e300
