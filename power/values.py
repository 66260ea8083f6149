"""The figures of one board's parts in n variants at once, and which of them were read."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from power.errors import PowerError
from power.figures import BoardParts, Component, Curve, Figure, component

Array = NDArray[np.float64]
OPERATING = "supply"
"""The figure that is a span to run in, not an uncertainty: always at typ."""
Chosen = Array | None
"""Each variant's probability (0..1, shape (n,)), where NaN stands for typ; None: typ in all."""


class Values:
    """Figures by key ("apollo3.run") as arrays of shape (n,), in the model's units; variants share their position.

    Which variant a figure takes depends on its key alone, so two studies with one seed differ only by what was changed.
    """

    def __init__(self, parts: BoardParts, n: int, choose: Callable[[str], Chosen]) -> None:
        self.parts = parts
        self.n = n
        self._choose = choose
        self._components = {name: component(name) for name in parts.component_names}
        self._overridden: dict[str, Array] = {}
        self._read: dict[str, Array | None] = {}

    @classmethod
    def typical(cls, parts: BoardParts) -> Values:
        """One variant: every figure at typ."""
        return cls(parts, 1, lambda key: None)

    @classmethod
    def least(cls, parts: BoardParts) -> Values:
        """One variant: every figure at min."""
        return cls(parts, 1, lambda key: np.zeros(1))

    @classmethod
    def greatest(cls, parts: BoardParts) -> Values:
        """One variant: every figure at max."""
        return cls(parts, 1, lambda key: np.ones(1))

    @classmethod
    def sampled(cls, parts: BoardParts, n: int, seed: int) -> Values:
        """`n` variants drawn at random, each figure on its own, in its distribution."""
        return cls(parts, n, lambda key: np.random.default_rng([seed, zlib.crc32(key.encode())]).random(n))

    @classmethod
    def one_at_a_time(cls, parts: BoardParts, keys: Iterable[str] | None = None) -> Values:
        """For a tornado: variant 0 is typical; 1 + 2i and 2 + 2i have key i at its min and its max, all else typical.

        `keys`: those to move; None: all of the board's that have a spread, in `values.moved`.
        """
        moved = tuple(spread_keys(parts) if keys is None else keys)
        n = 1 + 2 * len(moved)

        def choose(key: str) -> Chosen:
            if key not in moved:
                return None
            chosen = np.full(n, np.nan)
            row = 1 + 2 * moved.index(key)
            chosen[row : row + 2] = 0.0, 1.0
            return chosen

        values = cls(parts, n, choose)
        values.moved = moved
        return values

    moved: tuple[str, ...] = ()
    """Of one_at_a_time: the keys in the order of their variants."""

    def __getitem__(self, key: str) -> Array:
        """The figure `key` in each variant; PowerError if the board's parts have no such figure."""
        found = self.figure(key)
        if key in self._overridden:
            self._read[key] = None
            return self._overridden[key]
        if not isinstance(found, Figure):
            raise PowerError(f"{key} is a curve; it has a value only at some x")
        kept = self._read.get(key)
        if kept is None:
            chosen = None if key.endswith(f".{OPERATING}") else self._choose(key)
            typ = np.full(self.n, found.si.typ)
            kept = typ if chosen is None else _or_typ(chosen, found.quantile(_no_nan(chosen)), typ)
            self._read[key] = kept
        return kept

    def curve(self, key: str, x: ArrayLike) -> Array:
        """The curve `key` at `x`, which broadcasts with (n,); PowerError if the board's parts have no such curve."""
        found = self.figure(key)
        self._read.setdefault(key, None)
        if key in self._overridden:
            return self._overridden[key] + 0 * np.asarray(x, dtype=np.float64)
        if not isinstance(found, Curve):
            raise PowerError(f"{key} is one figure, not a curve")
        chosen = self._choose(key)
        typ = found.at(x) + np.zeros(self.n)
        return typ if chosen is None else _or_typ(chosen, found.at(x, _no_nan(chosen)), typ)

    def has(self, key: str) -> bool:
        """Whether the board's parts have the figure or curve `key`, which may be one that its kind need not have."""
        return self._find(key) is not None

    def figure(self, key: str) -> Figure | Curve:
        """The figure or curve behind `key`; PowerError if the board's parts have none."""
        found = self._find(key)
        if found is None:
            known = ", ".join(self._components)
            raise PowerError(f"there is no figure {key!r} among the parts of {self.parts.name}, which are: {known}")
        return found

    def override(self, key: str, value: ArrayLike) -> None:
        """Has `key` be `value`, a number or shape (n,), in the model's unit; a curve becomes that at every x."""
        self.figure(key)
        self._overridden[key] = np.broadcast_to(np.asarray(value, dtype=np.float64), (self.n,))

    def component(self, name: str) -> Component:
        """One of the board's components."""
        return self._components[name]

    @property
    def used(self) -> tuple[str, ...]:
        """The keys read so far, once each, in the order of their first reading."""
        return tuple(self._read)

    def _find(self, key: str) -> Figure | Curve | None:
        part, _, name = key.rpartition(".")
        if part not in self._components:
            return None
        return self._components[part].figures.get(name) or self._components[part].curves.get(name)


def spread_keys(parts: BoardParts) -> list[str]:
    """Every figure and curve of a board's parts that has a min below its max."""
    keys = []
    for name in parts.component_names:
        part = component(name)
        keys += [
            f"{name}.{key}" for key, figure in part.figures.items() if figure.min < figure.max and key != OPERATING
        ]
        keys += [f"{name}.{key}" for key, curve in part.curves.items() if any(p[1] < p[3] for p in curve.points)]
    return keys


def _no_nan(chosen: Array) -> Array:
    return np.nan_to_num(chosen, nan=0.5)


def _or_typ(chosen: Array, value: Array, typ: Array) -> Array:
    return np.where(np.isnan(chosen), typ, value)
