"""The demo says what the default domain understands."""

from functools import cache
from pathlib import Path

import pytest

from firmware.domain import binary
from firmware.domain.graph import Graph, Kind
from host.demo_clip import LINES

TRAVEL = Path(__file__).parents[2] / "firmware/models/domains/travel.domain"


def understands(graph: Graph, words: tuple[str, ...]) -> bool:
    """Some path through the root network says just these words."""

    @cache
    def ends(network: int, state: int, at: int) -> frozenset[int]:
        """How many words may be gone when the network is left."""
        found = {at} if state in graph.networks[network].finals else set()
        for arc in graph.networks[network].arcs:
            if arc.source != state:
                continue
            if arc.kind is Kind.CALL:
                for after in ends(arc.label, 0, at):
                    found |= ends(network, arc.target, after)
            elif arc.kind is Kind.EPSILON:
                found |= ends(network, arc.target, at)
            else:
                said = tuple(graph.words[arc.label].text.split())
                if words[at : at + len(said)] == said:
                    found |= ends(network, arc.target, at + len(said))
        return frozenset(found)

    return len(words) in ends(0, 0, 0)


def spoken(text: str) -> tuple[str, ...]:
    return tuple("".join(letter for letter in text.lower() if letter.isalpha() or letter in " '").split())


@pytest.mark.skipif(not TRAVEL.exists(), reason="there is no travel domain")
def test_each_line_of_the_demo_is_a_phrase_of_the_travel_domain():
    graph = binary.decode(TRAVEL.read_bytes())
    for _, _, text in LINES:
        assert not text or understands(graph, spoken(text)), text
    assert not understands(graph, spoken("The mitochondria is the powerhouse of the cell"))
