"""The form of a report's document, so that one that was kept can be read again without surprises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from power.errors import PowerError

REPORT = "earshot power report"
VERSION = 2

Finite = Annotated[float, Field(allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Status = Literal["measured", "datasheet", "secondary", "assumed", "scenario"]


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Spread(_Facts):
    """A typical value, and percentiles of the sampled days."""

    typ: Finite
    p5: Finite
    p95: Finite


class Named(_Facts):
    """A name and what it stands for."""

    name: str
    title: str


class ScenarioFacts(BaseModel):
    """The scenario's file, and the length of its day."""

    model_config = ConfigDict(extra="allow", strict=True)
    name: str
    title: str
    hours: Amount
    day_hours: Amount


class Board(Named):
    """What the board is made of."""

    parts: list[Named]


class RunState(_Facts):
    """A state as the ledger has it."""

    name: str
    time: Amount
    entries: Count
    work_per_s: Count


class Run(_Facts):
    """The run behind the report."""

    origin: str
    board: str
    firmware: str
    recording: str | None
    wall: str
    rate: Count
    heard_s: Amount
    cycles_are: str
    states: list[RunState]


class Histogram(_Facts):
    """Days by their hours: left edges and counts."""

    bin_hours: Amount
    bins: Annotated[list[tuple[Finite, Count]], Field(min_length=1)]


class Hours(_Facts):
    """Hours on one charge."""

    typ: Amount
    p5: Amount
    p50: Amount
    p95: Amount
    mean: Amount
    wanted: Amount
    margin: Amount
    meeting: Annotated[float, Field(ge=0, le=1)]
    days: Count
    seed: Count
    histogram: Histogram


class BudgetFacts(_Facts):
    """What the wanted hours allow."""

    hours: Amount
    gross_mw: Amount
    net_mw: Amount
    gross_wh: Amount
    usable_wh: Amount


class Power(Spread):
    """From the cell, in mW; and the energy of a day."""

    mwh: Amount


class ComponentRow(_Facts):
    """A load."""

    name: str
    component: str
    rail: str
    mw: Finite
    p5: Finite
    p95: Finite
    mwh: Finite
    share: Finite
    by_state: dict[str, Finite]
    status: Status
    rests_on: list[str]


class StateRow(_Facts):
    """Power by state, and the share of the day in it if it is one of the listener's."""

    name: str
    mw: Finite
    share: Finite
    time: Amount | None


class PhaseRow(_Facts):
    """A phase of the day."""

    name: str
    start_h: Amount
    hours: Amount
    mw: Spread
    mwh: Amount
    by_state: dict[str, Amount]


class TimelineFacts(_Facts):
    """A day in steps: starts, ends, power in them, charge at their ends."""

    hours: Annotated[list[Amount], Field(min_length=1)]
    ends: list[Amount]
    mw: list[Amount]
    charge: list[Finite]
    left: Finite
    empty_h: Amount | None
    """Where the cell is empty before the day is over."""


class WaterfallStep(_Facts):
    """A step from gross to net."""

    step: str
    wh: Finite
    share: Finite


class TornadoBar(_Facts):
    """Hours at a figure's two ends."""

    figure: str
    hours_at_lowest: Amount
    hours_at_highest: Amount
    width: Amount
    lowest: Finite
    highest: Finite
    unit: str
    status: Status


class Peak(_Facts):
    """At the greatest current, at the end of the charge."""

    ma: Spread
    sag_mv: Spread
    margin_mv: Spread
    brownout_v: Finite
    terminals_v: Finite
    rest_v: Finite


class FigureRow(_Facts):
    """A figure or curve and where it is from."""

    key: str
    min: Finite | None = None
    typ: Finite | None = None
    max: Finite | None = None
    points: list[tuple[Finite, Finite, Finite, Finite]] | None
    unit: str
    x_unit: str | None
    mw: Finite
    hours_share: Finite
    status: Status
    source: str
    conditions: str
    bounds: str | None
    distribution: str


class EvidenceFacts(_Facts):
    """What the milliwatts rest on."""

    mw_by_status: dict[Status, Amount]
    assumed_mw: Amount
    assumed_share: Amount
    figures: list[FigureRow]


class EstimateRow(_Facts):
    """An item of the original estimate beside what it is now."""

    item: str
    estimate_mw: Amount | None
    mw: Finite
    difference_mw: Finite | None
    why: str
    part: bool
    """Of the item above it."""
    sum: bool


class Estimate(_Facts):
    """Against the original estimate."""

    says: str
    rows: list[EstimateRow]


class EngineHours(_Facts):
    """The two engines' hours."""

    expected: Amount
    simulated: Amount


class EnginePower(EngineHours):
    """The two engines' mean power."""

    difference: Finite


class Engines(_Facts):
    """How the two engines agree."""

    hours: EngineHours
    difference: Finite
    allowed: Amount
    agree: bool
    mw: EnginePower
    events: Count


class Change(_Facts):
    """A what-if, in the unit that its figure is written in."""

    key: str
    value: Finite
    unit: str


class Input(_Facts):
    """A file that was read."""

    path: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Verdict(_Facts):
    """Whether it lasts, and why."""

    meets: bool
    word: str
    sentence: Annotated[str, Field(min_length=1)]
    because: list[str]


class ReportDocument(_Facts):
    """All of a report."""

    report: Literal["earshot power report"]
    version: Literal[2]
    earshot: str
    command: str
    verdict: Verdict
    scenario: ScenarioFacts
    board: Board
    run: Run
    hours: Hours
    budget: BudgetFacts
    power: Power
    components: list[ComponentRow]
    states: list[StateRow]
    phases: list[PhaseRow]
    timeline: TimelineFacts
    waterfall: Annotated[list[WaterfallStep], Field(min_length=2)]
    tornado: list[TornadoBar]
    peak: Peak
    evidence: EvidenceFacts
    estimate: Estimate | None
    engines: Engines
    changes: list[Change]
    inputs: list[Input]
    notes: list[str]


def is_report(content: bytes) -> bool:
    """Whether `content` means to be a report's document, whole or not."""
    try:
        found = json.loads(content)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("report") == REPORT


def read(file: Path) -> dict[str, Any]:
    """The document in `file`; PowerError, with the next step, if it is none or damaged."""
    again = f"make it again with: power report -o {file.name}"
    try:
        content = file.read_bytes()
        ReportDocument.model_validate_json(content)
        facts: dict[str, Any] = json.loads(content)
    except OSError as error:
        raise PowerError(f"{file} cannot be read ({error.strerror}); {again}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        what = "".join(letter if letter.isprintable() else "?" for letter in f"{where}: {first['msg']}")
        raise PowerError(f"{file} is no report that can be read: {what}; {again}") from error
    return facts
