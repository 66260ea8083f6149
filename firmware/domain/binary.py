"""A domain as the board reads it in place: `encode` packs a graph, `decode` reads one back. See FORMAT.md."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from firmware.domain.graph import Add, Arc, DomainError, Graph, Kind, Multiply, Network, Value, Word
from firmware.domain.normal_form import normal_form
from firmware.domain.phonemes import CLASS, CLASSES, PHONEMES

MAGIC = b"EDOM"
VERSION = 1
BYTES_MAX = 65536
STATES_MAX = 8192
NETWORKS_MAX = 255
CONTEXTS_MAX = 65535
"""Ways in which calls may lead to a network."""

NONE = 0xFFFF
"""No slot; as the target of an epsilon: the state is final."""

COST_ZERO = 32
COST_STEPS = 8
"""A cost byte c is (c - COST_ZERO) / COST_STEPS octaves: -4 to 27.875; what lies beyond is held there."""

LAST_PHONEME = 0x80

_HEADER = struct.Struct("<4sIHHI8H")
_STRING, _ADD, _MULTIPLY = range(3)


def cost_byte(nats: float) -> int:
    """A cost as an arc holds it."""
    return min(255, max(0, round(nats / math.log(2) * COST_STEPS) + COST_ZERO))


def cost_nats(byte: int) -> float:
    """The cost that an arc holds."""
    return (byte - COST_ZERO) / COST_STEPS * math.log(2)


@dataclass
class _Sections:
    """A binary's arrays, as they follow each other in it."""

    values: list[int] = field(default_factory=list)
    networks: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    sites: list[tuple[int, int, int]] = field(default_factory=list)
    words: list[tuple[int, int, int]] = field(default_factory=list)
    pronunciations: list[int] = field(default_factory=list)
    costs: bytes = b""
    phonemes: bytes = b""
    strings: bytes = b""


class _Pool:
    """Byte strings, each with its end marked, in one row; one that ends another lies within it."""

    def __init__(self, first: bytes, rest: Iterable[bytes]) -> None:
        self.row = bytearray(first)
        self._at = {first: 0} if first else {}
        longer = b""
        # Sorted from their ends, whatever ends in a string follows it.
        for item in sorted(set(rest) - {first}, key=lambda item: item[::-1], reverse=True):
            if longer.endswith(item):
                self._at[item] = self._at[longer] + len(longer) - len(item)
                continue
            self._at[item] = len(self.row)
            self.row += item
            longer = item

    def __getitem__(self, item: bytes) -> int:
        return self._at[item]


def encode(graph: Graph) -> bytes:
    """The binary of a graph, in its normal form.

    Raises:
        DomainError: it is over a limit; the message says which, and which part is how large.
    """
    normal = normal_form(graph)
    if len(normal.networks) > NETWORKS_MAX:
        raise DomainError(
            f"domain {graph.name!r} has {len(normal.networks)} networks; at most {NETWORKS_MAX} fit: merge some lists"
        )
    states = sum(network.states for network in normal.networks)
    if states > STATES_MAX:
        raise DomainError(f"domain {graph.name!r} has {states} states; at most {STATES_MAX} fit: use fewer phrases")
    sections = _Sections()
    strings = _string_pool(normal)
    _add_words(sections, normal, strings)
    _add_networks(sections, normal, strings)
    parts = _bytes(sections)
    size = _HEADER.size + sum(map(len, parts.values()))
    if size > BYTES_MAX:
        largest = ", ".join(f"{name} {len(part)}" for name, part in sorted(parts.items(), key=lambda p: -len(p[1])))
        raise DomainError(
            f"domain {graph.name!r} takes {size} bytes; at most {BYTES_MAX} fit: use fewer phrases or words ({largest})"
        )
    counts = (
        len(sections.states) - 1,
        len(sections.sites),
        len(sections.words),
        len(sections.pronunciations),
        len(sections.labels),
        len(sections.values),
        len(sections.phonemes),
        len(sections.strings),
    )
    header = _HEADER.pack(MAGIC, 0, VERSION, len(sections.networks), size, *counts)
    checked = header[8:] + b"".join(parts.values())
    return MAGIC + struct.pack("<I", zlib.crc32(checked)) + checked


def _text(text: str) -> bytes:
    return text.encode() + b"\0"


def _string_pool(graph: Graph) -> _Pool:
    texts = {network.name for network in graph.networks} | {word.text for word in graph.words}
    texts |= {word.value for word in graph.words if isinstance(word.value, str)}
    texts |= {arc.slot for network in graph.networks for arc in network.arcs if arc.slot is not None}
    return _Pool(_text(graph.name), map(_text, texts))


