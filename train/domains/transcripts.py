"""Sentences for n-gram models: lines of text as rows of words."""

from __future__ import annotations

from train.domains.parser import read_source
from train.domains.tokens import spelling

TEXT_SIZE_MAX = 200_000_000
"""Bytes of a text file."""


def read_text(name: str, data: bytes) -> list[list[str]]:
    """The sentences of a file, one a line; empty lines are passed over.

    Raises:
        TextError: it is no text in UTF-8.
        ValueError: a line has what cannot be said.
    """
    source = read_source(name, data, TEXT_SIZE_MAX)
    rows = (spelled(line, f"{name}:{number}") for number, line in enumerate(source.lines, start=1))
    return [row for row in rows if row]


def spelled(text: str, where: str) -> list[str]:
    """The words of a sentence, as domains write them. ValueError, beginning with `where`, for one that is none."""
    found = []
    for run in text.split():
        word = spelling(run)
        if word is None:
            raise ValueError(f"{where}: {run!r} is no word; write it as it is said")
        if word:
            found.append(word)
    return found
