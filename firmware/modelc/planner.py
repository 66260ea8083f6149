"""Where every tensor lives in the arena.

Tensors first come to share memory where one is part of another, a state follows another, or an operator writes over
its input (`storage`); streaming windows become rings where their readers can go round (`rings`); what remains is
placed so that the arena is as small as can be (`placement`). An arena starts at a multiple of ARENA_ALIGNMENT.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import ModelError
from .graph import Graph, State
from .placement import Block, Span, place
from .rings import Ring, find_rings, shifted_states
from .step import Step
from .storage import Storage

ARENA_ALIGNMENT = 16
HEAD_BYTES = 4  # of a ring's position, an int32_t
_MAX_ARENA = 1 << 30
# A ring holds state and new rows for good, where a window that is carried gives the new rows' memory back: with many
# new rows a call, that is more memory than the copies are worth.
_WORTH_CARRYING = 0.6  # of the arena with rings
# A window that shares its memory with the state that it begins with is carried by one move instead of two copies, but
# leaves holes between the states that few other tensors fit into.
_WORTH_COPYING = 0.8  # of the arena with shared windows


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


@dataclass(frozen=True)
class Head:
    """Where in the arena the place of the new rows is kept, for all rings of one kind."""

    offset: int
    ring: Ring


@dataclass(frozen=True)
class InRing:
    """A tensor in a ring; `fresh` is its distance from the place of the new rows, None for a whole window."""

    base: int  # of the ring in the arena
    head: int  # position in Plan.heads
    fresh: int | None


@dataclass(frozen=True)
class Resident:
    """Something that occupies arena bytes [offset, offset + size) from one step to another, both included.

    Steps are positions among all lowered steps, those included that views have made superfluous; -1 is before the
    first, Plan.end after the last.
    """

    kind: str  # tensor, state, ring, heads, scratch or export
    offset: int
    size: int
    first: int
    last: int
    tensor: int | None = None


@dataclass
class Plan:
    """Arena offsets in bytes. What is in a ring is where its offset says in the first call only."""

    offsets: dict[int, int] = field(default_factory=dict)  # tensor: offset
    scratch: dict[int, int] = field(default_factory=dict)  # position in steps: offset
    steps: list[Step] = field(default_factory=list)  # without those that views made superfluous
    positions: list[int] = field(default_factory=list)  # of these steps among all
    end: int = 0  # how many steps there were with them
    moves: list[Move] = field(default_factory=list)  # after the last step, in this order
    exports: dict[int, int] = field(default_factory=dict)  # output tensor: offset of its copy, where one is needed
    heads: list[Head] = field(default_factory=list)  # side by side
    in_ring: dict[int, InRing] = field(default_factory=dict)
    ring_states: set[int] = field(default_factory=set)  # inputs of the states that live in rings
    written_over: dict[int, int] = field(default_factory=dict)  # output of a step: its input, whose memory it took
    residents: list[Resident] = field(default_factory=list)
    arena_bytes: int = 0
    arena_bound: int = 0  # the most that is alive at one step: no placement needs less
    arena_is_least: bool = True  # false if a better placement may exist that the search has not found


def plan(graph: Graph, steps: list[Step], goes_round: Callable[[Step], bool] = lambda _: False) -> Plan:
    """Places all tensors and scratch; raises ModelError for an arena beyond reason or states that swap places.

    goes_round: true for a step whose kernel can read its image from a ring.
    """
    best = _plan_with_carries(graph, steps, goes_round)
    if best.heads:
        without = _plan_with_carries(graph, steps, lambda _: False)
        if without.arena_bytes <= _WORTH_CARRYING * best.arena_bytes:
            return without
    return best


def _plan_with_carries(graph: Graph, steps: list[Step], goes_round: Callable[[Step], bool]) -> Plan:
    """Windows that become no rings share their memory with their states, or not, whichever is better."""
    together = _plan(graph, steps, goes_round, frozenset())
    if not together.moves:
        return together
    carried = [state for state in graph.states if state.input not in together.ring_states]
    apart = frozenset(index for state in carried for index in (state.input, state.output))
    separate = _plan(graph, _with_early_carries(graph, steps), goes_round, apart)
    return separate if separate.arena_bytes <= _WORTH_COPYING * together.arena_bytes else together


def _with_early_carries(graph: Graph, steps: list[Step]) -> list[Step]:
    """The same steps, but what only takes a state's next value from a window does so as soon as it can."""
    ordered = list(steps)
    for state in graph.states:
        writers = [step for step in ordered if step.writes == state.output]
        if len(writers) != 1 or writers[0].view is None:
            continue
        (take,) = writers
        ordered = [step for step in ordered if step is not take]
        before = [
            position for position, step in enumerate(ordered) if step.writes in take.reads or state.input in step.reads
        ]
        ordered.insert(max(before, default=-1) + 1, take)
    return ordered


