"""The report as Markdown, for a pull request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from power.report.shown import Document
from power.report.templates import template


def render(facts: Mapping[str, Any]) -> str:
    """The Markdown of a document."""
    document = Document(facts)

    def number(place: str, unit: str = "", digits: int | None = 3, **how: Any) -> str:
        return document.number(place, unit, digits, **how).text

    text = template("report.md.jinja", escaped=False, cell=cell).render(d=facts, n=number)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def cell(text: str) -> str:
    """`text` on one line, with nothing in it that ends a cell or is taken for mark-up."""
    return re.sub(r"([\\|<>*`\[\]])", r"\\\1", " ".join(str(text).split()))
