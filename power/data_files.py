"""Reading the data files of `power`: TOML into checked models, where each complaint names file, line and key.

A folder of one's own (`--parts DIR` or EARSHOT_PARTS), laid out like the shipped one, comes before it.
"""

from __future__ import annotations

import difflib
import os
import tomllib
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from power.errors import PowerError
from power.toml_lines import Place, line_of, lines

SHIPPED = Path(__file__).parent
PARTS_VARIABLE = "EARSHOT_PARTS"
Folder = Literal["components", "boards", "scenarios"]
Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]

_LARGEST = 1_000_000
"""Bytes: far beyond any file of facts, and little enough to read at once."""


class Facts(BaseModel):
    """Base of what a data file holds: all keys known, nothing changed after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def complaints(cls, document: dict[str, Any]) -> Iterator[tuple[Place, str]]:
        """What else is wrong with a file's content, which may be of any form; by place, one sentence each."""
        yield from ()

    def misfits(self) -> Iterator[tuple[Place, str]]:
        """What of a file that holds does not fit with the files that it names; by place, one sentence each."""
        yield from ()


class NamedFacts(Facts):
    """The whole of a file NAME.toml."""

    name: Text
    title: Text


Model = TypeVar("Model", bound=NamedFacts)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a data file."""

    path: Path
    line: int
    key: str
    what: str

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return _printable(f"{self.path}:{self.line}: {key}{self.what}")


_own_folder: Path | None = None


def use_parts(folder: Path | None) -> Path | None:
    """Has `folder` come before the shipped files, in place of EARSHOT_PARTS; None returns to that. Returns `folder`."""
    global _own_folder  # noqa: PLW0603 - one search path for the process, as its environment is
    if folder is not None and not any((folder / name).is_dir() for name in typing.get_args(Folder)):
        raise PowerError(f"{folder} is no folder of parts; it must have a folder components/, boards/ or scenarios/")
    _own_folder = folder
    return folder


PartsOption = Annotated[
    Path | None,
    typer.Option(
        "--parts",
        help="Folder of your own components/, boards/, scenarios/, searched before the shipped ones.",
        metavar="DIR",
        show_default=f"${PARTS_VARIABLE}",
        callback=use_parts,
        is_eager=True,
    ),
]
"""The option of a command that reads parts."""


def folders(kind: Folder) -> list[Path]:
    """Where files of a kind are looked for, in this order; folders that are not there are left out."""
    own = _own_folder
    if own is None and os.environ.get(PARTS_VARIABLE):
        own = Path(os.environ[PARTS_VARIABLE])
        if not own.is_dir():
            raise PowerError(f"{PARTS_VARIABLE} names {own}, which is no folder; correct or unset it")
    roots = [SHIPPED] if own is None else [own, SHIPPED]
    return [root / kind for root in roots if (root / kind).is_dir()]


def names(kind: Folder) -> list[str]:
    """What the files of a kind describe, in alphabetical order."""
    return sorted({path.stem for folder in folders(kind) for path in folder.glob("*.toml")})


def find(kind: Folder, name: str) -> Path:
    """The file that describes `name`; PowerError, with the names that there are, if none does."""
    for folder in folders(kind):
        # Compared, not opened: a name may be any text, such as one that leads out of the folder.
        for path in folder.glob("*.toml"):
            if path.stem == name:
                return path
    known = names(kind)
    raise PowerError(
        _printable(f"there is no {kind[:-1]} {name!r}{_meant(name, known)}; there are: {', '.join(known) or 'none'}")
    )


def load(model: type[Model], kind: Folder, name: str) -> Model:
    """What the file `name` of a kind holds; PowerError if there is none or it does not hold."""
    path = find(kind, name)
    return _read_once(model, path, path.stat().st_mtime_ns, tuple(folders("components")))


@lru_cache(maxsize=512)
def _read_once(model: type[Model], path: Path, changed: int, beside: tuple[Path, ...]) -> Model:
    return read(model, path)


def read(model: type[Model], path: Path) -> Model:
    """The data file `path`; PowerError, in one sentence, with the first thing that is wrong with it."""
    facts, problems = check(model, path)
    if facts is None or problems:
        more = f" (and {len(problems) - 1} more in this file)" if len(problems) > 1 else ""
        raise PowerError(f"{problems[0]}{more}")
    return facts


def check(model: type[Model], path: Path) -> tuple[Model | None, list[Problem]]:
    """The data file `path` and all that is wrong with it, in the order of the file; None where it cannot be had."""
    try:
        text = _text(path)
        document = tomllib.loads(text)
    except OSError as error:
        return None, [Problem(path, 1, "", f"cannot be read ({error.strerror or error})")]
    except UnicodeDecodeError as error:
        return None, [Problem(path, 1, "", f"is no text in UTF-8 (byte {error.start}); save it as that")]
    except RecursionError:
        return None, [Problem(path, 1, "", "is nested too deep to be a file of facts")]
    except ValueError as error:
        return None, [Problem(path, _line_in(str(error)), "", f"is no TOML: {error}")]
    where = lines(text)
    facts, wrong = None, list(model.complaints(document))
    try:
        facts = model.model_validate(document)
    except ValidationError as error:
        wrong += [(_place(entry["loc"]), _sentence(model, entry)) for entry in error.errors(include_url=False)]
    if facts is not None and not wrong:
        wrong += facts.misfits()
    if document.get("name", path.stem) != path.stem:
        wrong.append((("name",), f"is {document['name']!r}, but the file is {path.name!r}; make them agree"))
    # Where a key is refused twice, its form is at fault, and that is said first.
    found = dict.fromkeys(sorted(wrong, key=lambda each: line_of(where, each[0])))
    problems = [Problem(path, line_of(where, place), _dotted(place), what) for place, what in found]
    return (None if problems else facts), problems


def _text(path: Path) -> str:
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} bytes")
    return path.read_bytes().decode("utf-8")


def _line_in(message: str) -> int:
    """The line that tomllib names in its message; 1 if none."""
    words = message.replace(",", " ").replace(")", " ").split()
    try:
        return int(words[words.index("line") + 1])
    except (ValueError, IndexError):
        return 1


def _place(loc: tuple[int | str, ...]) -> Place:
    return tuple(part for part in loc if part != "[key]")


def _dotted(place: Place) -> str:
    """A place as one writes it: figures.run.min, points[2]."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def _sentence(model: type[BaseModel], entry: Any) -> str:
    """What pydantic found, in the words of the file."""
    kind = entry["type"]
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        known = _keys_at(model, entry["loc"][:-1])
        return f"is not known here{_meant(str(entry['loc'][-1]), known)}; there are: {', '.join(known)}"
    if kind == "finite_number":
        return "must be a finite number"
    if kind == "string_too_short":
        return "is empty; say it"
    text = str(entry["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]


def _keys_at(model: Any, loc: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at `loc` may have."""
    for part in loc:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = _table_in(model.model_fields[str(part)].annotation)
    return list(model.model_fields)


def _table_in(annotation: Any) -> Any:
    """The model that a type is, or that it holds: of dict[str, Figure] and Source | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in typing.get_args(annotation) if (found := _table_in(inner))), None)


def _meant(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
