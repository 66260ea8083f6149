"""Nordic Power Profiler Kit II: .ppk2 files and CSV exports of the Power Profiler app.

Layout from the app's source (github.com/NordicSemiconductor/pc-nrfconnect-ppk, 4.4: saveFileHandler.ts, globals.ts,
bitConversion.ts, exportChartAction.ts, deviceActions.ts): a .ppk2 is a zip archive of session.raw, metadata.json and
minimap.raw (an overview for its display). A sample in session.raw has 6 bytes: the current in uA, a little-endian
float32, and a big-endian uint16 with two bits for each of the 8 channels, channel 0 in the lowest: 1 always low,
2 always high, 3 both within the sample, 0 not known. Where the instrument lost a sample, the app stores 0.2 uA with
all channels low; what it measures below 0.2 uA it stores as 0. A current of exactly 0.2 is therefore taken for a lost
sample: in an archive it has no other way to come about, in a CSV (three decimals) only if the channels are low too.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError
from power.traces.even_time import EvenTime, estimated_rate, spread
from power.traces.samples import BLOCK, Block, Codes, Recording, narrowed
from power.traces.table import Rows, Table

INSTRUMENT = "Nordic PPK2"
SAMPLE = np.dtype([("current", "<f4"), ("bits", ">u2")])
LOST_UA = np.float32(0.2)
ALL_LOW = 0x5555
TIME, CURRENT, BIT_STRING = "Timestamp(ms)", "Current(uA)", "D0-D7"
CHANNELS = [f"D{channel}" for channel in range(8)]


def _pair_table() -> tuple[Codes, Codes]:
    """For each 16-bit word of pairs: the channels that are high, and those whose level is certain."""
    words = np.arange(1 << 16)
    high = np.zeros(1 << 16, np.uint8)
    certain = np.zeros(1 << 16, np.uint8)
    for channel in range(8):
        pair = (words >> (2 * channel)) & 3
        high |= ((pair == 2) << channel).astype(np.uint8)
        certain |= (((pair == 1) | (pair == 2)) << channel).astype(np.uint8)
    return high, certain


@dataclass
class HeldLevels:
    """Gives channels whose level is not certain the level that they had before."""

    last: int = 0
    uncertain: int = 0

    def __call__(self, high: Codes, certain: Codes) -> Codes:
        """Levels (n,) as bits, from the levels and certainties (n,) of consecutive samples."""
        doubt = certain != 255
        if doubt.any():
            self.uncertain += int(doubt.sum())
            high = high & certain
            for channel in range(8):
                mask = np.uint8(1 << channel)
                known = (certain & mask) != 0
                if known.all():
                    continue
                at = np.where(known, np.arange(len(high)), -1)
                at = np.maximum.accumulate(at)
                level = np.where(at >= 0, high[np.maximum(at, 0)] & mask, self.last & int(mask))
                high = (high & ~mask) | level.astype(np.uint8)
        self.last = int(high[-1]) if len(high) else self.last
        return high


@dataclass
class Ppk2(Recording):
    """A .ppk2 file; open it with `open_ppk2`."""

    samples: int = 0

    def blocks(self) -> Iterator[Block]:
        """See Recording."""
        self.counts.lost = self.counts.uncertain_codes = 0
        levels = HeldLevels()
        high, certain = _pair_table()
        start = 0
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open("session.raw") as raw:
                rest = b""
                while data := raw.read(BLOCK * SAMPLE.itemsize - len(rest)):
                    data = rest + data
                    whole = len(data) // SAMPLE.itemsize * SAMPLE.itemsize
                    rest = data[whole:]
                    samples = np.frombuffer(data[:whole], SAMPLE)
                    if not len(samples):
                        continue
                    block = self._block(start, samples, levels, high, certain)
                    start = block.stop
                    self.done = start / max(self.samples, 1)
                    yield block
                self.counts.cut_short = bool(rest)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise PowerError(f"{self.path}: session.raw is damaged after sample {start}: {error}") from error
        except OSError as error:
            raise PowerError(f"{self.path} cannot be read: {error.strerror}") from error

    def _block(self, start: int, samples: NDArray[np.void], levels: HeldLevels, high: Codes, certain: Codes) -> Block:
        micro = samples["current"].astype(np.float32)
        bits = samples["bits"].astype(np.uint16)
        if np.isinf(micro).any():
            at = start + int(np.argmax(np.isinf(micro)))
            raise PowerError(f"{self.path}: sample {at} (offset {at * SAMPLE.itemsize} of session.raw) is infinite")
        lost = np.isnan(micro) | (micro == LOST_UA)
        self.counts.lost += int(lost.sum())
        sure = np.where(lost, np.uint8(0), certain[bits])
        codes = levels(high[bits], sure)
        self.counts.uncertain_codes = levels.uncertain - self.counts.lost
        return Block(start, np.where(lost, np.float32(np.nan), micro * np.float32(1e-6)), None, codes)


def open_ppk2(path: Path) -> Ppk2:
    """A .ppk2 file; PowerError where it is none, or lacks what it needs."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo("session.raw").file_size
            text = archive.read("metadata.json")
    except KeyError as error:
        raise PowerError(f"{path}: {error.args[0]}; a .ppk2 archive has session.raw and metadata.json") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise PowerError(f"{path} is damaged or cut short ({error}); save it again from the Power Profiler") from error
    except OSError as error:
        raise PowerError(f"{path} cannot be read: {error.strerror}") from error
    rate, started = _metadata(path, text)
    if size < SAMPLE.itemsize:
        raise PowerError(f"{path}: session.raw holds no sample")
    return Ppk2(path, "ppk2", rate, INSTRUMENT, started=started, has_codes=True, samples=size // SAMPLE.itemsize)


def _metadata(path: Path, text: bytes) -> tuple[float, datetime | None]:
    try:
        document = json.loads(text)
        facts = document["metadata"]
        rate = float(facts["samplesPerSecond"])
        milliseconds = facts.get("startSystemTime")
        started = None if milliseconds is None else datetime.fromtimestamp(float(milliseconds) / 1000, UTC)
        version = int(document.get("formatVersion", 2))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError) as error:
        raise PowerError(f"{path}: metadata.json does not hold: {type(error).__name__}: {error}") from error
    if not 0 < rate <= 1e7:
        raise PowerError(f"{path}: metadata.json: metadata.samplesPerSecond is {rate:g}")
    if version > 2:
        raise PowerError(f"{path} has format version {version}; 2 is the newest that is known; export it as CSV")
    return rate, started


