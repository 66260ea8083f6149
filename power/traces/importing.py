"""From an instrument's file to a .trace, in one pass and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from power.errors import PowerError
from power.traces.samples import Recording
from power.traces.states import DEFAULT_CHANNELS
from power.traces.store import Facts, TraceWriter
from power.traces.summary import Summarizer


def import_recording(
    recording: Recording,
    output: Path,
    channels: tuple[int, ...] = DEFAULT_CHANNELS,
    progress: Callable[[float], None] | None = None,
) -> Facts:
    """Stores `recording` in `output` and returns its facts.

    Args:
        recording: what to read; its `volts` and `instrument` are kept.
        output: the .trace file, replaced whole or not at all.
        channels: the digital channel of each bit of the state code.
        progress: told the share read, 0..1, now and then.
    """
    summarizer = Summarizer(recording.rate, channels, recording.volts)
    first = next(iter(recording.blocks()), None)
    if first is None:
        raise PowerError(f"{recording.path} holds no samples")
    has_voltage, has_codes = first.voltage is not None, first.codes is not None
    with TraceWriter(output, has_voltage, has_codes) as writer:
        for block in recording.blocks():
            summarizer.add(block)
            writer.add(block)
            if progress is not None:
                progress(recording.done)
        facts = Facts(
            format=recording.format,
            source=recording.path.name,
            sha256=recording.digest(),
            instrument=recording.instrument,
            started=recording.started,
            rate=recording.rate,
            volts=recording.volts,
            has_voltage=has_voltage,
            has_codes=has_codes,
            channels=channels,
            chunks=writer.finish(),
            summary=summarizer.summary(recording.counts),
        )
        writer.close(facts)
    return facts
