"""Component data: figures with their range, conditions, source and standing, from components/NAME.toml.

A figure without a source does not load. Values are as written; `si` and the curves' `at` give them in the model's
units (units.DIMENSIONS): A, V, s, Hz, A s, ohm, fraction (ppm too), A/Hz, A/bank, KiB, 1/month; x of a curve in A,
degC, fraction, 1/h or cycles.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, field_validator, model_validator

from power import data_files, kinds
from power.data_files import Facts, NamedFacts, Text
from power.distributions import Distribution, quantile
from power.errors import PowerError
from power.toml_lines import Place
from power.units import conversion

Status = Literal["measured", "datasheet", "secondary", "assumed"]
STATUSES: dict[Status, str] = {
    "measured": "by this project or its user",
    "datasheet": "the maker's own document, or the standard",
    "secondary": "someone else's measurement or text",
    "assumed": "ours, until a source is found",
}
"""What stands behind a figure, the strongest first, and what each means."""

Role = Literal["mcu", "microphone", "radio", "codec", "amplifier", "speaker", "pmic", "cell"]
ROLES: tuple[Role, ...] = ("mcu", "microphone", "radio", "codec", "amplifier", "speaker", "pmic", "cell")
ON_A_RAIL: tuple[Role, ...] = ("mcu", "microphone", "radio", "codec", "amplifier")
"""A speaker hangs on what drives it, a PMIC on the cell."""

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Amount = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]


class Range(NamedTuple):
    """A value's least, typical and greatest."""

    min: float
    typ: float
    max: float


class Source(Facts):
    """Where a figure is from: a document, its revision, and the page, table or section in it."""

    document: Text
    revision: Text | None = None
    where: Text | None = None

    def __str__(self) -> str:
        return ", ".join(part for part in (self.document, self.revision, self.where) if part)


class _Evidenced(Facts):
    """What a figure and a curve have in common."""

    unit: Text
    conditions: Text
    source: Source
    status: Status
    distribution: Distribution = "triangular"
    bounds: Text | None = None
    """Where min and max are from, if not from the source."""

    @field_validator("unit")
    @classmethod
    def _known(cls, unit: str) -> str:
        conversion(unit)
        return unit

    @model_validator(mode="after")
    def _evidence(self) -> _Evidenced:
        if self.status == "datasheet" and self.source.where is None:
            raise ValueError("a figure of a datasheet names the page, table or section: add where to its source")
        return self

    def _check(self, low: float, typ: float, high: float) -> None:
        if not low <= typ <= high:
            raise ValueError(f"min {low:g}, typ {typ:g}, max {high:g} are not in this order")
        if self.distribution == "fixed" and low != high:
            raise ValueError(f"is fixed, but min {low:g} is not max {high:g}; name another distribution")


class Figure(_Evidenced):
    """One number of a component: what `status` says stands behind `typ`."""

    min: Amount
    typ: Amount
    max: Amount

    @model_validator(mode="after")
    def _in_order(self) -> Figure:
        self._check(self.min, self.typ, self.max)
        return self

    @property
    def range(self) -> Range:
        """The three values as written, in `unit`."""
        return Range(self.min, self.typ, self.max)

    @cached_property
    def si(self) -> Range:
        """The three values in the model's unit."""
        factor = conversion(self.unit).factor
        return Range(self.min * factor, self.typ * factor, self.max * factor)

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """The value, in the model's unit, that a part stays below with probability `u`; shape of `u`, each 0..1."""
        low, typ, high = (np.asarray(value) for value in self.si)
        return quantile(self.distribution, low, typ, high, np.asarray(u, dtype=np.float64))


Point = tuple[Number, Amount, Amount, Amount]


