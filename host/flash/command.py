"""`host flash`: finds the image, chooses the way, shows progress, and has the board prove what it runs."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from firmware import boards
from firmware.boards import Board
from firmware.link import Hello
from host.errors import HostError, printable
from host.flash.image import Image, read_image
from host.flash.probe import OpenSession, flash_by_probe, pyocd_session
from host.flash.serial_line import SerialLine
from host.flash.svl import BAUDS, Uploader, UploadFailed
from host.flash.verify import board_behind, verify
from host.ports import ports_sentence
from host.sim.image import built

_COMMANDS = {"bossac": "bossac --port={port} --offset={address} --erase --write --verify --reset {bin}"}
"""For methods whose command is the same for every board; `command` in board.toml goes before."""


@dataclass(frozen=True)
class FlashOptions:
    """The command line of `host flash`."""

    board: str
    port: str = ""
    probe: bool = False
    probe_id: str = ""
    image: Path | None = None
    baud: int | None = None
    force: bool = False
    json: bool = False


def run_flash(options: FlashOptions, open_session: OpenSession = pyocd_session) -> None:
    """Flashes a board; HostError, in a sentence with what to do, where that fails."""
    board = _board(options.board)
    if options.probe or options.probe_id or (board.flash is not None and board.flash.method == "pyocd"):
        _by_probe(options, board, open_session)
    elif board.flash is not None and board.flash.method == "svl":
        _by_svl(options, board)
    else:
        raise HostError(f"{board.name} is flashed by another tool. Run:", _command(board, options))


def _board(name: str) -> Board:
    try:
        board = boards.load(name)
    except boards.BoardError as error:
        raise HostError(f"{error}.") from error
    if board.image is None or board.flash is None:
        raise HostError(
            f"{name} is no board that can be flashed. Try it as it is: host listen --port sim:{name} --wav FILE."
        )
    return board


def _image(options: FlashOptions, board: Board) -> Image:
    image = read_image(options.image if options.image is not None else built(board.name) / "earshot.bin")
    if image.facts.board != board.name:
        raise HostError(
            f"{image.path} is for {image.facts.board}, not for {board.name}. Build the one for it: "
            f"scons -C firmware board={board.name}."
        )
    assert board.image is not None and board.flash is not None
    flash = board.image.memory["FLASH"]
    if len(image.data) > flash.length:
        raise HostError(f"{image.path} has {len(image.data)} bytes, and {board.name} has room for {flash.length}.")
    reset = int.from_bytes(image.data[4:8], "little")
    if not board.flash.address <= reset < board.flash.address + len(image.data):
        raise HostError(
            f"{image.path} is linked for another address than {board.flash.address:#x} of {board.name}: it starts at "
            f"{reset:#x}. Build it again: scons -C firmware board={board.name}."
        )
    return image


def _by_svl(options: FlashOptions, board: Board) -> None:
    assert board.flash is not None and board.link is not None
    if not options.port:
        raise HostError(f"which port? Say --port, or --probe for a debug probe. {ports_sentence()}")
    if "://" in options.port or options.port.startswith("sim:"):
        raise HostError(f"{options.port} is no serial port, and the boot loader is at one. {ports_sentence()}")
    bauds = _bauds(options.baud, board.flash.baud)
    image = _image(options, board)
    _refuse_other_board(options, board)
    with _progress(image, options) as (progress, note), SerialLine(options.port) as line:
        try:
            baud = Uploader(line, image.data, progress, note).run(bauds)
        except UploadFailed as failed:
            raise _why(failed, options.port, board) from failed
        except KeyboardInterrupt as stopped:
            raise HostError(f"stopped: {board.name} has half an image now. Flash it again.") from stopped
    _done(options, image, verify(options.port, board.link.baud, image), f"{baud} baud")


def _bauds(given: int | None, first: int | None) -> tuple[int, ...]:
    if given is not None and given not in BAUDS:
        raise HostError(f"the boot loader cannot tell {given} baud. Use one of {', '.join(map(str, BAUDS))}.")
    most = given or first or BAUDS[0]
    return tuple(baud for baud in BAUDS if baud <= most)


def _refuse_other_board(options: FlashOptions, board: Board) -> None:
    assert board.link is not None
    hello = board_behind(options.port, board.link.baud)
    if hello is not None and hello.board != board.name and not options.force:
        raise HostError(
            f"{options.port} is a {printable(hello.board)}, and the image is for {board.name}. Name the right port or "
            "board; --force flashes it all the same."
        )


def _why(failed: UploadFailed, port: str, board: Board) -> HostError:
    if not failed.silent:
        return HostError(
            f"the upload to {port} broke off at every baud rate, last because: {failed}. The board has half an image "
            "now: try a shorter cable or another USB port, and flash again."
        )
    heard = "bytes came, but not the boot loader's" if failed.heard else "nothing came at all"
    return HostError(
        f"no boot loader answers at {port}: {heard}. Is it a {board.title}, on a cable that carries data? Does opening "
        "the port reset it (if not, press its reset button as the command starts)? If its boot loader is gone, flash "
        "by --probe."
    )


def _by_probe(options: FlashOptions, board: Board, open_session: OpenSession) -> None:
    assert board.flash is not None
    if not board.flash.probe_target:
        raise HostError(f"pyocd does not know the chip of {board.name}. Run instead:", _command(board, options))
    image = _image(options, board)
    with _progress(image, options) as (progress, _):
        flash_by_probe(
            image, board, number=options.probe_id, progress=lambda sent: progress(sent, 0), open_session=open_session
        )
    hello = verify(options.port, board.link.baud, image) if options.port and board.link is not None else None
    _done(options, image, hello, f"a probe, and read back from {board.flash.address:#x} on")


def _command(board: Board, options: FlashOptions) -> str:
    """The command for the board's own tool."""
    assert board.flash is not None
    form = board.flash.command or _COMMANDS.get(board.flash.method, "")
    folder = boards.FIRMWARE.parent / "build" / board.name
    image = options.image or folder / "earshot.bin"
    if not form:
        return f"{board.flash.note} (image {image}, address {board.flash.address:#x})"
    return form.format(
        port=options.port or "PORT",
        address=f"{board.flash.address:#x}",
        bin=shlex.quote(str(image)),
        elf=shlex.quote(str(image.with_suffix(".elf"))),
    )


def _done(options: FlashOptions, image: Image, hello: Hello | None, how: str) -> None:
    if options.json:
        facts = {"board": image.facts.board, "build": f"{image.facts.build:016x}", "bytes": len(image.data), "by": how}
        print(json.dumps(facts | {"verified": hello is not None}))
        return
    print(f"{image.facts.board} has {image.path}, build {image.facts.build:016x}, {len(image.data)} bytes, by {how}")
    if hello is not None:
        print("verified: the board says that it runs it, and its flash has every byte")
    else:
        print("verified by reading back; with --port the board itself would be asked too")


@contextmanager
def _progress(
    image: Image, options: FlashOptions
) -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """A bar on a terminal, nothing else; (bytes, baud) and remarks."""
    console = Console(stderr=True)

    def note(text: str) -> None:
        console.print(text, style="yellow", highlight=False, markup=False)

    if options.json or not sys.stderr.isatty():
        yield lambda _bytes, _baud: None, note
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(f"flashing {image.facts.board}", total=len(image.data))

        def progress(done: int, baud: int) -> None:
            at = f" at {baud} baud" if baud else ""
            bar.update(task, completed=min(done, len(image.data)), description=f"flashing {image.facts.board}{at}")

        yield progress, note
