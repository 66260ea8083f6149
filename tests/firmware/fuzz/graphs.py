"""A random graph from a seed: python -m tests.firmware.fuzz --seed N runs the graph of a seed again."""

import numpy as np

from firmware.modelc.operators import LOWERINGS
from firmware.modelc.reader import parse

from . import elementwise, layers, layout, states  # noqa: F401 - they fill the table
from .case import Case, input_calls, sampled_call
from .sketch import Sketch
from .table import TABLE

MOST_OPERATORS = 10
_CALLS = (3, 1, 1)  # uniform, near the zero points, at the ends of the range
_CALLS_WITH_STATES = (5, 2, 1)


def known(name: str) -> bool:
    """True if modelc has all operators that the table's function may use."""
    return all(kind in LOWERINGS for kind in TABLE[name].needs)


def sketched(seed: int) -> Sketch:
    """One to ten operators on one or two inputs; the operators that the table has and modelc knows."""
    sketch = Sketch(np.random.default_rng([0xEA7, seed]))
    names = [name for name in TABLE if known(name)]
    weights = np.array([TABLE[name].weight for name in names])
    for _ in range(1 if sketch.chance(0.75) else 2):
        sketch.add_input(_input_shape(sketch))
    wanted = sketch.integer(1, MOST_OPERATORS)
    for _ in range(20 * wanted):
        if len(sketch.file.operators) >= wanted:
            break
        TABLE[names[int(sketch.random.choice(len(names), p=weights / weights.sum()))]].add(sketch)
    return sketch


def _input_shape(sketch: Sketch) -> tuple[int, ...]:
    batch = 2 if sketch.chance(0.15) else 1
    style = sketch.one_of(["image", "image", "grey", "frames", "frames", "row", "vector"])
    if style == "image":
        return (batch, sketch.integer(1, 9), sketch.integer(1, 9), sketch.channels(40))
    if style == "grey":
        return (batch, sketch.integer(4, 20), sketch.integer(4, 12), sketch.integer(1, 3))
    if style == "frames":
        return (batch, sketch.integer(1, 16), 1, sketch.channels())
    if style == "row":
        return (batch, 1, sketch.integer(1, 16), sketch.channels())
    return (batch, sketch.integer(1, 200))


def random_case(seed: int) -> Case:
    """The case of a seed; its name is g and the seed. States start over before the last call but one."""
    sketch = sketched(seed)
    model = sketch.finish()
    graph = parse(model)
    calls = input_calls(graph, sketch.random, *(_CALLS_WITH_STATES if graph.states else _CALLS))
    # Uniform and quiet calls take turns, so that states see both.
    calls = np.concatenate([sampled_call(graph, sketch.samples), calls[sketch.random.permutation(len(calls))]])
    starts = [number in (0, len(calls) - 2) for number in range(len(calls))]
    return Case(f"g{seed}", model, calls, tuple(starts))


def part_of(seed: int, sketch: Sketch, first: int, last: int) -> Case:
    """The operators from first up to last of a seed's sketch, by themselves."""
    model = sketch.part(first, last)
    graph = parse(model)
    calls = input_calls(graph, np.random.default_rng(seed), *_CALLS_WITH_STATES)
    calls = np.concatenate([sampled_call(graph, sketch.samples), calls])
    return Case(f"g{seed}_operators_{first}_to_{last - 1}", model, calls, (True, *[False] * (len(calls) - 1)))
