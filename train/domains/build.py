"""A domain's file, text or ARPA, made a graph and bytes; with the warnings that its writer should see."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.domain.binary import BYTES_MAX, encode
from firmware.domain.graph import DomainError, Graph, Kind
from train.domains import arpa
from train.domains.compiler import Compiler
from train.domains.grammar import Place, Pronunciation, Said, Source
from train.domains.lexicon import Lexicon
from train.domains.ngram import UNKNOWN, graph, pruned, restricted
from train.domains.parser import parse, parse_file, read_source

ARC_BYTES = 5
"""Of an n-gram, at least."""

PRUNE_STEP = 0.95
"""Share of the n-grams that stays, at most, in each step of pruning until the domain fits."""


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
    made = compiler.graph()
    try:
        binary = encode(made)
    except DomainError as error:
        raise DomainError(f"{file}: {error}; {_largest(made)}") from error
    warnings = [str(guess) for guess in lexicon.guesses.values()]
    said = compiler.references.words()
    for word, place in grammar.pronounced.items():
        if word not in said:
            warnings.append(f"{place}: warning: {word!r} is pronounced here, but is in no phrase")
    for named in grammar.lists.values():
        if named.place.source is grammar.source and named.name not in compiler.references.order:
            warnings.append(f"{named.place}: warning: list <{named.name}> is in no phrase")
    return Built(made, binary, len(grammar.phrases.alternatives), tuple(warnings))


@dataclass(frozen=True)
class WordList:
    """Words that an n-gram model is restricted to, and pronunciations given with them."""

    source: Source
    words: dict[str, Place]


def read_words(file: str, data: bytes) -> WordList:
    """A word list: one a line, `word` or `word : W ER D`; comments as in a domain's text. TextError if it is none."""
    parsed = parse_file(read_source(file, data))
    words = dict(parsed.pronounced)
    for alternative in parsed.phrases:
        if not isinstance(alternative.node, Said):
            raise alternative.place.error("a word list has one word a line, or word : W ER D")
        words.setdefault(alternative.node.text, alternative.place)
    for place in (*(named.place for named in parsed.lists), *(place for _, place in parsed.uses)):
        raise place.error("a word list has words only; lists and @use belong into a domain's text")
    return WordList(parsed.source, words)


def build_ngrams(name: str, file: str, data: bytes, words: WordList | None, prune: bool) -> Built:
    """Makes a domain of an ARPA file, restricted to words if there are some, and if asked to pruned until it fits.

    Raises:
        TextError: a line of it is wrong.
        DomainError: it does not fit.
    """
    from train.pronunciation import dictionary, guessed

    model, unspeakable = arpa.read(file, data)
    warnings = []
    if unspeakable:
        shown = " ".join(unspeakable[:10]) + (" ..." if len(unspeakable) > 10 else "")
        warnings.append(f"{file}: warning: left out what is no word: {shown}")
    if (UNKNOWN,) in model.log_probabilities:
        warnings.append(f"{file}: warning: left out {UNKNOWN}; what the domain does not have is not recognised")
    if words:
        missing = sorted(words.words.keys() - set(model.vocabulary()))
        if missing:
            shown = " ".join(missing[:10]) + (" ..." if len(missing) > 10 else "")
            warnings.append(f"{words.source.name}: warning: {len(missing)} words are not in the model: {shown}")
    if words or (UNKNOWN,) in model.log_probabilities or unspeakable:
        model = restricted(model, lambda word: words is None or word in words.words)
    place = Place(Source(file, ()), 1, 1)
    lexicon = Lexicon(words.source if words else place.source, dictionary(), guessed)
    lexicon.prepare(model.vocabulary())

    def pronunciations(word: str) -> tuple[Pronunciation, ...]:
        return lexicon.pronunciations(Said(word, words.words[word] if words else place))

    count = sum(1 for ngram in model.log_probabilities if len(ngram) > 1)
    if prune:
        count = min(count, BYTES_MAX // ARC_BYTES)
        model = pruned(model, count)
    while True:
        made = graph(name, model, pronunciations)
        try:
            binary = encode(made)
            break
        except DomainError as error:
            if not prune or count == 0:
                hint = "restrict it by --words" if prune else "drop n-grams by --prune, or words by --words"
                raise DomainError(f"{file}: {error}; {hint}") from error
            count = int(count * min(PRUNE_STEP, BYTES_MAX / _roughly(made)))
            model = pruned(model, count)
    warnings += [str(guess) for guess in lexicon.guesses.values()]
    return Built(made, binary, 0, tuple(warnings))


def _roughly(made: Graph) -> int:
    """Bytes that a graph of one network takes, texts not pooled: a little too many."""
    network = made.networks[0]
    words = sum(len(w.text) + 7 + sum(len(p) + 2 for p in w.pronunciations) for w in made.words)
    return words + ARC_BYTES * (len(network.arcs) + len(network.finals)) + 2 * network.states


def _largest(made: Graph) -> str:
    """Which networks have the most arcs."""
    sizes = sorted(((len(network.arcs), network.name) for network in made.networks), reverse=True)
    return "most arcs: " + ", ".join(f"{name} {size}" for size, name in sizes[:4])


def contexts(made: Graph) -> int:
    """Ways that calls lead to networks, all networks together, the root's one among them."""
    ways = [0] * len(made.networks)
    ways[0] = 1
    for index in made.call_order():
        for arc in made.networks[index].arcs:
            if arc.kind == Kind.CALL:
                ways[arc.label] += ways[index]
    return sum(ways)
