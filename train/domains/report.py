"""What a compiled domain is made of, for people and as JSON."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from firmware.domain.binary import BYTES_MAX, decode, section_sizes
from train.domains.build import Built, contexts
from train.domains.sampling import Sentence


def facts(built: Built) -> dict[str, Any]:
    """Counts and sizes, of the domain as the board has it."""
    graph = decode(built.binary)
    return {
        "name": graph.name,
        "bytes": len(built.binary),
        "crc32": f"{zlib.crc32(built.binary):08x}",
        "words": len({word.text for word in graph.words}),
        "word_entries": len(graph.words),
        "pronunciations": sum(len(word.pronunciations) for word in graph.words),
        "phrases": built.phrases,
        "networks": len(graph.networks),
        "states": sum(network.states for network in graph.networks),
        "arcs": sum(len(network.arcs) for network in graph.networks),
        "contexts": contexts(graph),
        "sections": section_sizes(built.binary),
        "largest": {
            network.name: len(network.arcs)
            for network in sorted(graph.networks, key=lambda network: -len(network.arcs))[:8]
        },
    }


def summary(found: dict[str, Any]) -> str:
    """One line."""
    phrases = f"{found['phrases']} phrases, " if found["phrases"] else ""
    return f"{found['name']}: {found['bytes']} bytes, {found['words']} words, {phrases}CRC {found['crc32']}"


def show(found: dict[str, Any]) -> None:
    """Tables of counts, of bytes by section, and of the largest networks."""
    counts = Table("", "", title=f"domain {found['name']}", show_header=False)
    rows = (
        ("phrases", found["phrases"] or "-"),
        ("words", found["words"]),
        ("words, by value and sound", found["word_entries"]),
        ("pronunciations", found["pronunciations"]),
        ("networks", found["networks"]),
        ("states", found["states"]),
        ("arcs", found["arcs"]),
        ("contexts of calls", found["contexts"]),
        ("bytes", f"{found['bytes']} of {BYTES_MAX}"),
        ("CRC-32", found["crc32"]),
    )
    for what, value in rows:
        counts.add_row(what, str(value))
    sections = Table("section", "bytes", title="what takes the room")
    for name, size in sorted(found["sections"].items(), key=lambda item: -item[1]):
        sections.add_row(name, str(size))
    networks = Table("network", "arcs", title="largest networks")
    for name, arcs in found["largest"].items():
        networks.add_row(name, str(arcs))
    console = Console(width=100, highlight=False)
    for table in (counts, sections, networks):
        console.print(table)


def sentence_fact(sentence: Sentence) -> dict[str, Any]:
    """A sentence with its slots."""
    return {
        "text": sentence.text,
        "slots": [{"name": name, "value": value} for name, value in sentence.slots],
        "cost": round(sentence.cost, 3),
    }


def sentence_lines(sentences: Iterable[Sentence]) -> list[str]:
    """A line each: the text, and behind a tab the slots as name=value."""
    return [
        "\t".join([sentence.text, *(f"{name}={value}" for name, value in sentence.slots)]) for sentence in sentences
    ]
