"""Where blocks of memory lie that come and go: the least height for known lifetimes.

What is sought is a place for every block such that no two that are occupied at the same step overlap. No placement is
lower than the most that is occupied at one step: that is the bound, and a search ends where it is met. First come a few
orders in which the blocks drop to the lowest free place; then an order is mended, again and again, by taking the
topmost block out and placing it first; at last the orders are searched in depth with what cannot win cut off. The
effort is counted in placed blocks, so that the same model gives the same plan on every machine.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

BLOCK_ALIGNMENT = 8
"""Scratch may hold pointers, of eight bytes on a 64-bit desk. Cores ask for less: LDRD, LDM and Helium's word loads
fault off a multiple of 4, other loads of Armv7-M off none; and every byte of alignment costs arena."""

_MENDING = 12_000  # blocks placed, for each of the first orders
_SEARCH = 10_000  # blocks placed


@dataclass(frozen=True)
class Span:
    """Bytes [low, high) of a block are occupied from step `first` to step `last`, both included."""

    first: int
    last: int
    low: int
    high: int


@dataclass
class Block:
    """A piece of memory; what no span covers is free. Spans do not overlap."""

    spans: tuple[Span, ...]
    offset: int = -1

    @property
    def size(self) -> int:
        """Bytes from its start to the highest that is ever occupied."""
        return max(span.high for span in self.spans)

    @property
    def area(self) -> int:
        """Bytes times steps."""
        return sum((span.high - span.low) * (span.last - span.first + 1) for span in self.spans)


@dataclass(frozen=True)
class Placement:
    """How well it went."""

    height: int  # bytes
    bound: int  # the most that is occupied at one step
    is_least: bool  # true if there is certainly no lower one: the bound is met, or the search has been through all
    effort: int  # blocks placed in the search


def aligned(size: int) -> int:
    """The size, rounded up to the alignment of blocks."""
    return -(-size // BLOCK_ALIGNMENT) * BLOCK_ALIGNMENT


def place(blocks: list[Block]) -> Placement:
    """Gives every block an offset, a multiple of BLOCK_ALIGNMENT."""
    problem = _Problem(blocks)
    best = problem.search()
    for block, offset in zip(blocks, best, strict=True):
        block.offset = offset
    height = problem.height(best)
    return Placement(height, problem.bound, problem.exhausted or height == problem.bound, problem.effort)


def _rounded(span: Span) -> Span:
    """The span to whole units of alignment; a unit belongs to whoever has its first byte, and spans to one block."""
    return replace(span, low=span.low // BLOCK_ALIGNMENT * BLOCK_ALIGNMENT, high=aligned(span.high))


@dataclass
class _Branch:
    """Some blocks are stacked, others wait."""

    floors: np.ndarray  # lowest place of every block on top of the stacked ones
    waiting: np.ndarray  # bool, one a block
    sky: np.ndarray  # height of the stack, one a column
    rest: np.ndarray  # bytes that wait, one a column
    offsets: list[int]
    base: int = 0  # offset of the last block
    choices: list[int] = field(default_factory=list)


class _Problem:
    """Blocks as numbers 0 to n - 1; offsets are lists in that order."""

    def __init__(self, blocks: list[Block]) -> None:
        self.count = len(blocks)
        self.sizes = [aligned(block.size) for block in blocks]
        self.areas = [block.area for block in blocks]
        self.firsts = [min(span.first for span in block.spans) for block in blocks]
        # Between neighbouring ends of spans nothing changes: one column stands for those steps.
        starts = sorted({step for block in blocks for span in block.spans for step in (span.first, span.last + 1)})
        column = {step: index for index, step in enumerate(starts)}
        self.spans = [[_rounded(span) for span in block.spans] for block in blocks]
        self.high = np.zeros((self.count, max(len(starts), 1)), np.int64)
        self.bytes = np.zeros_like(self.high)
        for number, spans in enumerate(self.spans):
            for span in spans:
                columns = slice(column[span.first], column[span.last + 1])
                self.high[number, columns] = np.maximum(self.high[number, columns], span.high)
                self.bytes[number, columns] += span.high - span.low
        load = self.bytes.sum(axis=0)
        self.bound = int(load.max(initial=0))
        self.crowds = [int(load[row > 0].max(initial=0)) for row in self.bytes]
        self.effort = 0
        self.exhausted = False
        # clashes[b][a]: open intervals of (offset of b - offset of a) in which the two overlap at some step.
        self.clashes: list[list[list[tuple[int, int]]]] = [[[] for _ in blocks] for _ in blocks]
        for b in range(self.count):
            for a in range(b):
                self.clashes[b][a] = self._clash(a, b)
                self.clashes[a][b] = [(-above, -below) for below, above in reversed(self.clashes[b][a])]

    def _clash(self, a: int, b: int) -> list[tuple[int, int]]:
        return sorted(
            {
                (one.low - other.high, one.high - other.low)
                for one in self.spans[a]
                for other in self.spans[b]
                if one.first <= other.last and other.first <= one.last
            }
        )

    def height(self, offsets: list[int]) -> int:
        return max((offset + size for offset, size in zip(offsets, self.sizes, strict=True)), default=0)

    def drop(self, order: list[int]) -> list[int]:
        """Every block in turn to the lowest place that is free."""
        offsets = [-1] * self.count
        for position, block in enumerate(order):
            taken = sorted(
                (offsets[other] + below, offsets[other] + above)
                for other in order[:position]
                for below, above in self.clashes[block][other]
            )
            offset = 0
            for below, above in taken:
                if offset <= below:
                    break
                offset = max(offset, above)
            offsets[block] = offset
        self.effort += self.count
        return offsets

    def search(self) -> list[int]:
        orders = list(self._orders())
        best = [sum(self.sizes[:number]) for number in range(self.count)]
        for order in orders:
            best = min(best, self.drop(order), key=self.height)
            if self.height(best) == self.bound:
                return best
        for order in orders:
            best = self._mend(best, order)
            if self.height(best) == self.bound:
                return best
        return self._search_in_depth(best)

    def _orders(self) -> Iterator[list[int]]:
        keys: tuple[Callable[[int], tuple[int, ...]], ...] = (
            lambda b: (-self.sizes[b], self.firsts[b]),
            lambda b: (-self.areas[b], self.firsts[b]),
            lambda b: (-self.crowds[b], -self.sizes[b], self.firsts[b]),
            lambda b: (self.firsts[b], -self.sizes[b]),
        )
        for key in keys:
            yield sorted(range(self.count), key=lambda block, key=key: (*key(block), block))  # type: ignore[misc]

    def _mend(self, best: list[int], order: list[int]) -> list[int]:
        """The topmost block goes first, until that leads back to an order that was seen before."""
        seen: set[tuple[int, ...]] = set()
        limit = self.effort + _MENDING
        while self.effort < limit and self.height(best) > self.bound and tuple(order) not in seen:
            seen.add(tuple(order))
            offsets = self.drop(order)
            best = min(best, offsets, key=self.height)
            top = max(range(self.count), key=lambda block: (offsets[block] + self.sizes[block], -block))
            order = [top, *(block for block in order if block != top)]
        return best

    def _search_in_depth(self, best: list[int]) -> list[int]:
        """Stacks blocks upwards: each on top of those below it that it meets, in the order of their offsets.

        Some placement of least height is of that kind. A branch is left when what is stacked and what is to come need
        as much as the best placement at some step, or when a block could lie in full under the next one.
        """
        sizes = np.array(self.sizes)
        # A block stays clear of another that lies below it from this distance on.
        tops = np.array(
            [
                [max((above for _, above in self.clashes[b][a]), default=0) for b in range(self.count)]
                for a in range(self.count)
            ]
        ).reshape(self.count, self.count)
        lowest, limit = self.height(best), self.effort + _SEARCH

        def branch(branch: _Branch) -> _Branch:
            left = np.flatnonzero(branch.waiting)
            if left.size and int((branch.sky + branch.rest).max()) < lowest:
                roof = int((branch.floors[left] + sizes[left]).min())
                branch.choices = [int(b) for b in left if branch.base <= branch.floors[b] < roof]
                # The last one is tried first.
                branch.choices.sort(key=lambda b: (-int(branch.floors[b]), self.areas[b], b))
            return branch

        zeros = np.zeros(self.bytes.shape[1], np.int64)
        stack = [
            branch(
                _Branch(
                    np.zeros(self.count, np.int64),
                    np.ones(self.count, bool),
                    zeros,
                    self.bytes.sum(axis=0),
                    [0] * self.count,
                )
            )
        ]
        while stack and self.effort < limit and lowest > self.bound:
            top = stack[-1]
            if not top.choices:
                stack.pop()
                continue
            block = top.choices.pop()
            self.effort += 1
            offset = int(top.floors[block])
            offsets = top.offsets.copy()
            offsets[block] = offset
            waiting = top.waiting.copy()
            waiting[block] = False
            sky = np.where(self.bytes[block] > 0, np.maximum(top.sky, offset + self.high[block]), top.sky)
            if not waiting.any():
                if int(sky.max()) < lowest:
                    best, lowest = offsets, self.height(offsets)
                continue
            floors = np.maximum(top.floors, np.where(tops[block] > 0, offset + tops[block], 0))
            stack.append(branch(_Branch(floors, waiting, sky, top.rest - self.bytes[block], offsets, offset)))
        # Blocks of changing extent may interlock, which stacks do not show.
        self.exhausted = not stack and all(len(spans) == 1 for spans in self.spans)
        return best
