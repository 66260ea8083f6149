"""What the page may ask: checked to the last value before the model sees any of it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from power.errors import PowerError

Name = Annotated[str, Field(strict=True, min_length=1, max_length=64)]
Key = Annotated[str, Field(strict=True, min_length=1, max_length=120)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
Changes = Annotated[dict[Key, Number], Field(max_length=64)]


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ChoicesQuestion(_Question):
    """Which boards and scenarios are there?"""


class ControlsQuestion(_Question):
    """Which sliders has a scenario on a board?"""

    scenario: Name
    board: Name


class StudyQuestion(ControlsQuestion):
    """How long does the cell last, with `changes` by key in the model's units?"""

    changes: Changes = {}
    days: Annotated[int, Field(ge=50, le=10_000)] = 400
    """Sampled."""
    thorough: bool = False
    """With the tornado, which takes longer."""


class Axis(_Question):
    """One side of a map: `count` values of `key` from `low` to `high`, in the model's units."""

    key: Key
    low: Number
    high: Number
    count: Annotated[int, Field(ge=2, le=24)] = 9
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _spans(self) -> Axis:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.scale == "log" and self.low <= 0:
            raise ValueError("a log scale begins above 0")
        return self


class MapQuestion(ControlsQuestion):
    """Hours over two settings."""

    changes: Changes = {}
    x: Axis
    y: Axis

    @model_validator(mode="after")
    def _two(self) -> MapQuestion:
        if self.x.key == self.y.key:
            raise ValueError("the map's two sides must be two settings")
        return self


Question = TypeVar("Question", bound=_Question)


def read(kind: type[Question], body: bytes) -> Question:
    """The question in `body`; PowerError, in one sentence, where it is none."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        text = f"{where}: {what}" if where else what
        raise PowerError("".join(letter if letter.isprintable() else "?" for letter in text)[:300]) from error
