"""Which tensors share memory, and when each of them is needed.

Every tensor is at an offset of a root tensor's memory. Three things bring tensors together: views (a tensor whose
values are part of another's), a state's next value that is written where its last one was, and an operator that may
write over an input which nobody needs any more.
"""

from itertools import pairwise

from .graph import Graph, State
from .placement import BLOCK_ALIGNMENT, Span, aligned
from .step import Step, View


class Storage:
    """Tensors in each other's memory; time runs from -1 (inputs are filled in) over the steps to `end`."""

    def __init__(self, graph: Graph, steps: list[Step], shortened: dict[int, int]) -> None:
        """shortened: states (their inputs) of which only a part, another tensor, need be kept from call to call."""
        self.graph = graph
        self.end = len(steps)
        self.born: dict[int, int] = {}
        self.dies: dict[int, int] = {}
        self.kept = {state.input: shortened.get(state.input, state.input) for state in graph.states}
        self.states = set(self.kept.values())
        for index in [index for _, index in graph.inputs] + list(self.kept.values()):
            self.born[index] = -1
        for position, step in enumerate(steps):
            self.born.setdefault(step.writes, position)
            for index in (step.writes, *step.reads):
                self.dies[index] = position
        for index in [index for _, index in graph.outputs] + [state.output for state in graph.states]:
            self.dies[index] = self.end
        self.home = {index: (index, 0) for index in self.born}
        self.members = {index: [index] for index in self.born}
        self.fixed = set(self.states)  # roots that keep something from call to call
        self.written_over: dict[int, int] = {}  # output: the input whose memory it took

    def size(self, index: int) -> int:
        """Bytes of the tensor."""
        return self.graph.tensors[index].bytes

    def lives(self, index: int) -> list[tuple[int, int]]:
        """From when to when the tensor's memory is its own, both included.

        What a state's memory holds between the last reader and the end of the call is nobody's.
        """
        life = (self.born[index], self.dies.get(index, self.born[index]))
        if index in self.states and life[1] < self.end:
            return [life, (self.end, self.end)]
        return [life]

    def spans(self, root: int) -> tuple[Span, ...]:
        """What is occupied of the root's memory, and when."""
        pieces = [
            (first, last, self.home[index][1], self.home[index][1] + self.size(index))
            for index in self.members[root]
            for first, last in self.lives(index)
        ]
        cuts = sorted({cut for first, last, _, _ in pieces for cut in (first, last + 1)})
        spans: dict[tuple[int, int], Span] = {}  # by bytes, those that reach the present step
        done: list[Span] = []
        for first, following in pairwise(cuts):
            alive = _united([(low, high) for a, b, low, high in pieces if a <= first <= b])
            done += [span for key, span in spans.items() if key not in alive]
            spans = {
                (low, high): Span(spans[low, high].first if (low, high) in spans else first, following - 1, low, high)
                for low, high in alive
            }
        return tuple(sorted([*done, *spans.values()], key=lambda span: (span.first, span.low)))

    def grant(self, view: View) -> bool:
        """Shares memory between child and parent if both have some and the child's is its own."""
        if view.child not in self.home or view.parent not in self.home:
            return False  # a constant
        root, base = self.home[view.parent]
        if self.home[view.child] == (root, base + view.offset):
            return True
        if self.home[view.child][0] == root or not self._is_whole(view.child):
            return False
        self._join(self.home[view.child][0], view.parent, view.offset)
        return True

    def carry_in_place(self, state: State) -> None:
        """Writes the state's next value over its last one, if by then nobody reads that any more."""
        if state.output not in self.home or self.home[state.output][0] == self.home[state.input][0]:
            return
        if not (self._is_whole(state.input) and self._is_whole(state.output)):
            return
        old, new = self.home[state.input][0], self.home[state.output][0]
        last_read = max(self.dies.get(index, -1) for index in self.members[old])
        if new not in self.fixed and last_read < self._lifetime(new)[0]:
            self._join(new, state.input, 0)

    def write_over(self, step: Step, position: int) -> None:
        """Lets the step's output begin where an input begins that dies here."""
        for index in step.in_place:
            if index not in self.home or step.writes not in self.home:
                continue
            old, new = self.home[index][0], self.home[step.writes][0]
            if old == new or old in self.fixed or new in self.fixed:
                continue
            if not (self._is_whole(index) and self._is_whole(step.writes)):
                continue
            # A value that is repeated along an axis must outlast the first that is written; a part of it would not.
            if any(self.home.get(other, (-1,))[0] == old and not self._is_whole(other) for other in step.reads):
                continue
            if self._lifetime(old)[1] <= position <= self._lifetime(new)[0]:
                if self.size(new) > self.size(old):
                    self._join(old, step.writes, 0)
                else:
                    self._join(new, index, 0)
                self.written_over[step.writes] = index
                return

    def _is_whole(self, index: int) -> bool:
        """True if the tensor fills its root's memory, so that the root's fate is its own to decide."""
        root, offset = self.home[index]
        return offset == 0 and self.size(root) == self.size(index)

    def _lifetime(self, root: int) -> tuple[int, int]:
        members = self.members[root]
        return min(self.born[i] for i in members), max(self.dies.get(i, self.born[i]) for i in members)

    def _join(self, child_root: int, parent: int, offset: int) -> None:
        """Moves all that lives in child_root's memory into the parent's."""
        root, base = self.home[parent]
        for index in self.members.pop(child_root):
            self.home[index] = (root, base + offset + self.home[index][1])
            self.members[root].append(index)
        if child_root in self.fixed:
            self.fixed.remove(child_root)
            self.fixed.add(root)


def _united(pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of whole aligned units that cover the pieces, none touching another."""
    ranges: list[tuple[int, int]] = []
    for low, high in sorted((low // BLOCK_ALIGNMENT * BLOCK_ALIGNMENT, aligned(high)) for low, high in pieces):
        if ranges and low <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], high))
        else:
            ranges.append((low, high))
    return ranges
