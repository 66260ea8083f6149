"""CSV of any instrument, by a mapping of its columns; Otii's is a mapping that we know.

Otii's header from scripts that read its exports: a time ("Timestamp (s)", "Wall-clock time (UTC)"), and for each
channel its instrument, name and unit: "Arc Main Current (A)", "Arc Main Voltage (V)", "Arc Main Energy (J)".
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from power.errors import PowerError
from power.traces.even_time import EvenTime, estimated_rate, spread
from power.traces.samples import Block, Codes, Currents, Recording, narrowed
from power.traces.table import Rows, Table

AMPERES = {"A": 1.0, "mA": 1e-3, "uA": 1e-6, "nA": 1e-9}
VOLTS = {"V": 1.0, "mV": 1e-3, "uV": 1e-6}
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}
_Column = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Mapping(BaseModel):
    """Which columns of a table are what; a column is a title of the header, or its number from 1."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    current: _Column
    unit: Literal["A", "mA", "uA", "nA"] = "A"
    time: _Column | None = None
    time_unit: Literal["s", "ms", "us", "ns", "min", "h"] = "s"
    voltage: _Column | None = None
    voltage_unit: Literal["V", "mV", "uV"] = "V"
    codes: _Column | None = None
    """A column with the state code as a whole number: bit k is channel k."""
    channels: tuple[_Column, ...] = ()
    """Or columns of 0 and 1: the first is channel 0."""
    separator: Literal[",", ";", "\t", " ", "|"] | None = None
    decimal: Literal[".", ","] | None = None
    rate: Annotated[float, Field(gt=0, le=1e8, allow_inf_nan=False)] | None = None
    instrument: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None


