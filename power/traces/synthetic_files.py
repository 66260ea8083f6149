"""Writes synthetic traces in every format that is read, as the instruments' own software would."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from power.traces import ppk2
from power.traces.samples import Block
from power.traces.synthetic import Synthetic


def write_ppk2(path: Path, trace: Synthetic) -> None:
    """A Power Profiler archive."""
    low = np.arange(256, dtype=np.uint16)
    pairs = np.zeros(256, np.uint16)
    for channel in range(8):
        pairs |= np.where((low >> channel) & 1, 2, 1).astype(np.uint16) << np.uint16(2 * channel)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("session.raw", "w", force_zip64=True) as raw:
            for block in trace.blocks():
                samples = np.empty(len(block.current), ppk2.SAMPLE)
                lost = np.isnan(block.current)
                # As the app does with a sample that the instrument lost.
                samples["current"] = np.where(lost, ppk2.LOST_UA, block.current * np.float32(1e6))
                samples["bits"] = np.where(lost, ppk2.ALL_LOW, pairs[_codes(block)])
                raw.write(samples.tobytes())
        facts = {"samplesPerSecond": trace.instrument.rate, "startSystemTime": 1_767_225_600_000}
        archive.writestr("metadata.json", json.dumps({"metadata": facts, "formatVersion": 2}))
        archive.writestr("minimap.raw", json.dumps({"data": {"length": 0, "min": [], "max": []}}))


def write_ppk2_csv(path: Path, trace: Synthetic, columns: str = "string") -> None:
    """A Power Profiler CSV. `columns`: its channels as one "string", as "fields", or "none"."""
    titles = {"string": ",D0-D7", "fields": "," + ",".join(ppk2.CHANNELS), "none": ""}[columns]
    levels = [format(code, "08b")[::-1] for code in range(256)]
    shown = [{"string": "," + text, "fields": "," + ",".join(text), "none": ""}[columns] for text in levels]

    def rows(block: Block) -> Iterator[str]:
        period_ms = 1000 / trace.instrument.rate
        for at, (amperes, code) in enumerate(zip(block.current.tolist(), _codes(block).tolist(), strict=True)):
            if not math.isnan(amperes):
                yield f"{_ms((block.start + at) * period_ms)},{amperes * 1e6:.3f}{shown[code]}\n"

    _write(path, f"{ppk2.TIME},{ppk2.CURRENT}{titles}\n", trace, rows)


def _ms(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def write_joulescope_csv(path: Path, trace: Synthetic) -> None:
    """`joulescope recording --export`: current and voltage, no header."""

    def rows(block: Block) -> Iterator[str]:
        for amperes in block.current.tolist():
            yield f"{amperes:.9e},{trace.volts:.9e}\n"

    _write(path, "", trace, rows)


def write_otii_csv(path: Path, trace: Synthetic, decimal: str = ".") -> None:
    """An Otii export, its fields in quotes; with decimal commas on request."""

    def rows(block: Block) -> Iterator[str]:
        period = 1 / trace.instrument.rate
        energy = 0.0
        for at, amperes in enumerate(block.current.tolist()):
            if math.isnan(amperes):
                continue
            energy += amperes * trace.volts * period
            fields = (f"{(block.start + at) * period:.6f}", f"{amperes:.9f}", f"{trace.volts:.3f}", f"{energy:.9f}")
            yield ",".join(f'"{field}"' for field in fields).replace(".", decimal) + "\n"

    titles = ("Timestamp (s)", "Arc Main Current (A)", "Arc Main Voltage (V)", "Arc Main Energy (J)")
    _write(path, ",".join(f'"{title}"' for title in titles) + "\n", trace, rows)


def write_csv(path: Path, trace: Synthetic) -> None:
    """A table of no instrument: semicolons, decimal commas, mA, a byte order mark, and the state code as a number."""

    def rows(block: Block) -> Iterator[str]:
        period = 1 / trace.instrument.rate
        for at, (amperes, code) in enumerate(zip(block.current.tolist(), _codes(block).tolist(), strict=True)):
            if not math.isnan(amperes):
                yield f"{(block.start + at) * period:.6f};{amperes * 1e3:.6f};{code}\r\n".replace(".", ",")

    _write(path, "\ufeffseconds;I / mA;state\r\n", trace, rows)


CSV_MAPPING = "time=seconds,current=I / mA,unit=mA,codes=state"


def _write(path: Path, header: str, trace: Synthetic, rows: Callable[[Block], Iterator[str]]) -> None:
    file: TextIO
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(header)
        for block in trace.blocks():
            file.writelines(rows(block))


def write_jls(path: Path, trace: Synthetic) -> None:
    """A Joulescope recording: current, voltage and three inputs."""
    import pyjls

    rate = int(trace.instrument.rate)
    with pyjls.Writer(str(path)) as writer:
        writer.source_def(1, name="JS220-000000", vendor="Jetperch", model="JS220", version="", serial_number="000000")
        kinds = [("current", "A", pyjls.DataType.F32), ("voltage", "V", pyjls.DataType.F32)]
        kinds += [(f"gpi[{channel}]", "", pyjls.DataType.U1) for channel in range(3)]
        for signal, (name, units, kind) in enumerate(kinds, 1):
            writer.signal_def(signal, 1, pyjls.SignalType.FSR, kind, sample_rate=rate, name=name, units=units)
        for block in trace.blocks():
            # A multiple of 8 samples a block, so that the packed inputs line up.
            writer.fsr(1, block.start, block.current)
            writer.fsr(2, block.start, np.full(len(block.current), trace.volts, np.float32))
            for channel in range(3):
                bits = ((_codes(block) >> channel) & 1).astype(np.uint8)
                writer.fsr(3 + channel, block.start, np.packbits(bits, bitorder="little"))


def _codes(block: Block) -> NDArray[Any]:
    return np.zeros(len(block.current), np.uint8) if block.codes is None else block.codes
