"""Joulescope: .jls files (version 2, by pyjls) and the CSV of `joulescope recording --export`.

Names of a file's signals from the driver that records them (github.com/jetperch/joulescope_driver, record.py):
current (A), voltage (V), gpi[0] to gpi[3]. The CSV has two columns, current in A and voltage in V, and no header.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from power.errors import PowerError
from power.traces.samples import BLOCK, Block, Codes, Recording, narrowed
from power.traces.table import Table

if TYPE_CHECKING:
    from pyjls import Reader

MAGIC = b"jlsfmt\r\n \n \x1a  \xb2\x1c"
MAGIC_V1 = b"\xd3tagfmt "
INSTALL = "pip install 'earshot[power]'"
CHANNELS = 4
LEAST_VOLTS = 0.5


def _pyjls() -> Any:
    try:
        import pyjls
    except ImportError as error:
        raise PowerError(f"reading .jls needs the package pyjls, which is not installed; run: {INSTALL}") from error
    return pyjls


@dataclass
class Jls(Recording):
    """A .jls file; open it with `open_jls`."""

    source: int = 1
    samples: int = 0

    def blocks(self) -> Iterator[Block]:
        """See Recording."""
        self.counts.lost = 0
        with _opened(self.path) as reader:
            found = _signals(self.path, reader, self.source)
            current = found["current"]
            start = 0
            while start < current.length:
                count = min(BLOCK, current.length - start)
                try:
                    amperes = np.asarray(reader.fsr(current.signal_id, start, count), np.float32)
                    volts = self._floats(reader, found.get("voltage"), current, start, count)
                    codes = self._codes(reader, found, current, start, count)
                except (RuntimeError, ValueError) as error:
                    raise PowerError(f"{self.path}: damaged after sample {start}: {error}") from error
                infinite = np.isinf(amperes)
                if infinite.any():
                    raise PowerError(f"{self.path}: sample {start + int(np.argmax(infinite))} is infinite")
                self.counts.lost += int(np.isnan(amperes).sum())
                yield Block(start, amperes, volts, codes)
                start += count
                self.done = start / current.length

    @staticmethod
    def _floats(reader: Reader, signal: Any, current: Any, start: int, count: int) -> Any:
        """Another signal's values beside the current's, where it has as many a second; NaN where it has none."""
        if signal is None or signal.sample_rate != current.sample_rate:
            return None
        low, inside = _overlap(signal, current, start, count)
        values = np.full(count, np.nan, np.float32)
        if inside:
            at = max(0, -low)
            values[at : at + inside] = reader.fsr(signal.signal_id, max(low, 0), inside)
        return values

    @staticmethod
    def _codes(reader: Reader, found: dict[str, Any], current: Any, start: int, count: int) -> Codes | None:
        codes: Codes | None = None
        for channel in range(CHANNELS):
            signal = found.get(f"gpi[{channel}]")
            if signal is None or signal.sample_rate != current.sample_rate:
                continue
            codes = np.zeros(count, np.uint8) if codes is None else codes
            low, inside = _overlap(signal, current, start, count)
            if inside:
                packed = np.asarray(reader.fsr(signal.signal_id, max(low, 0), inside), np.uint8)
                at = max(0, -low)
                codes[at : at + inside] |= np.unpackbits(packed, bitorder="little")[:inside] << np.uint8(channel)
        return codes


def _overlap(signal: Any, current: Any, start: int, count: int) -> tuple[int, int]:
    """Where `current`'s samples start, start + count lie in `signal`: the first one's place, and how many are there."""
    low = start + current.sample_id_offset - signal.sample_id_offset
    return low, max(0, min(low + count, signal.length) - max(low, 0))


def _check_length(path: Path) -> None:
    """PowerError where a file is not as long as its head says.

    The recorder writes the length when it closes the file. pyjls would mend an unclosed one in place: another's
    recording is not ours to change.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC) + 8)
            size = file.seek(0, 2)
    except OSError as error:
        raise PowerError(f"{path} cannot be read: {error.strerror}") from error
    length = int.from_bytes(head[len(MAGIC) :], "little")
    if not head.startswith(MAGIC) or length != size:
        raise PowerError(
            f"{path} was not closed or is cut short: {size} bytes, where its head says {length}; "
            "open it once in the Joulescope software, which mends it"
        )


