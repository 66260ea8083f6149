"""`host selftest`: does the board compute what this computer computes?

The same inputs go to the board and to the desk's own image; every output must have the same bytes. The image in flash
is compared, block by block, with the file that was built.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from firmware.domain.graph import DomainError
from firmware.link import Hello, TrialSubject
from firmware.native import NativeBoard
from host.domain_file import DomainFile
from host.errors import HostError
from host.exchange import Exchange, SilentBoard
from host.flash.image import Image, built_image, read_image
from host.trials import TrialAbsent, TrialInterrupted, Trials
from host.vectors import Series, all_series

_MOST_INTERRUPTIONS = 5


@dataclass(frozen=True)
class Part:
    """What came of one part: `same` of `runs` outputs were the same."""

    name: str
    result: Literal["ok", "failed", "skipped"]
    runs: int
    detail: str


class DeskBoard(SilentBoard):
    """The desk's own image at a board's rate."""

    def __init__(self, rate: int, domain: bytes | None) -> None:
        """`domain`: what it decodes with instead of its own."""
        super().__init__("native")
        self._rate, self._domain = rate, domain

    def open(self) -> None:
        """See Endpoint."""
        self._board = board = NativeBoard(self._rate)
        if self._domain is not None:
            board.use(self._domain)


def self_test(
    link: Exchange, told: Callable[[Part], None], image: Path | None = None, domain: DomainFile | None = None
) -> bool:
    """Tests the board; `told` of each part as it ends. True: nothing failed. HostError where the test cannot be done.

    image: the file that the board was flashed from, else the one that was built here. domain: the one in force on the
    board, where it is not this computer's own.
    """
    hello = link.greet()
    parts: list[Part] = []

    def tell(part: Part) -> None:
        parts.append(part)
        told(part)

    tell(_image(Trials(link), hello, image))
    try:
        desk_link = Exchange(DeskBoard(hello.rate, domain.data if domain is not None else None))
        with desk_link:
            desk = desk_link.greet()
            domain_crc32 = domain.crc32 if domain is not None else desk.domain_crc32
            for series in all_series():
                other = _other(series.subject, hello, desk, domain_crc32)
                tell(
                    Part(series.subject.name.lower(), "skipped", 0, other)
                    if other
                    else _compare(link, desk_link, series)
                )
    except ValueError as error:
        raise HostError(f"{error}; nothing to compare the board with.") from error
    except DomainError as error:
        raise HostError(f"the desk cannot decode with this domain: {error}.") from error
    return all(part.result != "failed" for part in parts)


def _other(subject: TrialSubject, hello: Hello, desk: Hello, domain_crc32: int) -> str:
    """Why the subject is not the same thing here and there; "" where it is."""
    match subject:
        case TrialSubject.VAD if hello.model_crc32 != desk.model_crc32:
            return f"the board has another network, {hello.model_crc32:08x}, than this computer, {desk.model_crc32:08x}"
        case TrialSubject.ASR if hello.asr_crc32 != desk.asr_crc32:
            return f"the board has another network, {hello.asr_crc32:08x}, than this computer, {desk.asr_crc32:08x}"
        case TrialSubject.DECODER if not hello.domain:
            return "no domain is in force"
        case TrialSubject.DECODER if hello.domain_crc32 != domain_crc32:
            return f"another domain is in force, {hello.domain}: name its file with --domain"
    return ""


def _compare(link: Exchange, desk_link: Exchange, series: Series) -> Part:
    name = series.subject.name.lower()
    for _ in range(_MOST_INTERRUPTIONS):
        try:
            return _compared(Trials(link), Trials(desk_link), series, name)
        except TrialInterrupted:
            continue
        except TrialAbsent:
            return Part(name, "skipped", 0, "this image lacks it")
    raise HostError(
        f"the test of {name} was interrupted by talk {_MOST_INTERRUPTIONS} times. Try again where it is quiet."
    )


def _compared(board: Trials, desk: Trials, series: Series, name: str) -> Part:
    wrong: dict[str, int] = {}
    for run, data in enumerate(series.inputs):
        mine = desk.outputs(series.subject, run, data, len(series.outputs))
        theirs = board.outputs(series.subject, run, data, len(series.outputs))
        for output, one, other in zip(series.outputs, mine, theirs, strict=True):
            if (one.bytes, one.crc32) != (other.bytes, other.crc32):
                wrong.setdefault(output, run)
    runs = len(series.inputs)
    if wrong:
        where = "; ".join(f"{output or 'output'} differs from run {run} on" for output, run in wrong.items())
        return Part(name, "failed", runs, where)
    return Part(name, "ok", runs, ", ".join(output for output in series.outputs if output))


def _image(trials: Trials, hello: Hello, given: Path | None) -> Part:
    image: Image | None = read_image(given) if given is not None else built_image(hello.board)
    if not hello.build:
        return Part("image", "skipped", 0, "this board has no image in flash")
    if image is None:
        return Part(
            "image", "skipped", 0, f"none is built here: scons -C firmware board={hello.board}, or --image FILE"
        )
    if image.facts.build != hello.build:
        if given is None:
            return Part(
                "image", "skipped", 0, f"the board runs another build, {hello.build:016x}; --image FILE names it"
            )
        raise HostError(
            f"the board runs build {hello.build:016x}, and {given} is {image.facts.build:016x}. Flash it first."
        )
    try:
        differ = trials.differing_blocks(image.block_crcs)
    except TrialAbsent:
        return Part("image", "failed", len(image.block_crcs), "the board's is shorter than the file")
    if differ:
        blocks = ", ".join(map(str, differ))
        return Part(
            "image",
            "failed",
            len(image.block_crcs),
            f"flash differs from {image.path} in block {blocks}: flash it again",
        )
    return Part("image", "ok", len(image.block_crcs), f"flash holds {image.path.name}, byte for byte")


def part_line(part: Part) -> str:
    """For people."""
    return f"{part.name:10} {part.result:8}" + (f" {part.runs:3} runs" if part.runs else " " * 9) + f"  {part.detail}"


def print_part(part: Part, *, as_json: bool) -> None:
    """A line."""
    line = (
        json.dumps({"part": part.name, "result": part.result, "runs": part.runs, "detail": part.detail})
        if as_json
        else part_line(part).rstrip()
    )
    print(line, flush=True)
