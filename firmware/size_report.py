"""What an image takes: `python -m firmware.size_report IMAGE.elf --board NAME [--json]`.

Flash is what is loaded (.vectors, .text, the start values of .data). RAM is .data, .bss, .noinit and the stack's
reserve. Both are held against the limits of board.toml, or its memories; an image over one of them ends with exit
code 1.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from firmware import boards


@dataclass(frozen=True)
class Symbol:
    """A function or object and its bytes."""

    name: str
    size: int


@dataclass(frozen=True)
class Sizes:
    """Bytes of an image in flash and in RAM, with the biggest symbols of each, biggest first."""

    flash: int
    ram: int
    stack: int
    flash_symbols: list[Symbol]
    ram_symbols: list[Symbol]


def measure(image: Path) -> Sizes:
    """The sizes of the ELF file `image`; ELFError if it is none."""
    with image.open("rb") as file:
        elf = ELFFile(file)
        flash = ram = stack = 0
        places: dict[int, tuple[bool, bool]] = {}  # section index: in flash, in RAM
        for index, section in enumerate(elf.iter_sections()):
            flags, size = section["sh_flags"], section["sh_size"]
            if not flags & SH_FLAGS.SHF_ALLOC:
                continue
            writable = bool(flags & SH_FLAGS.SHF_WRITE)
            loaded = section["sh_type"] != "SHT_NOBITS"
            places[index] = (loaded, writable)
            flash += size if loaded else 0
            ram += size if writable else 0
            stack += size if section.name == ".stack" else 0
        symbols: dict[tuple[int, int], tuple[Symbol, bool, bool]] = {}
        for table in elf.iter_sections():
            if not isinstance(table, SymbolTableSection):
                continue
            for symbol in table.iter_symbols():
                place = places.get(symbol["st_shndx"])
                if place and symbol["st_size"] and symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT"):
                    key = (symbol["st_value"], symbol["st_size"])
                    symbols[key] = (Symbol(symbol.name, symbol["st_size"]), *place)

    def biggest(place: int) -> list[Symbol]:
        entries = [entry[0] for entry in symbols.values() if entry[place]]
        return sorted(entries, key=lambda symbol: (-symbol.size, symbol.name))

    return Sizes(flash, ram, stack, biggest(1), biggest(2))


def table(sizes: Sizes, limits: boards.Limits | None, top: int) -> str:
    """The report for people: two lines of totals, then the `top` biggest symbols of flash and RAM side by side."""
    lines = []
    for name, used, limit in (
        ("flash", sizes.flash, limits and limits.flash_bytes),
        ("RAM", sizes.ram, limits and limits.ram_bytes),
    ):
        of = f" of {limit:7d} bytes ({100 * used / limit:5.1f} %)" if limit else " bytes"
        lines.append(f"{name:5} {used:7d}{of}" + (f", stack {sizes.stack}" if name == "RAM" else ""))
    for row in range(top):
        cells = []
        for symbols in (sizes.flash_symbols, sizes.ram_symbols):
            cells.append(f"{symbols[row].size:7d} {symbols[row].name:34.34}" if row < len(symbols) else " " * 42)
        if "".join(cells).strip():
            lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def memories(board: boards.Board) -> boards.Limits | None:
    """All that the linker may fill of the board's flash and RAM, as limits; None for a board without an image."""
    if board.image is None:
        return None
    regions = board.image.memory
    return boards.Limits(flash_bytes=regions["FLASH"].length, ram_bytes=regions["RAM"].length)


def excesses(sizes: Sizes, limits: boards.Limits | None) -> list[str]:
    """A sentence for each limit that the image is over."""
    if limits is None:
        return []
    pairs = (("flash", sizes.flash, limits.flash_bytes), ("RAM", sizes.ram, limits.ram_bytes))
    return [
        f"the image takes {used} bytes of {name}, {used - limit} over the limit"
        for name, used, limit in pairs
        if used > limit
    ]


def main(
    image: Annotated[Path, typer.Argument(help="The linked image (.elf).")],
    board: Annotated[str, typer.Option(help="Whose limits to hold it against.")],
    top: Annotated[int, typer.Option(help="How many of the biggest symbols to show.")] = 12,
    whole_memory: Annotated[
        bool, typer.Option("--whole-memory", help="Hold it against the board's memories instead of the limits.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Print what an image takes of flash and RAM; exit code 1 if that is over the board's limits."""
    try:
        facts = boards.load(board)
        limits = memories(facts) if whole_memory else facts.limits
        sizes = measure(image)
    except (boards.BoardError, OSError, ELFError) as error:
        typer.echo(f"{image}: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        figures = asdict(sizes) | {"limits": limits.model_dump() if limits else None}
        figures["flash_symbols"] = figures["flash_symbols"][:top]
        figures["ram_symbols"] = figures["ram_symbols"][:top]
        typer.echo(json.dumps(figures))
    else:
        typer.echo(table(sizes, limits, top))
    over = excesses(sizes, limits)
    for sentence in over:
        typer.echo(f"{image.name}: {sentence}", err=True)
    raise typer.Exit(1 if over else 0)


if __name__ == "__main__":
    typer.run(main)
