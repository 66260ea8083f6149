"""`host transcribe`: recordings as text, subtitles or JSON lines on stdout; what is amiss, and progress, on stderr."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from host.domain_file import domain_wish
from host.errors import HostError, printable
from host.sim_boards import sim_rate
from host.subtitles import srt
from host.transcribe import BOARD, STDIN, Transcriber, Transcription
from host.transcript import clock

_NAMED = 5
"""How many bad files the last line names."""


@dataclass(frozen=True)
class TranscribeOptions:
    """The command line of `host transcribe`."""

    files: Sequence[Path]
    domain: str | None
    rate: int | None
    jobs: int | None
    json: bool
    srt: bool
    timestamps: bool


def run_transcribe(options: TranscribeOptions) -> None:
    """Transcribes and prints; HostError at the end where a file was bad, at once where all would be."""
    if options.json + options.srt + options.timestamps > 1:
        raise HostError("--json, --srt and --timestamps exclude each other; choose one.")
    if options.srt and len(options.files) > 1:
        raise HostError("--srt makes one file of subtitles; give it one recording at a time.")
    if options.files.count(STDIN) > 1:
        raise HostError("- stands for stdin, which can be read once; give it once.")
    domain = domain_wish(options.domain)
    rate = sim_rate(BOARD, options.rate)
    jobs = options.jobs or os.cpu_count() or 1
    several = len(options.files) > 1
    bad: list[Path] = []
    with _progress(options.files) as progress:
        for one in Transcriber(rate, domain).files(options.files, jobs, progress):
            name = "stdin" if one.file == STDIN else printable(str(one.file))
            for remark in one.remarks:
                print(f"{name}: {remark}", file=sys.stderr)
            if one.error and not several and not options.json:
                raise HostError(f"{name}: {one.error}")
            if one.error:
                bad.append(one.file)
                print(f"{name}: {one.error}", file=sys.stderr)
            if options.json:
                print(json.dumps(_document(one, name), ensure_ascii=False), flush=True)
            elif not one.error:
                print(_text(one, name, options, several=several), end="", flush=True)
    if bad:
        names = ", ".join(str(file) for file in bad[:_NAMED]) + (", ..." if len(bad) > _NAMED else "")
        raise HostError(f"{len(bad)} of {len(options.files)} files could not be transcribed: {names}.")


def _text(one: Transcription, name: str, options: TranscribeOptions, *, several: bool) -> str:
    lead = f"{name}: " if several else ""
    if options.srt:
        return srt(one.transcripts)
    if options.timestamps:
        return "".join(
            f"{lead}[{_precise(said.start_s)} - {_precise(said.end_s)}] {printable(said.text)}\n"
            for said in one.transcripts
        )
    return f"{lead}{printable(one.text)}\n"


def _precise(seconds: float) -> str:
    tenths = round(seconds * 10)
    return f"{clock(tenths / 10)}.{tenths % 10}"


def _document(one: Transcription, name: str) -> dict[str, object]:
    if one.error:
        return {"file": name, "error": one.error}
    return {
        "file": name,
        "duration_s": round(one.duration_s, 6),
        "text": one.text,
        "transcripts": [said.as_dict() for said in one.transcripts],
    }


@contextmanager
def _progress(files: Sequence[Path]) -> Iterator[Callable[[float], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _files: None
        return
    columns = (TextColumn("transcribing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # What is printed meanwhile goes above the bar.
    # rich would send what goes to a stdout that is no terminal there too.
    shared = sys.stdout.isatty()
    with Progress(*columns, console=console, transient=True, redirect_stdout=shared) as progress:
        task = progress.add_task("", total=len(files))
        yield lambda done: progress.update(task, completed=done)