def _plan(graph: Graph, steps: list[Step], goes_round: Callable[[Step], bool], apart: frozenset[int]) -> Plan:
    """apart: tensors that share no memory with what they are part of, or is part of them."""
    result = Plan(end=len(steps))
    shortened = shifted_states(graph, steps)
    while True:
        storage = Storage(graph, steps, shortened)
        result.positions = [
            position
            for position, step in enumerate(steps)
            if not (set(step.reads) & set(shortened) or _falls_away(step, storage, apart))
        ]
        result.steps = [steps[position] for position in result.positions]
        rings = find_rings(graph, storage, result.steps, goes_round)
        failed = {state for state, past in shortened.items() if storage.home[past][0] not in rings}
        if not failed:
            break
        shortened = {state: past for state, past in shortened.items() if state not in failed}
    carried = [state for state in graph.states if storage.home[storage.kept[state.input]][0] not in rings]
    for state in carried:
        storage.carry_in_place(state)
    for position, step in enumerate(steps):
        storage.write_over(step, position)

    whole = (-1, storage.end)
    roots = {
        root: Block((Span(*whole, 0, rings[root].size),) if root in rings else storage.spans(root))
        for root in storage.members
    }
    scratch = {
        number: Block((Span(position, position, 0, step.scratch),))
        for number, (step, position) in enumerate(zip(result.steps, result.positions, strict=True))
        if step.scratch
    }
    exports = {
        index: Block((Span(storage.end, storage.end, 0, storage.size(index)),))
        for _, index in graph.outputs
        if _is_spoilt(carried, storage, index)
    }
    kinds = sorted(set(rings.values()), key=lambda ring: (ring.size, ring.step, ring.state))
    heads = [Block((Span(*whole, 0, HEAD_BYTES * len(kinds)),))] if kinds else []

    placement = place([*roots.values(), *scratch.values(), *exports.values(), *heads])
    if placement.height > _MAX_ARENA:
        raise ModelError(f"the network needs an arena of {placement.height} bytes; no target has that")
    result.arena_bytes, result.arena_bound = placement.height, placement.bound
    result.arena_is_least = placement.is_least
    result.scratch = {number: block.offset for number, block in scratch.items()}
    result.exports = {index: block.offset for index, block in exports.items()}
    result.heads = [Head(heads[0].offset + HEAD_BYTES * number, ring) for number, ring in enumerate(kinds)]
    for index, (root, offset) in storage.home.items():
        base = roots[root].offset
        result.offsets[index] = base + offset
        if root in rings:
            fresh = offset - rings[root].state if offset >= rings[root].state else None
            result.in_ring[index] = InRing(base, kinds.index(rings[root]), fresh)
            result.offsets[index] = base + (fresh or 0)
    for state in graph.states:
        root = storage.home[storage.kept[state.input]][0]
        if root in rings:
            result.ring_states.add(state.input)
            # What comes before the first call's new rows, which go to the ring's start, is at its end.
            result.offsets[state.input] = roots[root].offset + rings[root].size - storage.size(state.input)
    result.written_over = storage.written_over
    result.moves = [
        Move(result.exports[index], result.offsets[index], storage.size(index)) for index in result.exports
    ] + _carries(carried, result, storage)
    result.residents = _residents(storage, result, {root: roots[root] for root in rings})
    return result


def _falls_away(step: Step, storage: Storage, apart: frozenset[int]) -> bool:
    """True if the step only moves values that now share their memory with where they should go."""
    if step.view is None or {step.view.child, step.view.parent} & apart:
        return False
    return storage.grant(step.view)


def _is_spoilt(carried: list[State], storage: Storage, index: int) -> bool:
    """True if carrying a state over to the next call would write where this output lies."""
    if index not in storage.home:
        return False
    root, offset = storage.home[index]
    for state in carried:
        state_root, state_offset = storage.home[state.input]
        stays = storage.home.get(state.output) == (state_root, state_offset)
        near = state_offset < offset + storage.size(index) and offset < state_offset + storage.size(state.input)
        if not stays and state_root == root and near:
            return True
    return False


def _carries(carried: list[State], result: Plan, storage: Storage) -> list[Move]:
    """Moves that bring every state's next value to where the next call reads it, none spoiling another's source."""
    waiting = []
    for state in carried:
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


def _residents(storage: Storage, result: Plan, rings: dict[int, Block]) -> list[Resident]:
    found = [Resident("ring", block.offset, block.size, -1, storage.end, tensor=root) for root, block in rings.items()]
    if result.heads:
        size = HEAD_BYTES * len(result.heads)
        found.append(Resident("heads", result.heads[0].offset, size, -1, storage.end))
    for index in storage.home:
        if index in result.in_ring:
            continue
        kind = "state" if index in storage.states else "tensor"
        for first, last in storage.lives(index):
            found.append(Resident(kind, result.offsets[index], storage.size(index), first, last, index))
    for number, offset in result.scratch.items():
        position = result.positions[number]
        found.append(Resident("scratch", offset, result.steps[number].scratch, position, position))
    for index, offset in result.exports.items():
        found.append(Resident("export", offset, storage.size(index), storage.end, storage.end, index))
    return found
