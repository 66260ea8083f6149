"""A domain's file, text or ARPA, made a graph and bytes; with the warnings that its writer should see."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.domain.binary import encode
from firmware.domain.graph import DomainError, Graph, Kind
from train.domains.compiler import Compiler
from train.domains.lexicon import Lexicon
from train.domains.parser import parse


@dataclass(frozen=True)
class Built:
    """A compiled domain. phrases: alternatives at the top of its text; 0 for an n-gram model."""

    graph: Graph
    binary: bytes
    phrases: int
    warnings: tuple[str, ...]


def build_text(name: str, file: str, data: bytes) -> Built:
    """Compiles the text language; `file` is what messages call it.

    Raises:
        TextError: something in the text is wrong.
        DomainError: it is over a limit of the board.
    """
    from train.pronunciation import dictionary, guessed

    grammar = parse(file, data)
    lexicon = Lexicon(grammar.source, dictionary(), guessed)
    compiler = Compiler(name, grammar, lexicon)
    graph = compiler.graph()
    try:
        binary = encode(graph)
    except DomainError as error:
        raise DomainError(f"{file}: {error}; {_largest(graph)}") from error
    warnings = [str(guess) for guess in lexicon.guesses.values()]
    for word, place in grammar.pronounced.items():
        if word not in compiler.used_words:
            warnings.append(f"{place}: warning: {word!r} is pronounced here, but is in no phrase")
    for named in grammar.lists.values():
        if named.place.source is grammar.source and named.name not in compiler.used_lists:
            warnings.append(f"{named.place}: warning: list <{named.name}> is in no phrase")
    return Built(graph, binary, len(grammar.phrases.alternatives), tuple(warnings))


def _largest(graph: Graph) -> str:
    """Which networks have the most arcs."""
    sizes = sorted(((len(network.arcs), network.name) for network in graph.networks), reverse=True)
    return "most arcs: " + ", ".join(f"{name} {size}" for size, name in sizes[:4])


def contexts(graph: Graph) -> int:
    """Ways that calls lead to networks, all networks together, the root's one among them."""
    ways = [0] * len(graph.networks)
    ways[0] = 1
    for index in graph.call_order():
        for arc in graph.networks[index].arcs:
            if arc.kind == Kind.CALL:
                ways[arc.label] += ways[index]
    return sum(ways)
