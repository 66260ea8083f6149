"""The report as one HTML file that needs nothing else: no network, no script, charts inline, light and dark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from power.report.charts import draw
from power.report.shown import Document
from power.report.templates import FOLDER, template


def render(facts: Mapping[str, Any]) -> str:
    """The page of a document."""
    from markupsafe import Markup

    document = Document(facts)

    def number(place: str, unit: str = "", digits: int | None = 3, **how: Any) -> Markup:
        shown = document.number(place, unit, digits, **how)
        return Markup('<data value="{}" data-of="{}">{}</data>').format(repr(shown.value), shown.place, shown.text)

    page = template("report.html.jinja", escaped=True, css_text=css_text, breakable=breakable)
    return page.render(
        d=facts,
        n=number,
        style=Markup((FOLDER / "style.css").read_text(encoding="utf-8")),
        charts={name: Markup(svg) for name, svg in draw(document).items()},
    )


def breakable(key: str) -> Any:
    """A key of a figure that may go on in the next line behind its dots and underlines."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"([._])", r"\1<wbr>", str(escape(key))))


def css_text(text: str) -> Any:
    """`text` for the inside of a string in a style sheet in HTML, whatever stands in it."""
    from markupsafe import Markup

    return Markup(re.sub(r"[^\w .,:+-]", lambda letter: f"\\{ord(letter[0]):x} ", text))
