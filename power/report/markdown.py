"""The report as Markdown, for a pull request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from power.report.shown import Document, unit_text, words


def render(facts: Mapping[str, Any]) -> str:
    """The Markdown of a document."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    document = Document(facts)

    def number(place: str, unit: str = "", digits: int | None = 3, **how: Any) -> str:
        return document.number(place, unit, digits, **how).text

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = cell
    environment.filters["unit"] = unit_text
    environment.filters["words"] = words
    text = environment.get_template("report.md.jinja").render(d=facts, n=number)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def cell(text: str) -> str:
    """`text` on one line, with nothing in it that ends a cell or is taken for mark-up."""
    return re.sub(r"([\\|<>*`\[\]])", r"\\\1", " ".join(str(text).split()))
