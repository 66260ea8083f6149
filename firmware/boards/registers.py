"""C register header of a chip: `python -m firmware.boards.registers --board NAME --out FILE`.

From a vendor's SVD file, as pyocd carries them, or from a file of our own where pyocd has none: see `own`. For
each peripheral that board.toml names, the header has

    #define PDM_PCFG (*(volatile uint32_t *)0x50011000u)
    #define PDM_PCFG_SINCRATE_Pos 10u
    #define PDM_PCFG_SINCRATE_Msk 0x0001FC00u
    #define PDM_PCFG_SINCRATE(value) (((uint32_t)(value) << 10u) & 0x0001FC00u)
    #define PDM_VCFG_PDMCLKSEL_750KHz (5u << 27u)
    #define PDM_IRQn 19u

The virtual boards read the same peripherals through `peripherals()`, so that both ends mean the same bit.
"""

from __future__ import annotations

import re
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import IO, Annotated, Any
from xml.etree import ElementTree

import pyocd
import typer

from firmware import boards

SVD_ARCHIVE = Path(pyocd.__file__).parent / "debug" / "svd" / "svd_data.zip"


class SvdError(ValueError):
    """An SVD file, or a peripheral in it, that is not there or not understood; one sentence."""


@dataclass(frozen=True)
class Field:
    """Bits of a register: the lowest one, how many, and the values that have a name."""

    name: str
    low: int
    width: int
    values: dict[str, int]

    @property
    def mask(self) -> int:
        """The field's bits within the register."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True)
class Register:
    """One 32-bit register: its absolute address and what it reads after reset."""

    name: str
    address: int
    reset: int
    fields: dict[str, Field]

    def field(self, value: int, name: str) -> int:
        """The field `name` of the register's `value`."""
        field = self.fields[name]
        return (value & field.mask) >> field.low


@dataclass(frozen=True)
class Peripheral:
    """A block of registers: its base address and interrupts by name."""

    name: str
    base: int
    registers: dict[str, Register]
    interrupts: dict[str, int]
    confirmed: bool = True
    """By a source, all of it."""


def archive() -> IO[bytes]:
    """The SVD archive of the installed pyocd."""
    return SVD_ARCHIVE.open("rb")


@cache
def peripherals(svd: str, names: tuple[str, ...]) -> dict[str, Peripheral]:
    """The peripherals `names` of the SVD file `svd` ("apollo3.svd"), or of a .toml of our own, relative to firmware/.

    SvdError if one is missing.
    """
    if svd.endswith(".toml"):
        found = own(boards.FIRMWARE / svd)
        if missing := [name for name in names if name not in found]:
            raise SvdError(f"{svd} has no peripheral {', '.join(missing)}; it has {', '.join(sorted(found))}")
        return {name: found[name] for name in names}
    with archive() as file, zipfile.ZipFile(file) as members:
        if svd not in members.namelist():
            raise SvdError(f"pyocd's SVD archive has no {svd}")
        device = ElementTree.fromstring(members.read(svd))
    return parse(device, svd, names)


