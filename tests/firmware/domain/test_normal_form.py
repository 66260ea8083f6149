import pytest
from hypothesis import given, settings

from firmware.domain.graph import Arc, DomainError, Graph, Kind, Network, Word, silent_costs
from firmware.domain.normal_form import normal_form
from tests.firmware.domain.domain_graphs import graphs, phrases

YES = Word("yes", (("Y", "EH", "S"),))


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_it_says_the_same_phrases_at_the_same_costs(graph):
    expected = phrases(graph, 3)
    try:
        normal = normal_form(graph)
    except DomainError:
        assert not phrases(graph, 6)
        return
    assert phrases(normal, 3) == pytest.approx(expected)


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_its_rules_hold_and_it_stays_as_it_is(graph):
    try:
        normal = normal_form(graph)
    except DomainError:
        return
    assert normal_form(normal) == normal
    for index, network in enumerate(normal.networks):
        assert not silent_costs(network, {}).keys() & network.finals.keys()
        for arc in network.arcs:
            assert arc.kind != Kind.EPSILON or arc.target > arc.source
            assert arc.kind != Kind.CALL or arc.label > index


def test_a_domain_without_a_word_has_no_normal_form():
    graph = Graph("nothing", (YES,), (Network("root", 2, {1: 0.0}, (Arc(0, 1, Kind.EPSILON),)),))
    with pytest.raises(DomainError, match="has no phrase"):
        normal_form(graph)
