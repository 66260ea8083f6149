"""The TOML that `power fit` writes: figures as a component's file has them, under the component's name.

    [apollo3.figures.pdm]
    min = ...

Its tables go into one's own components/apollo3.toml as [figures.pdm] (see `power components --help`).
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from power.errors import PowerError
from power.figures import Figure
from power.figures import Source as FigureSource
from power.traces.determine import Fitted
from power.traces.fit import Fit


def figures(result: Fit, found: Sequence[Fitted], today: date) -> dict[str, Figure]:
    """The figures that may be called measured, by their key, such as "apollo3.run"."""
    made: dict[str, Figure] = {}
    # Where a figure follows from two sums, the narrower interval stays.
    for each in sorted(found, key=_width):
        if not each.measured or each.value is None or each.key in made:
            continue
        states = ", ".join(row.state for row in result.states if not row.too_little)
        held = (
            f"; {', '.join(each.held)} held at {'their' if len(each.held) > 1 else 'its'} figures" if each.held else ""
        )
        accuracy = f", instrument within {100 * result.accuracy:g} %" if result.accuracy else ""
        made[each.key] = Figure(
            min=_digits(each.value.min),
            typ=_digits(each.value.typ),
            max=_digits(each.value.max),
            unit=each.unit,
            conditions=f"{result.parts.title}, supply {result.volts:.3g} V, firmware {result.firmware}{held}",
            source=_source(result, states, today),
            status="measured",
            distribution="normal",
            bounds=f"95 % interval of the fit{accuracy}{', with the ranges of what is held' if each.held else ''}",
        )
    return made


def _width(each: Fitted) -> float:
    return math.inf if each.value is None else (each.value.max - each.value.min) / abs(each.value.typ or math.inf)


def _digits(value: float) -> float:
    return float(f"{value:.5g}")


def _source(result: Fit, states: str, today: date) -> FigureSource:
    traces = "; ".join(f"{source.trace.facts.source} by {source.trace.instrument}" for source in result.sources)
    hashes = ", ".join(f"sha256 {source.trace.facts.sha256}" for source in result.sources)
    starts = [source.trace.started for source in result.sources]
    taken = ", ".join(sorted({f"{start:%Y-%m-%d}" for start in starts if start is not None}))
    when = f"taken {taken}" if taken else f"fitted {today:%Y-%m-%d}"
    return FigureSource(document=f"trace {traces}", revision=hashes, where=f"{when}; states {states}; power fit")


def write(path: Path, result: Fit, found: Sequence[Fitted], today: date) -> dict[str, Figure]:
    """Writes what may be called measured, and, as comments, what may not; the figures that it wrote."""
    made = figures(result, found, today)
    lines = [
        f"# Figures of {result.parts.name} by power fit, {today:%Y-%m-%d}.",
        "# Each table goes into the component's file in your own folder of parts, as [figures.NAME].",
    ]
    for key, figure in made.items():
        part, _, name = key.rpartition(".")
        lines += ["", f"[{part}.figures.{name}]"]
        lines += [f"{word} = {value!r}" for word, value in zip(("min", "typ", "max"), figure.range, strict=True)]
        source = figure.source
        lines += [
            f"unit = {_text(figure.unit)}",
            f"conditions = {_text(figure.conditions)}",
            f"source = {{ document = {_text(source.document)}, revision = {_text(source.revision or '')}, "
            f"where = {_text(source.where or '')} }}",
            f"status = {_text(figure.status)}",
            f"distribution = {_text(figure.distribution)}",
            f"bounds = {_text(figure.bounds or '')}",
        ]
    for each in found:
        if each.key not in made:
            lines += ["", f"# {each.key}: not written: {each.remark}"]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise PowerError(f"{path} cannot be written: {error.strerror}") from error
    return made


def _text(value: str) -> str:
    """A basic TOML string, whose escapes are JSON's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def load(path: Path) -> dict[str, Figure]:
    """The figures of such a file by their key; PowerError naming what does not hold."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PowerError(f"{path}: {error}") from error
    found = {}
    for part, tables in document.items():
        for name, table in (tables.get("figures") or {}).items() if isinstance(tables, dict) else ():
            try:
                found[f"{part}.{name}"] = Figure.model_validate(table)
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(step) for step in first["loc"])
                raise PowerError(f"{path}: {part}.figures.{name}: {place}: {first['msg']}") from error
    return found