def own(file: Path) -> dict[str, Peripheral]:
    """The peripherals of a register file of our own, a .toml; SvdError if it does not hold. A table a peripheral:

    [PDM0]
    source = "where its facts are from"
    confirmed = true            # false: some of it is not; board.toml says so too
    base = 0x4020_1000
    interrupts = { PDM0 = 48 }
    registers_of = "other.toml" # the registers of the peripheral of this name in another file, in place of:
    [PDM0.registers]
    CTRL = { offset = 0x00, reset = 0, CLKEN = 0, CLKSEL = "2:1" } # fields: a bit, or "high:low"
    PAD = { offset = 0x20, count = 4 }                             # PAD0 to PAD3, a word each
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        return {name: _own_peripheral(name, table, file) for name, table in tables.items()}
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError, TypeError) as error:
        raise SvdError(f"{file}: {error!r}") from error


def _own_peripheral(name: str, table: dict[str, Any], file: Path) -> Peripheral:
    base = int(table["base"])
    if other := table.get("registers_of"):
        like = own(file.parent / str(other))[name]
        registers = {
            register.name: replace(register, address=register.address - like.base + base)
            for register in like.registers.values()
        }
    else:
        registers = {
            register.name: register
            for what, facts in table["registers"].items()
            for register in _own_registers(what, facts, base)
        }
    return Peripheral(name, base, registers, dict(table.get("interrupts", {})), bool(table["confirmed"]))


def _own_registers(name: str, facts: dict[str, Any], base: int) -> Iterator[Register]:
    fields = {}
    for field, place in facts.items():
        if not field.islower():
            high, _, low = str(place).partition(":")
            fields[field] = Field(field, int(low or high), int(high) - int(low or high) + 1, {})
    start, reset = base + int(facts["offset"]), int(facts.get("reset", 0))
    if "count" not in facts:
        yield Register(name, start, reset, fields)
        return
    for index in range(int(facts["count"])):
        yield Register(f"{name}{index}", start + 4 * index, reset, fields)


@cache
def register_names(svd: str) -> dict[int, str]:
    """PERIPHERAL.REGISTER by address, of all that the SVD file `svd` lists; the first of those at one address."""
    with archive() as file, zipfile.ZipFile(file) as members:
        device = ElementTree.fromstring(members.read(svd))
    every = [_text(node, "name") for node in device.iterfind("peripherals/peripheral")]
    found: dict[int, str] = {}
    for block in parse(device, svd, every).values():
        for register in block.registers.values():
            found.setdefault(register.address, f"{block.name}.{register.name}")
    return found


def parse(device: ElementTree.Element, svd: str, names: Iterable[str]) -> dict[str, Peripheral]:
    """The peripherals `names` under the <device> element of an SVD file called `svd`."""
    found = {_text(node, "name"): node for node in device.iterfind("peripherals/peripheral")}
    missing = [name for name in names if name not in found]
    if missing:
        raise SvdError(f"{svd} has no peripheral {', '.join(missing)}; it has {', '.join(sorted(found))}")
    return {name: _peripheral(found[name], found) for name in names}


def _peripheral(node: ElementTree.Element, others: dict[str, ElementTree.Element]) -> Peripheral:
    name, base = _text(node, "name"), _number(_text(node, "baseAddress"))
    source = others[node.attrib["derivedFrom"]] if "derivedFrom" in node.attrib else node
    block = source.find("registers")
    registers = {register.name: register for register in _registers(block, base, "")} if block is not None else {}
    interrupts = {_text(entry, "name"): _number(_text(entry, "value")) for entry in node.iterfind("interrupt")}
    return Peripheral(name, base, registers, interrupts)


def _registers(block: ElementTree.Element, base: int, prefix: str) -> Iterator[Register]:
    """All registers of a block: of a cluster as CLUSTER_REGISTER, of an array as REGISTER0, REGISTER1 and so on."""
    for node in block:
        if node.tag not in ("register", "cluster"):
            continue
        for name, offset in _places(node):
            if node.tag == "cluster":
                yield from _registers(node, base + offset, f"{prefix}{name}_")
            else:
                fields = [_field(field) for field in node.iterfind("fields/field")]
                reset = _number(node.findtext("resetValue") or "0")
                yield Register(prefix + name, base + offset, reset, {field.name: field for field in fields})


def _places(node: ElementTree.Element) -> list[tuple[str, int]]:
    """(name, offset) of a register or cluster, of each one where it is an array."""
    name, offset = _text(node, "name"), _number(_text(node, "addressOffset"))
    if (count := node.findtext("dim")) is None:
        return [(name, offset)]
    if node.find("dimIndex") is not None:
        raise SvdError(f"{name} has dimIndex, which this generator does not read")
    step = _number(_text(node, "dimIncrement"))
    plain = name.replace("[%s]", "%s")
    return [(plain.replace("%s", str(index)), offset + index * step) for index in range(_number(count))]


def _field(node: ElementTree.Element) -> Field:
    name = _text(node, "name")
    if (bits := node.findtext("bitRange")) is not None:
        match = re.fullmatch(r"\[(\d+):(\d+)\]", bits.strip())
        if not match:
            raise SvdError(f"field {name} has the bit range {bits!r}")
        high, low = int(match[1]), int(match[2])
    elif (offset := node.findtext("bitOffset")) is not None:
        low = _number(offset)
        high = low + _number(node.findtext("bitWidth") or "1") - 1
    else:
        low, high = _number(_text(node, "lsb")), _number(_text(node, "msb"))
    values = {
        _text(entry, "name"): _number(_text(entry, "value"))
        for entry in node.iterfind("enumeratedValues/enumeratedValue")
        if entry.find("value") is not None
    }
    return Field(name, low, high - low + 1, values)


def _text(node: ElementTree.Element, tag: str) -> str:
    text = node.findtext(tag)
    if text is None:
        raise SvdError(f"a <{node.tag}> without <{tag}>")
    return text.strip()


def _number(text: str) -> int:
    return int(text.strip().replace("#", "0b"), 0)


def header(svd: str, blocks: Iterable[Peripheral]) -> str:
    """The C header that describes `blocks`."""
    guard = "EARSHOT_REGISTERS_H"
    lines = [
        f"/* Generated by firmware/boards/registers.py from {svd}. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#include <stdint.h>",
    ]
    for block in blocks:
        lines += ["", f"/* {block.name} */"]
        lines += [f"#define {name}_IRQn {number}u" for name, number in block.interrupts.items()]
        for register in block.registers.values():
            full = f"{block.name}_{register.name}"
            lines.append(f"#define {full} (*(volatile uint32_t *)0x{register.address:08X}u)")
            for field in register.fields.values():
                lines += _field_lines(f"{full}_{field.name}", field)
    return "\n".join([*lines, "", "#endif", ""])


def _field_lines(name: str, field: Field) -> list[str]:
    return [
        f"#define {name}_Pos {field.low}u",
        f"#define {name}_Msk 0x{field.mask:08X}u",
        f"#define {name}(value) (((uint32_t)(value) << {field.low}u) & 0x{field.mask:08X}u)",
        *(f"#define {name}_{value} ({number}u << {field.low}u)" for value, number in field.values.items()),
    ]


def main(
    board: Annotated[str, typer.Option(help="Whose board.toml names the file and the peripherals.")],
    out: Annotated[Path, typer.Option(help="The header to write.")],
) -> None:
    """Write the C register header of a board."""
    try:
        wanted = boards.load(board).registers
        if wanted is None:
            raise SvdError(f"board {board} names no SVD file: its board.toml has no [registers]")
        blocks = peripherals(wanted.source, wanted.peripherals)
    except (boards.BoardError, SvdError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    out.write_text(header(wanted.source, blocks.values()), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