def _add_words(sections: _Sections, graph: Graph, strings: _Pool) -> None:
    said = {p: bytes([*(CLASS[x] for x in p[:-1]), CLASS[p[-1]] | LAST_PHONEME]) for p in _pronunciations(graph)}
    phonemes = _Pool(b"", said.values())
    numbers: dict[int, int] = {}
    for word in graph.words:
        value = 0 if word.value is None else numbers.setdefault(_value(word.value, strings), len(numbers) + 1)
        sections.words.append((strings[_text(word.text)], len(sections.pronunciations), value))
        sections.pronunciations += [phonemes[said[p]] for p in word.pronunciations]
    sections.values = list(numbers)
    sections.phonemes = bytes(phonemes.row)
    sections.strings = bytes(strings.row)


def _pronunciations(graph: Graph) -> set[tuple[str, ...]]:
    return {pronunciation for word in graph.words for pronunciation in word.pronunciations}


def _value(value: str | Add | Multiply, strings: _Pool) -> int:
    if isinstance(value, str):
        return _STRING << 30 | strings[_text(value)]
    return (_ADD if isinstance(value, Add) else _MULTIPLY) << 30 | value.number


def _add_networks(sections: _Sections, graph: Graph, strings: _Pool) -> None:
    first = [0]
    for network in graph.networks:
        first.append(first[-1] + network.states)
    # What comes back to the same place is one site, wherever it was called from.
    sites: list[dict[tuple[int, int], int]] = [{} for _ in graph.networks]
    for index, network in enumerate(graph.networks):
        for arc in network.arcs:
            if arc.kind == Kind.CALL:
                slot = NONE if arc.slot is None else strings[_text(arc.slot)]
                sites[arc.label].setdefault((first[index] + arc.target, slot), index)
    contexts, depths = [1], [1]
    numbers: dict[tuple[int, int, int], int] = {}
    for index, network in enumerate(graph.networks):
        if index > 0:
            contexts.append(0)
            depths.append(1 + max(depths[caller] for caller in sites[index].values()))
        sections.networks.append((strings[_text(network.name)], first[index], len(sections.sites), 0, depths[index]))
        for (target, slot), caller in sorted(sites[index].items()):
            numbers[index, target, slot] = len(sections.sites)
            sections.sites.append((target, contexts[index], slot))
            contexts[index] += contexts[caller]
            if contexts[index] > CONTEXTS_MAX:
                raise DomainError(
                    f"calls lead to network {network.name!r} in more than {CONTEXTS_MAX} ways: nest fewer lists"
                )
        sections.networks[index] = (*sections.networks[index][:3], contexts[index], depths[index])
    costs = bytearray()
    for index, network in enumerate(graph.networks):
        rows: list[list[tuple[int, int, int]]] = [[] for _ in range(network.states)]
        for state, cost in network.finals.items():
            rows[state].append((cost_byte(cost), 0, NONE))
        for arc in network.arcs:
            target, label = first[index] + arc.target, 0
            if arc.kind == Kind.CALL:
                label = 1 + numbers[arc.label, target, NONE if arc.slot is None else strings[_text(arc.slot)]]
            elif arc.kind == Kind.WORD:
                label = 1 + len(sections.sites) + arc.label
            rows[arc.source].append((cost_byte(arc.cost), label, target))
        for row in rows:
            sections.states.append(len(sections.labels))
            for byte, label, target in sorted(row, key=lambda item: (_rank(item[1], len(sections.sites)), item)):
                costs.append(byte)
                sections.labels.append(label)
                sections.targets.append(target)
            if len(sections.labels) > NONE:
                raise DomainError(f"domain {graph.name!r} has more than {NONE} arcs: use fewer phrases")
    sections.states.append(len(sections.labels))
    sections.costs = bytes(costs)


def _rank(label: int, sites: int) -> int:
    """Epsilons and ends first, then calls, then words."""
    return 0 if label == 0 else 1 if label <= sites else 2


def _bytes(sections: _Sections) -> dict[str, bytes]:
    def u16(rows: Sequence[int] | Sequence[tuple[int, ...]]) -> bytes:
        flat = [value for row in rows for value in (row if isinstance(row, tuple) else (row,))]
        try:
            return struct.pack(f"<{len(flat)}H", *flat)
        except struct.error:
            raise DomainError("the domain has more words or text than 65535 bytes could hold: use fewer") from None

    return {
        "values": struct.pack(f"<{len(sections.values)}I", *sections.values),
        "networks": u16(sections.networks),
        "states": u16(sections.states),
        "arcs' targets": u16(sections.targets),
        "arcs' labels": u16(sections.labels),
        "call sites": u16(sections.sites),
        "words": u16(sections.words),
        "pronunciations": u16(sections.pronunciations),
        "arcs' costs": sections.costs,
        "phonemes": sections.phonemes,
        "texts": sections.strings,
    }


