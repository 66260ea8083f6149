"""n-gram models: probabilities with back-off, made from text, restricted to words, pruned, and as a graph."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from firmware.domain.graph import Arc, DomainError, Graph, Kind, Network, Word

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
ORDER_MAX = 3

Ngram = tuple[str, ...]


@dataclass
class NgramModel:
    """ln p of the last word after the others, and ln of the back-off weight of a history; p(w|h) = b(h) p(w|h[1:]).

    S. M. Katz, "Estimation of Probabilities from Sparse Data for the Language Model Component of a Speech Recognizer",
    1987. A history without a back-off weight has one of 1.
    """

    order: int
    log_probabilities: dict[Ngram, float]
    log_backoffs: dict[Ngram, float]

    def log_probability(self, word: str, history: Ngram) -> float:
        """ln p(word | history); -inf if no n-gram has the word."""
        history = history[-(self.order - 1) :] if self.order > 1 else ()
        backoff = 0.0
        while (*history, word) not in self.log_probabilities:
            if not history:
                return -math.inf
            backoff += self.log_backoffs.get(history, 0.0)
            history = history[1:]
        return backoff + self.log_probabilities[(*history, word)]

    def vocabulary(self) -> list[str]:
        """Words, without the marks of sentences and of the unknown."""
        marks = (BEGIN, END, UNKNOWN)
        return sorted({n[0] for n in self.log_probabilities if len(n) == 1 and n[0] not in marks})

    def sentence(self, words: Sequence[str]) -> float:
        """ln p of a sentence with its end."""
        row = [BEGIN, *words, END]
        return math.fsum(self.log_probability(row[i], tuple(row[:i])) for i in range(1, len(row)))


def estimate(sentences: Iterable[Sequence[str]], order: int, vocabulary: Iterable[str] = ()) -> NgramModel:
    """Interpolated Kneser-Ney smoothing, one discount an order.

    S. F. Chen and J. Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling", 1999, section 3;
    the unigrams are interpolated with the uniform distribution over the words of the sentences and of `vocabulary`.

    Raises:
        ValueError: there is no sentence.
    """
    if not 1 <= order <= ORDER_MAX:
        raise ValueError(f"an n-gram model is of order 1 to {ORDER_MAX}, not {order}")
    counts: list[Counter[Ngram]] = [Counter() for _ in range(order)]
    for words in sentences:
        row = [BEGIN, *words, END]
        for size in range(1, order + 1):
            counts[size - 1].update(tuple(row[i : i + size]) for i in range(len(row) - size + 1))
    if not counts[0]:
        raise ValueError("there is no sentence to count n-grams in; give a text with one a line")
    # Below the highest order count what an n-gram follows, not how often; nothing stands before a sentence's begin.
    for size in range(1, order):
        left = Counter(longer[1:] for longer in counts[size])
        counts[size - 1] = Counter({n: c if n[0] == BEGIN else left[n] for n, c in counts[size - 1].items()})
    del counts[0][(BEGIN,)]
    unseen = {(word,) for word in vocabulary} - counts[0].keys() - {(BEGIN,), (UNKNOWN,)}
    uniform = 1 / (len(counts[0]) + len(unseen))
    probabilities: dict[Ngram, float] = {}
    backoffs: dict[Ngram, float] = {}
    for rows in counts:
        once, twice = (sum(1 for c in rows.values() if c == times) for times in (1, 2))
        discount = once / (once + 2 * twice) if once and twice else 0.5
        totals: Counter[Ngram] = Counter()
        kinds: Counter[Ngram] = Counter()
        for ngram, count in rows.items():
            totals[ngram[:-1]] += count
            kinds[ngram[:-1]] += 1
        for ngram, count in rows.items():
            history = ngram[:-1]
            rest = discount * kinds[history] / totals[history]
            below = probabilities[ngram[1:]] if history else uniform
            probabilities[ngram] = (count - discount) / totals[history] + rest * below
            if history:
                backoffs[history] = rest
            else:
                probabilities.update(dict.fromkeys(unseen, rest * uniform))
    log_probabilities = {ngram: math.log(p) for ngram, p in probabilities.items()}
    log_probabilities[(BEGIN,)] = -math.inf
    return NgramModel(order, log_probabilities, {h: math.log(b) for h, b in backoffs.items()})


def restricted(model: NgramModel, keep: Callable[[str], bool]) -> NgramModel:
    """Only n-grams of words that `keep` takes (the marks stay); made to sum to one again.

    Raises:
        DomainError: no word is left.
    """

    def stays(ngram: Ngram) -> bool:
        return all(word in (BEGIN, END) or (word != UNKNOWN and keep(word)) for word in ngram)

    left = {ngram: p for ngram, p in model.log_probabilities.items() if stays(ngram)}
    whole = math.fsum(math.exp(p) for ngram, p in left.items() if len(ngram) == 1)
    if not any(len(ngram) == 1 and ngram[0] not in (BEGIN, END) for ngram in left) or whole <= 0:
        raise DomainError("the n-gram model has none of the words; give a word list that has words of the model")
    for ngram in left:
        if len(ngram) == 1:
            left[ngram] -= math.log(whole)
    return _normalised(model.order, left)


def pruned(model: NgramModel, count: int) -> NgramModel:
    """At most `count` n-grams beyond the unigrams: those whose loss would change the model most.

    A. Stolcke, "Entropy-based Pruning of Backoff Language Models", 1998, with all changes reckoned at once.
    """
    sums = _explicit_sums(model)
    scores: dict[Ngram, float] = {}
    for ngram, p in sorted(model.log_probabilities.items(), key=lambda item: -len(item[0])):
        if len(ngram) == 1:
            continue
        history = ngram[:-1]
        scores[ngram] = max(scores.get(ngram, 0.0), _loss(model, ngram, p, *sums[history]))
        # The history is reached only through its own n-gram: that is worth as much as what it leads to.
        if len(history) > 1:
            scores[history] = max(scores.get(history, 0.0), scores[ngram])
    best = sorted(scores, key=lambda ngram: (-scores[ngram], len(ngram), ngram))[:count]
    chosen = set(best)
    kept = {n: p for n, p in model.log_probabilities.items() if len(n) == 1 or n in chosen}
    return _normalised(model.order, kept)


def _loss(model: NgramModel, ngram: Ngram, log_p: float, explicit: float, lower: float) -> float:
    """Relative entropy in nats between the model and the same without one n-gram."""
    history = ngram[:-1]
    log_history = 0.0
    for i, word in enumerate(history):
        if word != BEGIN:
            log_history += model.log_probability(word, history[:i])
    p, below = math.exp(log_p), math.exp(model.log_probability(ngram[-1], history[1:]))
    rest, room = max(1 - explicit, 1e-12), max(1 - lower, 1e-12)
    backoff = math.log((rest + p) / (room + below))
    change = p * (math.log(max(below, 1e-300)) + backoff - log_p) + rest * (backoff - math.log(rest / room))
    return max(0.0, -math.exp(log_history) * change)


def _explicit_sums(model: NgramModel) -> dict[Ngram, tuple[float, float]]:
    """By history: the probability of the words that have an n-gram with it, there and with the shorter history."""
    sums: dict[Ngram, tuple[float, float]] = {}
    for ngram, p in model.log_probabilities.items():
        if len(ngram) > 1:
            explicit, lower = sums.get(ngram[:-1], (0.0, 0.0))
            below = math.exp(model.log_probability(ngram[-1], ngram[1:-1]))
            sums[ngram[:-1]] = (explicit + math.exp(p), lower + below)
    return sums


def _normalised(order: int, log_probabilities: dict[Ngram, float]) -> NgramModel:
    """Back-off weights that make every history's probabilities sum to one, the shorter histories first."""
    model = NgramModel(order, log_probabilities, {})
    for size in range(1, order):
        shorter = NgramModel(size + 1, log_probabilities, model.log_backoffs)
        for history, (explicit, lower) in _explicit_sums(shorter).items():
            if len(history) == size:
                # Nothing left to back off to: all but impossible.
                weight = max(1 - explicit, 1e-9) / max(1 - lower, 1e-9)
                model.log_backoffs[history] = math.log(weight)
    return model


