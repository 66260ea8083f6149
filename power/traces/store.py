"""The stored form of a trace, NAME.trace: a zip archive that numpy.load opens too.

    000000.current.npy   float32, A, NaN where a sample is missing; not compressed
    000000.voltage.npy   float32, V; only where the recording has it
    000000.codes.npy     uint8, the digital channels; deflated
    000001...            the samples that follow, CHUNK each
    trace.json           written last: Facts, with each chunk's first sample

A chunk can be read alone, so that any stretch of an hour costs as much as its length. A file that was cut short has no
table of contents, and is refused.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from power.errors import PowerError
from power.traces.samples import BLOCK, Block, Recording

FACTS = "trace.json"
CHUNK = 4 * BLOCK
_DAMAGE = (
    KeyError,
    ValueError,
    OverflowError,
    MemoryError,
    EOFError,
    SyntaxError,
    zlib.error,
    zipfile.BadZipFile,
    NotImplementedError,
)
"""What numpy and zipfile raise on bytes that are no array."""
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]


class StateTime(BaseModel):
    """How long the board was in a state, and how often it entered it, by the digital channels."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    entries: _Count


class Summary(BaseModel):
    """A trace at a glance."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    duration_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """From the first sample to the last, gaps included."""
    samples: _Count
    """Measured ones."""
    missing: _Count
    gaps: _Count
    longest_gap_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    mean_a: _Number | None
    """None where no sample was measured."""
    min_a: _Number | None
    max_a: _Number | None
    charge_c: _Number
    """Of the samples that were measured."""
    energy_j: _Number | None
    """The same; None where the voltage is not known."""
    states: dict[str, StateTime]
    uncertain_codes: _Count
    repeated_times: _Count
    cut_short: bool


class Facts(BaseModel):
    """All of a trace but its samples."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = 1
    format: str
    """Of the file that it was imported from."""
    source: str
    """That file's name."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of that file."""
    instrument: str
    started: datetime | None
    rate: Annotated[float, Field(gt=0, le=1e8, allow_inf_nan=False)]
    volts: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None
    """The supply as the user gave it; None where it is recorded or not known."""
    has_voltage: bool
    has_codes: bool
    channels: Annotated[tuple[Annotated[int, Field(ge=0, le=7)], ...], Field(max_length=8)]
    """The digital channel of each bit of the state code."""
    chunks: tuple[tuple[_Count, Annotated[int, Field(gt=0, le=CHUNK)]], ...]
    """First sample and number of samples of each."""
    summary: Summary


class TraceWriter:
    """Writes a .trace file, whole or not at all; use it as a context manager, and `close` it with its facts."""

    def __init__(self, path: Path, has_voltage: bool, has_codes: bool) -> None:
        self.path = path
        self._has_voltage, self._has_codes = has_voltage, has_codes
        self.chunks: list[tuple[int, int]] = []
        self._held: list[Block] = []
        self._samples = 0
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
        except OSError as error:
            raise PowerError(f"{path} cannot be written: {error.strerror}") from error
        self._unfinished = Path(name)
        self._archive = zipfile.ZipFile(os.fdopen(handle, "wb"), "w", zipfile.ZIP_STORED, allowZip64=True)
        self._file = self._archive.fp

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._unfinished.exists():
            self._archive.close()
            if self._file is not None:
                self._file.close()
            self._unfinished.unlink()
        if isinstance(error, OSError):
            raise PowerError(f"{self.path} cannot be written: {error.strerror}") from error

    def add(self, block: Block) -> None:
        """Appends a block, which begins at or after the end of the one before."""
        if self._held and block.start != self._held[-1].stop:
            self._flush()
        at = 0
        while at < len(block.current):
            taken = min(CHUNK - self._samples, len(block.current) - at)
            part = slice(at, at + taken)
            self._held.append(
                Block(
                    block.start + at,
                    block.current[part],
                    None if block.voltage is None else block.voltage[part],
                    None if block.codes is None else block.codes[part],
                )
            )
            self._samples += taken
            at += taken
            if self._samples == CHUNK:
                self._flush()

    def _flush(self) -> None:
        if not self._held:
            return
        name = f"{len(self.chunks):06d}"
        self.chunks.append((self._held[0].start, self._samples))
        self._put(f"{name}.current.npy", [block.current for block in self._held], zipfile.ZIP_STORED)
        if self._has_voltage:
            self._put(f"{name}.voltage.npy", [block.voltage for block in self._held], zipfile.ZIP_STORED)
        if self._has_codes:
            self._put(f"{name}.codes.npy", [block.codes for block in self._held], zipfile.ZIP_DEFLATED)
        self._held, self._samples = [], 0

    def _put(self, name: str, parts: list[Any], method: int) -> None:
        facts = zipfile.ZipInfo(name)
        facts.compress_type = method
        # What numpy reads and zlib makes fast: the codes hardly ever change.
        with self._archive.open(facts, "w") as member:
            np.lib.format.write_array(member, np.concatenate(parts), allow_pickle=False)

    def finish(self) -> tuple[tuple[int, int], ...]:
        """Writes what is still held; the chunks, for the facts."""
        self._flush()
        return tuple(self.chunks)

    def close(self, facts: Facts) -> None:
        """Writes the facts and puts the file into its place, after `finish`."""
        self._archive.writestr(FACTS, facts.model_dump_json(indent=1))
        self._archive.close()
        if self._file is not None:
            self._file.close()
        self._unfinished.chmod(0o644)
        self._unfinished.replace(self.path)


