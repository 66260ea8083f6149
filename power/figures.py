"""Component data: figures with their range, conditions, source and standing, from components/NAME.toml.

A figure without a source does not load.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from power.errors import PowerError

COMPONENTS = Path(__file__).with_name("components")
BOARDS = Path(__file__).with_name("boards")
SCENARIOS = Path(__file__).with_name("scenarios")

Unit = Literal["uA", "uA/MHz", "MHz", "mAh", "V", "fraction", "cycles/instruction"]
Status = Literal["measured", "datasheet", "secondary", "assumed"]
"""measured: by this project; datasheet: the maker's; secondary: someone else's measurement or text; assumed: ours."""
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Range(NamedTuple):
    """A value's least, typical and greatest."""

    min: float
    typ: float
    max: float


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Facts):
    """One number of a component: what `status` says stands behind `typ`; `bounds` tells where min and max are from."""

    min: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    typ: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    max: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    unit: Unit
    conditions: Text
    source: Text
    status: Status
    bounds: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Figure:
        if not self.min <= self.typ <= self.max:
            raise ValueError(f"min {self.min:g}, typ {self.typ:g}, max {self.max:g} are not in this order")
        if self.unit == "fraction" and not 0 < self.min <= self.max <= 1:
            raise ValueError("a fraction lies above 0 and goes up to 1")
        return self

    @property
    def range(self) -> Range:
        """The three values, in `unit`."""
        return Range(self.min, self.typ, self.max)


class Component(_Facts):
    """A part and its figures."""

    name: Text
    title: Text
    figures: dict[str, Figure]

    def figure(self, name: str, unit: Unit) -> Figure:
        """The figure called `name`; PowerError if the component lacks it, or has it in another unit."""
        found = self.figures.get(name)
        if found is None or found.unit != unit:
            state = "has no" if found is None else f"gives in {found.unit}, not in {unit}, the"
            raise PowerError(f"component {self.name} {state} figure {name!r}; add it to components/{self.name}.toml")
        return found


class BoardParts(_Facts):
    """What a board is made of: names of components, and whose instruction counts stand for its core's."""

    name: Text
    title: Text
    mcu: Text
    microphone: Text
    regulator: Text
    cell: Text
    link_baud: Annotated[int, Field(gt=0)]
    ledgers_of: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Scenario(_Facts):
    """How a device is used over a day: hours wanted, and the share of time in each state if not as recorded."""

    name: Text
    title: Text
    hours: Annotated[float, Field(gt=0, le=10_000)]
    shares: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Scenario:
        if self.shares is not None and abs(sum(self.shares.values()) - 1) > 1e-6:
            raise ValueError(f"the shares add up to {sum(self.shares.values()):g}, not to 1")
        return self


Facts = TypeVar("Facts", Component, BoardParts, Scenario)


@cache
def component(name: str) -> Component:
    """The component `name`; PowerError if there is none or its file does not hold."""
    return _named(Component, COMPONENTS, "component", name)


@cache
def board_parts(name: str) -> BoardParts:
    """What the board `name` is made of; PowerError if that is not known."""
    return _named(BoardParts, BOARDS, "board", name)


@cache
def scenario(name: str) -> Scenario:
    """The scenario `name`; PowerError if there is none or its file does not hold."""
    return _named(Scenario, SCENARIOS, "scenario", name)


def names(folder: Path) -> list[str]:
    """What a folder of data files describes, in alphabetical order."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def parse(kind: type[Facts], path: Path) -> Facts:
    """The data file `path`; PowerError, in one sentence, if it does not hold."""
    try:
        facts = kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PowerError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PowerError(f"{path}: {where}: {first['msg']}") from error
    if facts.name != path.stem:
        raise PowerError(f"{path}: name is {facts.name!r}, but the file is {path.name!r}")
    return facts


def _named(kind: type[Facts], folder: Path, what: str, name: str) -> Facts:
    known = names(folder)
    if name not in known:
        raise PowerError(f"there is no {what} {name!r}; there are: {', '.join(known)}")
    return parse(kind, folder / f"{name}.toml")
