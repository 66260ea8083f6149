"""`power components`: the parts that the model knows, what stands behind their figures, whether their files hold."""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from power import data_files
from power.data_files import Folder, NamedFacts, PartsOption, Problem
from power.errors import PowerError
from power.figures import STATUSES, BoardParts, Component, Curve, Figure
from power.kinds import KINDS
from power.scenario import Scenario

_PAGE_WIDTH = 160
"""Columns where the output is no terminal."""


def components(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Components to show with every figure; with --check: files.", metavar="[NAME]..."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Check files, and print all that is wrong with them.")] = False,
    kind: Annotated[str | None, typer.Option(help=f"Only one kind: {', '.join(KINDS)}.", metavar="KIND")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as one JSON document.")] = False,
    parts: PartsOption = None,
) -> None:
    """List the components that boards are made of; show the figures of some; check files.

    Each figure has a least, a typical and a greatest value, its conditions, its source and what stands behind it. A
    figure without a source does not load. What a file must have, and how to write one: power/components/README.md.

    \b
    Examples:
      power components
      power components apollo3 cell_300mah
      power components --kind microphone --json | jq '.[].name'
      power components --check                        all that is found, your own too
      power components --check my/components/mic.toml
      power components --parts my                     with your own, which come first

    \b
    Exit code: 1 if a file is refused, 2 if a component or file is not there.

    \b
    --json: a list of name, kind, title, file, statuses (how many figures of each);
    of named ones figures and curves too.
    --check --json: a list of file, line, key, what.
    """
    del parts
    if check:
        _check([Path(name) for name in names or []] or _all_files(), as_json)
    elif names:
        _show([_found(name, kind) for name in names], as_json)
    else:
        _list(kind, as_json)


def problems_of(path: Path) -> list[Problem]:
    """All that is wrong with one data file, in its order."""
    return data_files.check(_model(path), path)[1]


def _check(paths: list[Path], as_json: bool) -> None:
    for path in paths:
        if not path.is_file():
            raise PowerError(f"there is no file {path}; name a .toml file, or none to check all that are found")
    problems = [problem for path in paths for problem in problems_of(path)]
    if as_json:
        document = [{"file": str(p.path), "line": p.line, "key": p.key, "what": p.what} for p in problems]
        print(json.dumps(document, indent=2))
    else:
        for problem in problems:
            print(problem)
        refused = len({problem.path for problem in problems})
        print(f"{len(paths) - refused} of {len(paths)} files hold" + (f", {refused} refused" if refused else ""))
    if problems:
        raise typer.Exit(1)


def _all_files() -> list[Path]:
    kinds: tuple[Folder, ...] = ("components", "boards", "scenarios")
    return sorted(path for kind in kinds for folder in data_files.folders(kind) for path in folder.glob("*.toml"))


def _model(path: Path) -> type[NamedFacts]:
    """What a file describes: by its folder, or else by a key that only one kind of file has."""
    models: dict[str, type[NamedFacts]] = {"components": Component, "boards": BoardParts, "scenarios": Scenario}
    if path.absolute().parent.name in models:
        return models[path.absolute().parent.name]
    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Component
    return BoardParts if "mcu" in keys else Scenario if "hours" in keys and "kind" not in keys else Component


def _found(name: str, kind: str | None) -> Component:
    part = data_files.load(Component, "components", name)
    if kind is not None and part.kind != kind:
        raise PowerError(f"component {name} is a {part.kind}, not a {kind}; leave --kind out")
    return part


def _list(kind: str | None, as_json: bool) -> None:
    if kind is not None and kind not in KINDS:
        raise PowerError(f"there is no kind {kind!r}; there are: {', '.join(KINDS)}")
    found: list[Component] = []
    problems: list[Problem] = []
    for name in data_files.names("components"):
        part, wrong = data_files.check(Component, data_files.find("components", name))
        problems += wrong
        if part is not None and kind in {None, part.kind}:
            found.append(part)
    found.sort(key=lambda part: (list(KINDS).index(part.kind), part.name))
    if as_json:
        print(json.dumps([_summary(part) for part in found], indent=2))
    else:
        _print(_table_of(found))
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise typer.Exit(1)


def _table_of(found: list[Component]) -> Table:
    table = _table("component", "kind", *STATUSES, "title")
    for part in found:
        statuses = _statuses(part)
        counts = [str(statuses[status] or "") for status in STATUSES]
        _row(table, part.name, part.kind, *counts, part.title)
    return table


def _show(parts: list[Component], as_json: bool) -> None:
    if as_json:
        print(json.dumps([_document(part) for part in parts], indent=2))
        return
    for part in parts:
        table = _table("figure", "min", "typ", "max", "unit", "status", "conditions", "source")
        for name, figure in part.figures.items():
            values = [f"{value:g}" for value in figure.range]
            _row(table, name, *values, figure.unit, figure.status, figure.conditions, _source(figure))
        for name, curve in part.curves.items():
            for row, (x, *ends) in enumerate(curve.points):
                evidence = [curve.status, curve.conditions, _source(curve)] if row == 0 else ["", "", ""]
                at = f"{name} at {x:g} {curve.x_unit}"
                _row(table, at, *(f"{value:g}" for value in ends), curve.unit, *evidence)
        _print(f"{part.name}: {part.title} ({KINDS[part.kind].what})", table, "")


def _source(figure: Figure | Curve) -> str:
    spread = "" if figure.distribution in {"triangular", "fixed"} else f" [{figure.distribution}]"
    return str(figure.source) + (f"; {figure.bounds}" if figure.bounds else "") + spread


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in columns:
        numeric = name in {"min", "typ", "max", *STATUSES}
        table.add_column(
            name, justify="right" if numeric else "left", no_wrap=name not in {"title", "conditions", "source"}
        )
    return table


def _row(table: Table, *cells: str) -> None:
    """A row of plain text: a file's own text may hold brackets, which are no markup."""
    table.add_row(*(Text(cell) for cell in cells))


def _print(*what: Any) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = _PAGE_WIDTH
    for each in what:
        if isinstance(each, str):
            console.print(each, markup=False, highlight=False, soft_wrap=True)
        else:
            console.print(each)


def _statuses(part: Component) -> Counter[str]:
    return Counter(figure.status for figure in (*part.figures.values(), *part.curves.values()))


def _summary(part: Component) -> dict[str, Any]:
    return {
        "name": part.name,
        "kind": part.kind,
        "title": part.title,
        "file": str(data_files.find("components", part.name)),
        "statuses": {status: _statuses(part)[status] for status in STATUSES},
    }


def _document(part: Component) -> dict[str, Any]:
    return {**_summary(part), **part.model_dump(mode="json", include={"figures", "curves"})}