class Curve(_Evidenced):
    """A value that depends on another: points of (x, min, typ, max), x rising, linear between them and flat beyond."""

    x_unit: Text
    x_scale: Literal["linear", "log"] = "linear"
    """log: linear over the logarithm of x."""
    points: Annotated[tuple[Point, ...], Field(min_length=1)]

    @field_validator("x_unit")
    @classmethod
    def _x_known(cls, unit: str) -> str:
        conversion(unit)
        return unit

    @model_validator(mode="after")
    def _in_order(self) -> Curve:
        for x, *values in self.points:
            try:
                self._check(*values)
            except ValueError as error:
                raise ValueError(f"at x = {x:g}: {error}") from error
            if self.x_scale == "log" and x <= 0:
                raise ValueError(f"x = {x:g} has no logarithm; begin above 0 or leave x_scale out")
        for (before, *_), (after, *_) in pairwise(self.points):
            if after <= before:
                raise ValueError(f"x must rise from point to point, and {before:g} comes before {after:g}")
        return self

    @cached_property
    def si(self) -> NDArray[np.float64]:
        """The points in the model's units; shape (points, 4): x, min, typ, max."""
        x, y = conversion(self.x_unit).factor, conversion(self.unit).factor
        return np.array(self.points, dtype=np.float64) * (x, y, y, y)

    def at(self, x: ArrayLike, u: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """The value at `x`, in the model's units: the typical one, or that of probability `u` at every x alike.

        Shapes of `x` and `u` broadcast to that of the result.
        """
        where = np.asarray(x, dtype=np.float64)
        points = self.si
        knots = points[:, 0]
        if self.x_scale == "log":
            knots, where = np.log(knots), np.log(np.maximum(where, knots[0]))
        if u is None:
            return np.interp(where, knots, points[:, 2])
        low, typ, high = (np.interp(where, knots, points[:, column]) for column in (1, 2, 3))
        return quantile(self.distribution, low, typ, high, np.asarray(u, dtype=np.float64))


class Component(NamedFacts):
    """A part, its figures and its curves; `kinds.KINDS` says which each kind has."""

    kind: Text
    figures: dict[str, Figure] = Field(default_factory=dict)
    curves: dict[str, Curve] = Field(default_factory=dict)

    @classmethod
    def complaints(cls, document: dict[str, Any]) -> Iterator[tuple[Place, str]]:
        """What its kind finds wrong with a file."""
        yield from kinds.complaints(document)

    def figure(self, name: str) -> Figure:
        """The figure called `name`; PowerError if the component has none."""
        if name not in self.figures:
            raise PowerError(f"component {self.name} has no figure {name!r}; add [figures.{name}] to its file")
        return self.figures[name]

    def curve(self, name: str) -> Curve:
        """The curve called `name`; PowerError if the component has none."""
        if name not in self.curves:
            raise PowerError(f"component {self.name} has no curve {name!r}; add [curves.{name}] to its file")
        return self.curves[name]


class Rail(Facts):
    """What feeds some of a board's parts: a regulator and its voltage, or the cell itself where both are left out."""

    regulator: Text | None = None
    volts: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=60)] | None = None
    loads: Annotated[tuple[Role, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> Rail:
        if (self.regulator is None) != (self.volts is None):
            raise ValueError("a rail has both regulator and volts, or neither where it is the cell itself")
        return self


class BoardParts(NamedFacts):
    """What a board is made of: names of components, its rails, and whose instruction counts stand for its core's."""

    mcu: Text
    microphone: Text
    radio: Text | None = None
    codec: Text | None = None
    amplifier: Text | None = None
    speaker: Text | None = None
    pmic: Text | None = None
    cell: Text
    rails: Annotated[dict[str, Rail], Field(min_length=1)]
    link_baud: Annotated[int, Field(strict=True, gt=0, le=100_000_000)]
    ram_kept_kib: Amount
    """RAM that keeps its content in deep sleep."""
    ledgers_of: tuple[Text, ...]
    """Boards whose image is this core's: their counts stand for it."""
    notes: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _wired(self) -> BoardParts:
        for role in ON_A_RAIL:
            rails = [name for name, rail in self.rails.items() if role in rail.loads]
            if self.part(role) is not None and len(rails) != 1:
                found = " and ".join(rails) or "none"
                raise ValueError(f"the {role} hangs on one rail, and here on {found}; put it into loads of one")
            if self.part(role) is None and rails:
                raise ValueError(f"rail {rails[0]} feeds the {role}, and the board has none; name it or take it out")
        for name, rail in self.rails.items():
            if others := [role for role in rail.loads if role not in ON_A_RAIL]:
                raise ValueError(f"rail {name} feeds the {others[0]}, which hangs on no rail; take it out of loads")
        return self

    def misfits(self) -> Iterator[tuple[Place, str]]:
        """Parts that are not there, are of another kind, or do not bear their rail's voltage."""
        wanted: list[tuple[Place, str, str]] = [((role,), name, role) for role in ROLES if (name := self.part(role))]
        for rail, feeds in self.rails.items():
            if feeds.regulator:
                wanted.append((("rails", rail, "regulator"), feeds.regulator, "regulator"))
        for place, name, kind in wanted:
            try:
                part = component(name)
            except PowerError as error:
                yield place, str(error)
                continue
            if part.kind != kind:
                yield place, f"{name} is a {part.kind}, not a {kind}; name one of that kind (power components)"
                continue
            for rail, feeds in self.rails.items():
                if kind in feeds.loads and feeds.volts is not None:
                    low, _, high = part.figure("supply").si
                    if not low <= feeds.volts <= high:
                        yield (
                            ("rails", rail, "volts"),
                            f"is {feeds.volts:g} V, and {name} runs at {low:g} to {high:g} V; change one of them",
                        )

    def part(self, role: Role) -> str | None:
        """The component in a role; None if the board has none."""
        name: str | None = getattr(self, role)
        return name

    def rail_of(self, role: Role) -> str:
        """The name of the rail that feeds a role; KeyError if the board has no such part."""
        for name, rail in self.rails.items():
            if role in rail.loads:
                return name
        raise KeyError(role)

    @property
    def component_names(self) -> tuple[str, ...]:
        """Every component of the board once, regulators too, in a fixed order."""
        parts = [name for role in ROLES if (name := self.part(role))]
        regulators = [rail.regulator for rail in self.rails.values() if rail.regulator]
        return tuple(dict.fromkeys([*parts, *regulators]))


def component(name: str) -> Component:
    """The component `name`; PowerError if there is none or its file does not hold."""
    return data_files.load(Component, "components", name)


def board_parts(name: str) -> BoardParts:
    """What the board `name` is made of; PowerError if that is not known, or a part of it does not fit."""
    return data_files.load(BoardParts, "boards", name)
