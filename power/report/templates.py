"""The report's templates: a name that a document lacks is an error, never an empty place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from power.report.shown import unit_text, words

if TYPE_CHECKING:
    from jinja2 import Template

FOLDER = Path(__file__).parent


def template(name: str, *, escaped: bool, **filters: Callable[..., Any]) -> Template:
    """The template `name`, with its own filters beside those that all have; escaped: what it is given is text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters, unit=unit_text, words=words)
    return environment.get_template(name)
