"""What a grammar's lists refer to: in which order, how deep, how often, whether they may be empty or give values."""

from __future__ import annotations

from collections.abc import Iterator

from train.domains.grammar import (
    Choice,
    Grammar,
    Maybe,
    Node,
    Reference,
    Repetition,
    Said,
    Sequence,
    Slot,
    children,
    walk,
)

NESTED_MAX = 12
"""Lists in lists."""

INLINE_WORDS_MAX = 600
"""Words of a list times its uses, up to which it stands where it is used: room, but the decoder then
follows `one`, `one hundred` and `one thousand` as one word until they part. Larger ones are called."""

USES_MAX = 1_000_000
"""Uses are not counted further."""


class References:
    """The lists that a grammar's phrases reach.

    Raises:
        TextError: lists that name each other or are nested too deep, a slot within a slot, a phrase or a repeated part
            that may be empty.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self.order = self._order()
        """Their names, each behind all that use it."""
        self._check_slots()
        self._nullable: dict[str, bool] = {}
        self._valued: dict[str, bool] = {}
        for name in reversed(self.order):
            choice = grammar.lists[name].choice
            self._nullable[name] = self.empty(choice)
            self._valued[name] = self.has_values(choice)
        for alternative in grammar.phrases.alternatives:
            if self.empty(alternative.node):
                raise alternative.place.error("this phrase may be empty: all of it may be left out; add a word")
        self.inline = self._inline()
        """Lists that are small, or used in one place: they stand there. A slot always calls."""

    def words(self) -> set[str]:
        """All words that are said."""
        choices = [self._grammar.phrases, *(self._grammar.lists[name].choice for name in self.order)]
        return {node.text for choice in choices for node in walk(choice) if isinstance(node, Said)}

    def has_values(self, choice: Choice) -> bool:
        """Whether a word of it gives a slot anything but itself."""
        for node in walk(choice):
            if isinstance(node, Choice) and any(a.value is not None for a in node.alternatives):
                return True
            if isinstance(node, Reference) and self._valued[node.name]:
                return True
        return False

    def empty(self, node: Node) -> bool:
        """Whether it may be nothing at all."""
        match node:
            case Said():
                return False
            case Reference():
                return self._nullable[node.name]
            case Repetition():
                if self.empty(node.node):
                    raise node.place.error("what is repeated here may be empty; take [...] or {0,...} out of it")
                return node.least == 0
            case Maybe():
                self.empty(node.choice)
                return True
            case _:
                below = [self.empty(child) for child in children(node)]
                return all(below) if isinstance(node, Sequence) else any(below)

    def _order(self) -> list[str]:
        lists = self._grammar.lists
        order: list[str] = []
        under_way: dict[str, bool] = {}
        depth: dict[str, int] = {}

        def visit(choice: Choice, path: list[str]) -> None:
            for reference in references(choice):
                name = reference.name
                if under_way.get(name):
                    circle = " -> ".join(f"<{n}>" for n in [*path[path.index(name) :], name])
                    raise reference.place.error(
                        f"{circle} goes round in a circle, which has no end; for repetition write + behind a list"
                    )
                if name not in under_way and len(path) < NESTED_MAX:
                    enter(name, path)
                # Also along paths through lists that were visited before.
                if len(path) + depth.get(name, 1) > NESTED_MAX:
                    raise reference.place.error(
                        f"lists are more than {NESTED_MAX} deep here; put some of them together"
                    )

        def enter(name: str, path: list[str]) -> None:
            under_way[name] = True
            choice = lists[name].choice
            visit(choice, [*path, name])
            under_way[name] = False
            depth[name] = 1 + max((depth[reference.name] for reference in references(choice)), default=0)
            order.append(name)

        visit(self._grammar.phrases, [])
        reached = set(order)
        for name in sorted(lists.keys() - reached):  # what no phrase uses must not be wrong, either
            if name not in under_way:
                enter(name, [])
        return [name for name in reversed(order) if name in reached]

    def _check_slots(self) -> None:
        lists = self._grammar.lists
        holds: dict[str, str] = {}
        for name in reversed(self.order):
            for node in walk(lists[name].choice):
                if isinstance(node, Slot):
                    holds[name] = node.slot
                elif isinstance(node, Reference) and (node.slot or node.name in holds):
                    holds[name] = node.slot or holds[node.name]
        for choice in (self._grammar.phrases, *(lists[name].choice for name in self.order)):
            for node in walk(choice):
                if isinstance(node, Reference) and node.slot and node.name in holds:
                    raise node.place.error(
                        f"slot {node.slot} would hold slot {holds[node.name]}, which is in <{node.name}>: "
                        f"write <{node.name}>, whose slots come back by themselves"
                    )
                for inner in walk(node.choice) if isinstance(node, Slot) else ():
                    if isinstance(inner, Slot) or (
                        isinstance(inner, Reference) and (inner.slot or inner.name in holds)
                    ):
                        raise inner.place.error("there is a slot within a slot here; write one of them as a <list>")

    def _inline(self) -> set[str]:
        lists = self._grammar.lists
        words: dict[str, int] = {}
        for name in reversed(self.order):
            words[name] = 0
            for node in walk(lists[name].choice):
                if isinstance(node, Reference):
                    words[name] = min(words[name] + (1 if node.slot else words[node.name]), USES_MAX)
                elif isinstance(node, Said):
                    words[name] += 1
        uses = dict.fromkeys(self.order, 0)
        inline: set[str] = set()

        def count(choice: Choice, times: int) -> None:
            for reference in references(choice):
                if not reference.slot:
                    uses[reference.name] = min(uses[reference.name] + times, USES_MAX)

        count(self._grammar.phrases, 1)
        for name in self.order:
            # All that use it came before.
            if uses[name] == 1 or words[name] * uses[name] <= INLINE_WORDS_MAX:
                inline.add(name)
            count(lists[name].choice, uses[name] if name in inline else 1)
        return inline


def references(choice: Choice) -> Iterator[Reference]:
    """The lists that a choice names."""
    return (node for node in walk(choice) if isinstance(node, Reference))