@dataclass
class Trace(Recording):
    """A .trace file; open it with `open_trace`."""

    facts: Facts = field(kw_only=True)

    def blocks(self) -> Iterator[Block]:
        """See Recording."""
        return self.stretch(0, None)

    def stretch(self, start: int, stop: int | None) -> Iterator[Block]:
        """The samples from place `start` up to `stop`; None: to the end."""
        facts = self.facts
        end = facts.chunks[-1][0] + facts.chunks[-1][1]
        try:
            with zipfile.ZipFile(self.path) as archive:
                for number, (first, count) in enumerate(facts.chunks):
                    if first + count <= start or (stop is not None and first >= stop):
                        continue
                    whole = self._chunk(archive, number, first, count)
                    for low in range(0, count, BLOCK):
                        part = slice(
                            max(low, start - first),
                            min(low + BLOCK, count if stop is None else stop - first),
                        )
                        if part.start < part.stop:
                            self.done = (first + part.stop) / end
                            yield Block(
                                first + part.start,
                                whole.current[part],
                                None if whole.voltage is None else whole.voltage[part],
                                None if whole.codes is None else whole.codes[part],
                            )
        except OSError as error:
            raise PowerError(f"{self.path} cannot be read: {error.strerror}") from error
        except zipfile.BadZipFile as error:
            raise PowerError(f"{self.path} is damaged: {error}; import it again") from error

    def _chunk(self, archive: zipfile.ZipFile, number: int, first: int, count: int) -> Block:
        def member(what: str, kind: type[np.generic]) -> NDArray[Any]:
            name = f"{number:06d}.{what}.npy"
            try:
                with archive.open(name) as file:
                    values = np.lib.format.read_array(file, allow_pickle=False)
            except _DAMAGE as error:
                raise PowerError(f"{self.path}: {name} is damaged: {error}; import it again") from error
            if values.shape != (count,) or values.dtype != kind:
                raise PowerError(f"{self.path}: {name} is damaged: {values.shape} of {values.dtype}; import it again")
            return values

        return Block(
            first,
            member("current", np.float32),
            member("voltage", np.float32) if self.facts.has_voltage else None,
            member("codes", np.uint8) if self.facts.has_codes else None,
        )

    def digest(self) -> str:
        """SHA-256 of the file that it was imported from."""
        return self.facts.sha256


def open_trace(path: Path) -> Trace:
    """A .trace file; PowerError where it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(FACTS).file_size > 1 << 26:
                raise PowerError(f"{path}: {FACTS} is too long to be one")
            facts = Facts.model_validate_json(archive.read(FACTS))
    except KeyError as error:
        raise PowerError(f"{path} is no trace: {error.args[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise PowerError(f"{path}: {FACTS}: {where}: {first['msg']}; import it again") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise PowerError(f"{path} is damaged or cut short ({error}); import it again") from error
    except OSError as error:
        raise PowerError(f"{path} cannot be read: {error.strerror}") from error
    if not facts.chunks:
        raise PowerError(f"{path} holds no samples")
    last = -1
    for first_sample, count in facts.chunks:
        if first_sample < last:
            raise PowerError(f"{path}: {FACTS}: the chunks overlap; import it again")
        last = first_sample + count
    return Trace(
        path,
        "trace",
        facts.rate,
        facts.instrument,
        volts=facts.volts,
        started=facts.started,
        has_codes=facts.has_codes,
        facts=facts,
    )
