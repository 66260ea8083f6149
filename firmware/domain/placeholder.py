"""A domain of two words, for an image that is built before there is a real one: `python -m firmware.domain.placeholder`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firmware.domain.binary import encode
from firmware.domain.graph import Arc, Graph, Kind, Network, Word


def graph() -> Graph:
    """Yes or no."""
    words = (Word("yes", (("Y", "EH", "S"),), None), Word("no", (("N", "OW"),), None))
    arcs = tuple(Arc(0, 1, Kind.WORD, word, 0.7) for word in range(len(words)))
    return Graph("placeholder", words, (Network("root", 2, {1: 0.0}, arcs),))


def main(out: Annotated[Path, typer.Option(metavar="FILE.domain", help="The file to write.")]) -> None:
    """Write the domain."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(encode(graph()))


if __name__ == "__main__":
    typer.run(main)
