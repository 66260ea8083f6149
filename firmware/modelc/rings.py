"""Which streaming windows live in a ring.

A window is made of a state, whose last rows are dropped one call later, and of new rows:

    state (S rows) | new (N rows)     the state of the next call is the window without its first N rows

In a ring nothing moves: a call writes its new rows over the oldest ones and reads the window from where it begins
now (firmware/nn/ring.h). For that the window must be read by kernels that know how to go round, and by nobody else.

Some networks shift their state themselves: it is as long as the window, loses its first N rows to the new ones, and
the window is the next state. What counts as the state here is then what remains after the loss.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from .graph import Graph, State
from .step import Operand, Step
from .storage import Storage


@dataclass(frozen=True)
class Ring:
    """Bytes: of the ring, of a call's new rows, and of the state; rings that are alike go round together."""

    size: int
    step: int
    state: int


def shifted_states(graph: Graph, steps: list[Step]) -> dict[int, int]:
    """States (their inputs) of which one step only takes the end, and the tensor that this end is."""
    found = {}
    fixed = {index for _, index in graph.outputs} | {state.output for state in graph.states}
    for state in graph.states:
        readers = [step for step in steps if state.input in step.reads]
        view = readers[0].view if len(readers) == 1 else None
        if view is None or view.parent != state.input or state.input in fixed or not _is_int8(graph, state):
            continue
        if 0 < view.offset == graph.tensors[view.parent].bytes - graph.tensors[view.child].bytes:
            found[state.input] = view.child
    return found


def find_rings(graph: Graph, storage: Storage, kept: list[Step], goes_round: Callable[[Step], bool]) -> dict[int, Ring]:
    """The rings, by their root tensor.

    kept: the steps that no view has made superfluous; goes_round: true for a step whose kernel reads rings.
    """
    rings = {}
    for state in graph.states:
        window = _Window(graph, storage, state)
        if (
            _is_int8(graph, state)
            and window.is_made_of_rows()
            and window.is_private()
            and window.readers_go_round(kept, goes_round)
        ):
            rings[window.root] = window.ring
    return rings


def _is_int8(graph: Graph, state: State) -> bool:
    return graph.tensors[state.input].dtype == "int8"


class _Window:
    """The memory that a state begins; `whole` are the tensors that fill it."""

    def __init__(self, graph: Graph, storage: Storage, state: State) -> None:
        self.graph, self.storage, self.state = graph, storage, state
        self.past = storage.kept[state.input]  # what is left of the last call
        self.root = storage.home[self.past][0]
        self.members = set(storage.members[self.root])
        size = storage.size(self.root)
        self.whole = {i for i in self.members if storage.home[i][1] == 0 and storage.size(i) == size}
        self.ends = {self.past, state.output} - self.whole
        carried = storage.size(self.past)
        step = max(size - carried, 1)
        self.ring = Ring(-(-size // step) * step, step, carried)

    def is_made_of_rows(self) -> bool:
        """True if the state comes first, the next one after as much as is new, and no other part is used."""
        home, ring = self.storage.home, self.ring
        shifted = self.past != self.state.input
        return (
            home[self.past] == (self.root, 0)
            and home.get(self.state.output) == (self.root, 0 if shifted else ring.step)
            and (self.state.output in self.whole) == shifted
            and self.storage.size(self.root) == ring.step + ring.state
            and all(home[index][1] >= ring.state for index in self.members - self.whole - self.ends)
        )

    def is_private(self) -> bool:
        """True if no other state and no caller looks at the window."""
        ends = [i for state in self.graph.states for i in (self.storage.kept[state.input], state.output)]
        carried = [index for index in ends if index in self.members]
        seen = {index for _, index in (*self.graph.inputs, *self.graph.outputs)}
        return len(carried) == 2 and not seen & (self.whole | self.ends)

    def readers_go_round(self, kept: list[Step], goes_round: Callable[[Step], bool]) -> bool:
        """True if whatever reads the window can, and whatever writes to it writes new rows."""
        for step in kept:
            if self.ends & {step.writes, *step.reads}:
                return False
            if step.writes in self.whole and not self._fills_new_rows(step):
                return False
            images = self.whole & set(step.reads)
            if images and not (goes_round(step) and all(self._has_whole_rows(index) for index in images)):
                return False
        return True

    def _fills_new_rows(self, step: Step) -> bool:
        targets = [a for a in step.arguments if isinstance(a, Operand) and a.tensor == step.writes]
        return step.kernel == "move" and all(target.offset >= self.ring.state for target in targets)

    def _has_whole_rows(self, index: int) -> bool:
        """True if the ring's end is between two rows of the image (of an image of one row, between two columns)."""
        shape = self.graph.tensors[index].shape
        if len(shape) != 4 or shape[0] != 1:
            return False
        row = prod(shape[2:] if shape[1] > 1 else shape[3:])
        return self.ring.state % row == self.ring.step % row == 0
