"""The report as PDF: the HTML page, set by WeasyPrint.

WeasyPrint and not a browser: it is a Python package that installs with pip, its pages depend on no machine's browser,
and it writes bookmarks and the document's title.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from power.errors import PowerError
from power.report import html

_VARIABLE = re.compile(r"var\(--([\w-]+)\)")
_FONTS = "Liberation Sans, DejaVu Sans, Arial, sans-serif"


def render(facts: Mapping[str, Any]) -> bytes:
    """The PDF of a document; PowerError, with the line that installs it, where WeasyPrint is missing."""
    try:
        weasyprint = import_module("weasyprint")
    except ImportError as error:
        raise PowerError("a PDF needs WeasyPrint; install it with: pip install 'earshot[power]'") from error
    except OSError as error:
        # The package is there, a library of the system that it loads is not.
        raise PowerError(f"WeasyPrint cannot start ({error}); on Debian: apt-get install libpango-1.0-0") from error
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    page = re.sub(r"<svg .*?</svg>", lambda drawing: _resolved(drawing[0]), html.render(facts), flags=re.DOTALL)
    pdf: bytes = weasyprint.HTML(string=page, url_fetcher=_refuse).write_pdf()
    return pdf


def _resolved(svg: str) -> str:
    """A drawing with its colours in place of variables, which WeasyPrint does not look up inside of one."""
    light = _light_colours()
    return _VARIABLE.sub(lambda name: light[name[1]], svg).replace("<svg ", f'<svg font-family="{_FONTS}" ', 1)


def _light_colours() -> dict[str, str]:
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", style.split("@media", 1)[0]))


def _refuse(url: str, *_: object, **__: object) -> dict[str, Any]:
    raise ValueError(f"a report loads nothing, and {url} was asked for")
