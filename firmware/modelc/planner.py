"""Where every tensor lives in the arena.

Three ways to save memory and copies, in this order: tensors whose values are part of another's share its memory
(views), a state's next value is written where its last one was, and an operator that may writes over an input that
nobody needs any more. What remains is placed largest first, where nothing lives at the same time.
"""

from dataclasses import dataclass, field

from .errors import ModelError
from .graph import Graph, State
from .step import Step, View

ALIGNMENT = 16
_MAX_ARENA = 1 << 30


@dataclass(frozen=True)
class Move:
    """Bytes to copy after the last operator; offsets are into the arena, or a constant tensor's index."""

    target: int
    source: int
    count: int
    constant: int | None = None

    @property
    def function(self) -> str:
        """The kernel for the move: a carry may overlap if it goes towards the start; memmove always may."""
        if self.constant is not None or abs(self.target - self.source) >= self.count:
            return "memcpy"
        return "nn_carry" if self.target < self.source else "memmove"

    def spoils(self, other: "Move") -> bool:
        """True if this move writes what the other has yet to read."""
        if other.constant is not None:
            return False
        return self.target < other.source + other.count and other.source < self.target + self.count


@dataclass
class Plan:
    """Arena offsets in bytes."""

    offsets: dict[int, int] = field(default_factory=dict)  # tensor: offset
    scratch: dict[int, int] = field(default_factory=dict)  # position in steps: offset
    steps: list[Step] = field(default_factory=list)  # without those that views made superfluous
    moves: list[Move] = field(default_factory=list)  # after the last step, in this order
    exports: dict[int, int] = field(default_factory=dict)  # output tensor: offset of its copy, where one is needed
    arena_bytes: int = 0


@dataclass
class _Block:
    """A piece of arena that is occupied from one step to another, both included."""

    size: int
    first: int
    last: int
    offset: int = -1

    def meets(self, other: "_Block") -> bool:
        return self.first <= other.last and other.first <= self.last


class _Storage:
    """Which tensors share memory: every tensor is at an offset of a root tensor's memory."""

    def __init__(self, graph: Graph, steps: list[Step]) -> None:
        self.graph = graph
        self.end = len(steps)
        self.born: dict[int, int] = {}
        self.dies: dict[int, int] = {}
        self.fixed: set[int] = set()  # roots that keep their bytes from call to call
        for _, index in graph.inputs:
            self.born[index] = -1
        for state in graph.states:
            self.born[state.input] = -1
        for position, step in enumerate(steps):
            self.born.setdefault(step.writes, position)
            for index in (step.writes, *step.reads):
                self.dies[index] = position
        for index in [index for _, index in graph.outputs] + [state.output for state in graph.states]:
            self.dies[index] = self.end
        self.home = {index: (index, 0) for index in self.born}
        self.members = {index: [index] for index in self.born}
        for state in graph.states:
            self.fixed.add(state.input)

    def size(self, index: int) -> int:
        return self.graph.tensors[index].count

    def is_whole(self, index: int) -> bool:
        """True if the tensor fills its root's memory, so that the root's fate is its own to decide."""
        root, offset = self.home[index]
        return offset == 0 and self.size(root) == self.size(index)

    def lifetime(self, root: int) -> tuple[int, int]:
        if root in self.fixed:
            return -1, self.end
        members = self.members[root]
        return min(self.born[i] for i in members), max(self.dies.get(i, self.born[i]) for i in members)

    def join(self, child_root: int, parent: int, offset: int) -> None:
        """Moves all that lives in child_root's memory into the parent's."""
        root, base = self.home[parent]
        for index in self.members.pop(child_root):
            self.home[index] = (root, base + offset + self.home[index][1])
            self.members[root].append(index)
        if child_root in self.fixed:
            self.fixed.remove(child_root)
            self.fixed.add(root)

    def grant(self, view: View) -> bool:
        """Shares memory between child and parent if both have some and the child's is its own."""
        if view.child not in self.home or view.parent not in self.home:
            return False  # a constant
        root, base = self.home[view.parent]
        if self.home[view.child] == (root, base + view.offset):
            return True
        if self.home[view.child][0] == root or not self.is_whole(view.child):
            return False
        self.join(self.home[view.child][0], view.parent, view.offset)
        return True

    def carry_in_place(self, state: State) -> None:
        """Writes the state's next value over its last one, if by then nobody reads that any more."""
        if state.output not in self.home or self.home[state.output][0] == self.home[state.input][0]:
            return
        if not (self.is_whole(state.input) and self.is_whole(state.output)):
            return
        old, new = self.home[state.input][0], self.home[state.output][0]
        last_read = max(self.dies.get(index, -1) for index in self.members[old])
        if new not in self.fixed and last_read < self.lifetime(new)[0]:
            self.join(new, state.input, 0)

    def write_over(self, step: Step, position: int) -> None:
        """Lets the step's output take the memory of an input that dies here."""
        for index in step.in_place:
            if index not in self.home or step.writes not in self.home:
                continue
            old, new = self.home[index][0], self.home[step.writes][0]
            if old == new or old in self.fixed or new in self.fixed:
                continue
            if not (self.is_whole(index) and self.is_whole(step.writes)):
                continue
            # A value that is repeated along an axis must outlast the first that is written; a part of it would not.
            if any(self.home.get(other, (-1,))[0] == old and not self.is_whole(other) for other in step.reads):
                continue
            if self.lifetime(old)[1] <= position <= self.lifetime(new)[0]:
                self.join(new, index, 0)
                return