def graph(name: str, model: NgramModel, pronunciations: Callable[[str], tuple[tuple[str, ...], ...]]) -> Graph:
    """The model as one network: a state for each history, arcs for its n-grams, an epsilon to the shorter history.

    Raises:
        DomainError: the model has no word.
    """
    vocabulary = model.vocabulary()
    if not vocabulary:
        raise DomainError(f"n-gram model {name!r} has no word")
    number = {word: i for i, word in enumerate(vocabulary)}
    histories = {ngram[:-1] for ngram in model.log_probabilities}
    # A history is reached by its own n-gram; what none has is no state.
    reached = {h for h in histories if len(h) < 2 or h in model.log_probabilities}
    start = (BEGIN,) if (BEGIN,) in reached else ()
    order = [start, *sorted(reached - {start}, key=lambda h: (-len(h), h))]
    state = {history: i for i, history in enumerate(order)}
    arcs: list[Arc] = []
    finals: dict[int, float] = {}
    for ngram, p in model.log_probabilities.items():
        history, word = ngram[:-1], ngram[-1]
        if history not in state or not math.isfinite(p):
            continue
        if word == END:
            finals[state[history]] = -p
        elif word in number:
            target = ngram[-(model.order - 1) :] if model.order > 1 else ()
            while target not in state:
                target = target[1:]
            arcs.append(Arc(state[history], state[target], Kind.WORD, number[word], -p))
    for history in order:
        if history:
            shorter = history[1:]
            while shorter not in state:
                shorter = shorter[1:]
            arcs.append(Arc(state[history], state[shorter], Kind.EPSILON, 0, -model.log_backoffs.get(history, 0.0)))
    if not finals:
        # A model without </s>: a sentence ends anywhere.
        finals = {state[()]: 0.0}
    words = tuple(Word(word, pronunciations(word)) for word in vocabulary)
    return Graph(name, words, (Network("n-grams", len(order), finals, tuple(arcs)),))