def decode(data: bytes) -> Graph:
    """The graph, in normal form, of a binary; its costs are those that the board reckons with.

    Raises:
        DomainError: the bytes are no domain, are damaged, or of a version that is not known.
    """
    if len(data) < _HEADER.size or data[:4] != MAGIC:
        raise DomainError("this is no compiled domain: it does not start with EDOM")
    _, crc, version, networks, size, *counts = _HEADER.unpack_from(data)
    if version != VERSION:
        raise DomainError(f"the domain is of version {version}, and this program reads {VERSION}: compile it again")
    if size != len(data) or size > BYTES_MAX or zlib.crc32(data[8:]) != crc:
        raise DomainError("the domain is damaged: its length or checksum is wrong; compile or copy it again")
    try:
        return _graph(data, networks, counts)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        if isinstance(error, DomainError):
            raise
        raise DomainError("the domain contradicts itself; compile it again") from error


def _graph(data: bytes, networks: int, counts: Sequence[int]) -> Graph:
    states, sites, words, pronunciations, arcs, values, phonemes, strings = counts
    at = _HEADER.size

    def take(code: str, count: int) -> tuple[int, ...]:
        nonlocal at
        row = struct.unpack_from(f"<{count}{code}", data, at)
        at += struct.calcsize(f"<{count}{code}")
        return row

    value_row = take("I", values)
    network_row = take("H", 5 * networks)
    first_arc = take("H", states + 1)
    targets, labels = take("H", arcs), take("H", arcs)
    site_row, word_row = take("H", 3 * sites), take("H", 3 * words)
    starts = take("H", pronunciations)
    costs = take("B", arcs)
    phoneme_row, string_row = take("B", phonemes), bytes(take("B", strings))
    if at != len(data):
        raise ValueError("its sections do not fill it")

    def text(offset: int) -> str:
        return string_row[offset : string_row.index(0, offset)].decode()

    def value(number: int) -> Value:
        if number == 0:
            return None
        kind, payload = value_row[number - 1] >> 30, value_row[number - 1] & 0x3FFFFFFF
        if kind == _STRING:
            return text(payload)
        return (Add, Multiply)[kind - _ADD](payload)

    def pronunciation(offset: int) -> tuple[str, ...]:
        last = next(i for i in range(offset, len(phoneme_row)) if phoneme_row[i] & LAST_PHONEME)
        classes = [phoneme & ~LAST_PHONEME for phoneme in phoneme_row[offset : last + 1]]
        if not all(0 < number < CLASSES for number in classes):
            raise ValueError("a phoneme is none")
        return tuple(PHONEMES[number - 1] for number in classes)

    first_pronunciation = [*word_row[1::3], pronunciations]
    made_words = tuple(
        Word(
            text(word_row[3 * i]),
            tuple(pronunciation(starts[p]) for p in range(first_pronunciation[i], first_pronunciation[i + 1])),
            value(word_row[3 * i + 2]),
        )
        for i in range(words)
    )
    first_state = [*network_row[1::5], states]
    first_site = [*network_row[2::5], sites]
    callee = {site: index for index in range(networks) for site in range(first_site[index], first_site[index + 1])}
    made_networks = []
    for index in range(networks):
        base = first_state[index]
        finals: dict[int, float] = {}
        made_arcs = []
        for state in range(base, first_state[index + 1]):
            for arc in range(first_arc[state], first_arc[state + 1]):
                cost, label, target = cost_nats(costs[arc]), labels[arc], targets[arc] - base
                if label == 0 and targets[arc] == NONE:
                    finals[state - base] = cost
                elif label == 0:
                    made_arcs.append(Arc(state - base, target, Kind.EPSILON, 0, cost))
                elif label <= sites:
                    slot = site_row[3 * (label - 1) + 2]
                    name = None if slot == NONE else text(slot)
                    made_arcs.append(Arc(state - base, target, Kind.CALL, callee[label - 1], cost, name))
                else:
                    made_arcs.append(Arc(state - base, target, Kind.WORD, label - 1 - sites, cost))
        made_networks.append(
            Network(text(network_row[5 * index]), first_state[index + 1] - base, finals, tuple(made_arcs))
        )
    return Graph(text(0), made_words, tuple(made_networks))


def section_sizes(data: bytes) -> dict[str, int]:
    """Bytes of each part of a binary that `encode` made: what a domain's room goes to."""
    _, _, _, networks, _, *counts = _HEADER.unpack_from(data)
    states, sites, words, pronunciations, arcs, values, phonemes, strings = counts
    return {
        "header": _HEADER.size,
        "values": 4 * values,
        "networks": 10 * networks,
        "states": 2 * (states + 1),
        "arcs": 5 * arcs,
        "call sites": 6 * sites,
        "words": 6 * words,
        "pronunciations": 2 * pronunciations,
        "phonemes": phonemes,
        "texts": strings,
    }