def plan(graph: Graph, steps: list[Step]) -> Plan:
    """Places all tensors and scratch; raises ModelError for an arena beyond reason or states that swap places."""
    storage = _Storage(graph, steps)
    kept = [step for step in steps if not (step.view and storage.grant(step.view))]
    for state in graph.states:
        storage.carry_in_place(state)
    for position, step in enumerate(steps):
        storage.write_over(step, position)
    result = Plan(steps=kept)

    blocks = {root: _Block(storage.size(root), *storage.lifetime(root)) for root in storage.members}
    positions = {id(step): position for position, step in enumerate(steps)}
    scratch = {
        number: _Block(step.scratch, positions[id(step)], positions[id(step)])
        for number, step in enumerate(kept)
        if step.scratch
    }
    exports = {
        index: _Block(storage.size(index), storage.end, storage.end)
        for _, index in graph.outputs
        if _is_spoilt(graph, storage, index)
    }
    result.arena_bytes = _place([*blocks.values(), *scratch.values(), *exports.values()])
    result.offsets = {index: blocks[root].offset + offset for index, (root, offset) in storage.home.items()}
    result.scratch = {number: block.offset for number, block in scratch.items()}
    result.exports = {index: block.offset for index, block in exports.items()}
    result.moves = [
        Move(result.exports[index], result.offsets[index], storage.size(index)) for index in result.exports
    ] + _carries(graph, result, storage)
    return result


def _is_spoilt(graph: Graph, storage: _Storage, index: int) -> bool:
    """True if carrying a state over to the next call would write where this output lies."""
    if index not in storage.home:
        return False
    root, offset = storage.home[index]
    for state in graph.states:
        state_root, state_offset = storage.home[state.input]
        carried = storage.home.get(state.output) == (state_root, state_offset)
        near = state_offset < offset + storage.size(index) and offset < state_offset + storage.size(state.input)
        if not carried and state_root == root and near:
            return True
    return False


def _carries(graph: Graph, result: Plan, storage: _Storage) -> list[Move]:
    """Moves that bring every state's next value to where the next call reads it, none spoiling another's source."""
    waiting = []
    for state in graph.states:
        size = storage.size(state.input)
        target = result.offsets[state.input]
        if state.output not in result.offsets:
            waiting.append(Move(target, 0, size, constant=state.output))
        elif result.offsets[state.output] != target:
            waiting.append(Move(target, result.offsets[state.output], size))
    ordered: list[Move] = []
    while waiting:
        for move in waiting:
            if not any(move.spoils(other) for other in waiting if other is not move):
                break
        else:
            raise ModelError("states pass their values round in a circle; put an operator between them")
        waiting.remove(move)
        ordered.append(move)
    return ordered


def _place(blocks: list[_Block]) -> int:
    """Gives every block an offset, largest first, into the first gap; returns the bytes needed."""
    placed: list[_Block] = []
    for block in sorted(blocks, key=lambda block: (-block.size, block.first, block.last)):
        offset = 0
        for other in sorted((other for other in placed if other.meets(block)), key=lambda other: other.offset):
            if offset + block.size <= other.offset:
                break
            offset = max(offset, _aligned(other.offset + other.size))
        block.offset = offset
        placed.append(block)
    needed = _aligned(max((block.offset + block.size for block in placed), default=0))
    if needed > _MAX_ARENA:
        raise ModelError(f"the network needs an arena of {needed} bytes; no target has that")
    return needed


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