@dataclass
class Ppk2Csv(Recording):
    """A CSV export of the Power Profiler; open it with `open_ppk2_csv`."""

    table: Table = field(kw_only=True)

    def blocks(self) -> Iterator[Block]:
        """See Recording."""
        table = self.table
        time, current, letters = _layout(table)
        self.counts.lost = self.counts.uncertain_codes = 0
        clock = EvenTime(self.rate)
        levels = HeldLevels()
        count = 0
        wanted = [current] if time is None else [time, current]
        for rows in table.read(wanted, letters):
            micro = narrowed(rows.numbers[:, -1])
            if np.isinf(micro).any():
                raise table.error(rows.at(int(np.argmax(np.isinf(micro)))), "the current is infinite")
            lost = np.isnan(micro)
            codes = None
            if letters:
                high, certain = _levels(table, rows)
                lost |= (micro == LOST_UA) & (high == 0) & (certain == 255)
                codes = levels(high, np.where(lost, np.uint8(0), certain))
            self.counts.lost += int(lost.sum())
            self.counts.uncertain_codes = levels.uncertain - (self.counts.lost if letters else 0)
            amperes = np.where(lost, np.float32(np.nan), micro * np.float32(1e-6))
            self.done = min(1.0, table.bytes_read / max(table.size, 1))
            if time is None:
                yield Block(count, amperes, None, codes)
            else:
                places = clock.place(rows.numbers[:, 0] / 1000, rows.fail(table))
                yield from spread(places, amperes, None, codes)
            count += len(micro)
        self.counts.repeated_times = clock.repeated
        self.counts.cut_short = table.cut_short


def is_ppk2_csv(table: Table) -> bool:
    """Whether the header is one of the Power Profiler's."""
    return (
        table.header is not None
        and CURRENT in table.header
        and set(table.header)
        <= {
            TIME,
            CURRENT,
            BIT_STRING,
            *CHANNELS,
        }
    )


def open_ppk2_csv(path: Path, table: Table, rate: float | None) -> Ppk2Csv:
    """A CSV export: any choice of its columns that has the current; `rate` where it has no times."""
    time, current, letters = _layout(table)
    if rate is None:
        if time is None:
            raise PowerError(f"{path} has no column {TIME}; give --rate HZ (the Power Profiler's setting)")
        first = next(table.read([time, current], letters), None)
        if first is None:
            raise PowerError(f"{path} has a header and no rows")
        rate = estimated_rate(first.numbers[:, 0] / 1000, first.fail(table))
    return Ppk2Csv(path, "ppk2-csv", rate, INSTRUMENT, has_codes=bool(letters), table=table)


def _layout(table: Table) -> tuple[int | None, int, list[tuple[int, int]]]:
    """Places of time and current, and where the channels' letters are: 8 in one column, or one in each of 8."""
    current = table.column(CURRENT)
    if current is None:
        raise PowerError(f"{table.path}:1: no column {CURRENT}; it has: {table.titles()}")
    string = table.column(BIT_STRING)
    if string is not None:
        return table.column(TIME), current, [(string, 8)]
    places = [table.column(channel) for channel in CHANNELS]
    known = [(place, 1) for place in places if place is not None]
    if known and len(known) < len(CHANNELS):
        missing = next(channel for channel, place in zip(CHANNELS, places, strict=True) if place is None)
        raise PowerError(f"{table.path}:1: no column {missing}, though there are others of D0 to D7")
    return table.column(TIME), current, known


_LETTERS = np.frombuffer(b"01-X", np.uint8)
_WEIGHTS = (1 << np.arange(8)).astype(np.uint8)


def _levels(table: Table, rows: Rows) -> tuple[Codes, Codes]:
    """Levels and certainties (n,) from the letters '0', '1', 'X' (both) and '-' (not known)."""
    letters = rows.letters
    high = (letters == 49) @ _WEIGHTS
    certain = ((letters == 48) | (letters == 49)) @ _WEIGHTS
    if (certain != 255).any():
        odd = ~np.isin(letters, _LETTERS)
        if odd.any():
            row = int(np.argmax(odd.any(axis=1)))
            shown = ascii(letters[row].tobytes().decode("latin-1"))
            raise table.error(rows.at(row), f"the channels are {shown}, not of 0, 1, X and -")
    return high.astype(np.uint8), certain.astype(np.uint8)