def _opened(path: Path) -> Reader:
    pyjls = _pyjls()
    try:
        return pyjls.Reader(str(path))
    except (RuntimeError, ValueError, OSError) as error:
        raise PowerError(f"{path} is no sound .jls file, or is cut short: {error}") from error


def _signals(path: Path, reader: Reader, source: int) -> dict[str, Any]:
    pyjls = _pyjls()
    found = {
        signal.name: signal
        for signal in reader.signals.values()
        if signal.source_id == source and signal.signal_type == pyjls.SignalType.FSR and signal.length
    }
    if "current" not in found:
        raise PowerError(f"{path} has no signal 'current'; it has: {', '.join(found) or 'none'}")
    if found["current"].data_type & 0xFFFF != pyjls.DataType.F32 & 0xFFFF:
        raise PowerError(f"{path}: the signal 'current' is not of 32-bit floats")
    return found


def open_jls(path: Path) -> Jls:
    """A .jls file of one Joulescope; PowerError where it is none, or pyjls is missing."""
    _check_length(path)
    with _opened(path) as reader:
        sources = sorted({signal.source_id for signal in reader.signals.values() if signal.name == "current"})
        if len(sources) > 1:
            raise PowerError(f"{path} holds the currents of {len(sources)} instruments; export one of them")
        source = sources[0] if sources else 1
        found = _signals(path, reader, source)
        current = found["current"]
        facts = reader.sources[source]
        rate = float(current.sample_rate)
        if not rate > 0:
            raise PowerError(f"{path}: the signal 'current' has no sample rate")
        codes = any(
            f"gpi[{channel}]" in found and found[f"gpi[{channel}]"].sample_rate == current.sample_rate
            for channel in range(CHANNELS)
        )
        instrument = " ".join(part for part in ("Joulescope", facts.model, facts.serial_number) if part)
        return Jls(path, "jls", rate, instrument, has_codes=codes, source=source, samples=int(current.length))


@dataclass
class JoulescopeCsv(Recording):
    """Two columns without header: A and V."""

    table: Table = field(kw_only=True)

    def blocks(self) -> Iterator[Block]:
        """See Recording."""
        table = self.table
        start = 0
        self.counts.lost = 0
        for rows in table.read([0, 1], []):
            values = narrowed(rows.numbers)
            infinite = np.isinf(values).any(axis=1)
            if infinite.any():
                raise table.error(rows.at(int(np.argmax(infinite))), "a value is infinite")
            amperes, volts = values.T
            self.counts.lost += int(np.isnan(amperes).sum())
            self.done = min(1.0, table.bytes_read / max(table.size, 1))
            yield Block(start, np.ascontiguousarray(amperes), np.ascontiguousarray(volts), None)
            start += len(amperes)
        self.counts.cut_short = table.cut_short


def is_joulescope_csv(table: Table) -> bool:
    """Whether it has no header and two columns."""
    return table.header is None and table.columns == 2


def open_joulescope_csv(path: Path, table: Table, rate: float | None) -> JoulescopeCsv:
    """The CSV of a Joulescope recording; it has no times, so that the rate must be given."""
    if not is_joulescope_csv(table):
        raise PowerError(f"{path}: Joulescope's CSV has two columns and no header; this has: {table.titles()}")
    if rate is None:
        raise PowerError(f"{path} has two columns and no times (Joulescope's CSV); give --rate HZ, as it was recorded")
    first = next(table.read([0, 1], []), None)
    if first is None:
        raise PowerError(f"{path} has no rows")
    # No board runs below: then the columns are something else, such as times and currents.
    volts = float(np.nanmedian(first.numbers[:, 1])) if np.isfinite(first.numbers[:, 1]).any() else math.nan
    if not volts > LEAST_VOLTS:
        raise PowerError(f"{path}: column 2 should be the voltage, and is {volts:g} V in the median; map it with --map")
    return JoulescopeCsv(path, "joulescope-csv", rate, "Joulescope", table=table)