def parse_mapping(text: str) -> Mapping:
    """The mapping of an option `--map`: a TOML file, or key=value with commas between; channels=D0+D1+D2."""
    file = Path(text)
    if text.endswith(".toml"):
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise PowerError(f"{file} cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PowerError(f"{file}: {error}") from error
        where = text
    else:
        where = "--map"
        document = {}
        for part in re.split(r",(?=\w+=)", text):
            key, equals, value = part.partition("=")
            if not equals:
                raise PowerError(f"--map: {part!r} is not key=column; write: --map time=1,current=2,unit=mA")
            if key.strip() in document:
                raise PowerError(f"--map: {key.strip()} is given twice")
            document[key.strip()] = value.split("+") if key.strip() == "channels" else value
    try:
        mapping = Mapping.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"]) or "the mapping"
        raise PowerError(f"{where}: {place}: {first['msg']}; keys: {', '.join(Mapping.model_fields)}") from error
    if mapping.codes is not None and mapping.channels:
        raise PowerError(f"{where}: codes and channels are two ways to say the same; keep one")
    if len(mapping.channels) > 8:
        raise PowerError(f"{where}: channels: at most 8")
    return mapping


@dataclass
class MappedCsv(Recording):
    """A table read by a mapping; open it with `open_mapped`."""

    table: Table = field(kw_only=True)
    mapping: Mapping = field(kw_only=True)

    def blocks(self) -> Iterator[Block]:
        """See Recording."""
        table, mapping = self.table, self.mapping
        numbers, times = _places(table, mapping)
        clock = EvenTime(self.rate)
        held_volts = math.nan
        held_levels = 0
        count = 0
        self.counts.lost = self.counts.uncertain_codes = 0
        for rows in table.read(list(numbers.values()), [], times):
            column = dict(zip(numbers, rows.numbers.T, strict=True))
            current = narrowed(column["current"] * AMPERES[mapping.unit])
            if np.isinf(current).any():
                raise table.error(rows.at(int(np.argmax(np.isinf(current)))), "the current is infinite")
            self.counts.lost += int(np.isnan(current).sum())
            volts: Currents | None = None
            if "voltage" in column:
                # Slower channels leave rows empty: their last value holds.
                volts = narrowed(_held(column["voltage"] * VOLTS[mapping.voltage_unit], held_volts))
                held_volts = float(volts[-1])
            codes: Codes | None = None
            if self.has_codes:
                codes = self._codes(rows, column, held_levels)
                held_levels = int(codes[-1])
            self.done = min(1.0, table.bytes_read / max(table.size, 1))
            if "time" in column:
                places = clock.place(column["time"] * SECONDS[mapping.time_unit], rows.fail(table))
                yield from spread(places, current, volts, codes)
            else:
                yield Block(count, current, volts, codes)
            count += len(current)
        self.counts.repeated_times = clock.repeated
        self.counts.cut_short = table.cut_short

    def _codes(self, rows: Rows, column: dict[str, NDArray[np.float64]], last: int) -> Codes:
        names = [name for name in column if name.startswith("code")]
        values = np.stack([column[name] for name in names], axis=1)
        unknown = np.isnan(values).max(axis=1, initial=False)
        highest = 255 if names == ["codes"] else 1
        fits = (values >= 0) & (values <= highest) & (values == np.rint(values))
        bad = ~unknown & ~fits.min(axis=1, initial=True)
        if bad.any():
            row = int(np.argmax(bad))
            shown = ", ".join(f"{value:g}" for value in values[row])
            raise self.table.error(rows.at(row), f"the digital channels are {shown}, not whole numbers up to {highest}")
        self.counts.uncertain_codes += int(unknown.sum())
        whole = np.where(unknown[:, None], 0, values).astype(np.int64)
        levels = (whole << np.arange(len(names))).sum(axis=1).astype(np.float64)
        return _held(np.where(unknown, np.nan, levels), float(last)).astype(np.uint8)


def _held(values: NDArray[np.float64], before: float) -> NDArray[np.float64]:
    """`values` (n,) with each NaN replaced by the last number before it; `before`: the one before the first."""
    known = ~np.isnan(values)
    if known.all():
        return values
    at = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(at >= 0, values[np.maximum(at, 0)], before)


def _places(table: Table, mapping: Mapping) -> tuple[dict[str, int], frozenset[int]]:
    """The columns to read, by what they are, and which of them may hold dates."""
    wanted = {"time": mapping.time, "current": mapping.current, "voltage": mapping.voltage, "codes": mapping.codes}
    wanted |= {f"code{channel}": name for channel, name in enumerate(mapping.channels)}
    places = {}
    for what, name in wanted.items():
        if name is None:
            continue
        place = table.column(name)
        if place is None:
            raise PowerError(f"{table.path}:1: no column {name!r} for {what}; there are: {table.titles()}")
        places[what] = place
    return places, frozenset([places["time"]] if "time" in places else [])


def open_mapped(
    path: Path, table: Table, mapping: Mapping, rate: float | None, kind: tuple[str, str] = ("csv", "not named")
) -> MappedCsv:
    """A table by a mapping; its rate from the times, the mapping or `rate`. `kind`: format's name, and instrument."""
    places, times = _places(table, mapping)
    rate = rate or mapping.rate
    if rate is None:
        if "time" not in places:
            raise PowerError(f"{path}: without a column of times the rate must be given: --rate HZ")
        first = next(table.read([places["time"]], [], times), None)
        if first is None:
            raise PowerError(f"{path} has no rows")
        rate = estimated_rate(first.numbers[:, 0] * SECONDS[mapping.time_unit], first.fail(table))
    has_codes = mapping.codes is not None or bool(mapping.channels)
    named = mapping.instrument or kind[1]
    return MappedCsv(path, kind[0], rate, named, has_codes=has_codes, table=table, mapping=mapping)


_OTII_CURRENT = re.compile(r"\bmain current \(([munµ]?)A\)$", re.IGNORECASE)
_OTII_VOLTAGE = re.compile(r"\bmain voltage \(([mu]?)V\)$", re.IGNORECASE)
_OTII_TIME = re.compile(r"^(timestamp|time|relative time|wall-clock time)\b.*", re.IGNORECASE)
_OTII_GPI = re.compile(r"\b(?:gpi|digital input) ?(\d)\b", re.IGNORECASE)


def otii_mapping(table: Table) -> Mapping | None:
    """The mapping of an Otii export; None where the header is not Otii's. PowerError for more than one instrument."""
    titles = table.header or []
    currents = [title for title in titles if _OTII_CURRENT.search(title)]
    time = next((title for title in titles if _OTII_TIME.match(title)), None)
    if not currents or time is None:
        return None
    if len(currents) > 1:
        raise PowerError(f"{table.path} has several currents ({', '.join(currents)}); pick one with --map")
    voltage = next((title for title in titles if _OTII_VOLTAGE.search(title)), None)
    inputs = {int(match.group(1)): title for title in titles if (match := _OTII_GPI.search(title))}
    prefix = _prefix(_OTII_CURRENT, currents[0])
    return Mapping.model_validate(
        {
            "current": currents[0],
            "unit": f"{prefix}A",
            "time": time,
            "time_unit": "ms" if "(ms)" in time.lower() else "s",
            "voltage": voltage,
            "voltage_unit": "V" if voltage is None else f"{_prefix(_OTII_VOLTAGE, voltage)}V",
            "channels": tuple(inputs[number] for number in sorted(inputs)),
        }
    )


def _prefix(pattern: re.Pattern[str], title: str) -> str:
    match = pattern.search(title)
    return match.group(1).replace("µ", "u") if match else ""
