"""Graphs that nobody draws: very deep, very wide; and the same graph for networkx."""

from __future__ import annotations

import networkx as nx
import pytest

from simnet.models.graph import INPUT, MOST_ARCS, Graph, GraphError, Part, Segment, Take
from simnet.models.networks.ddnn import Ddnn


def test_a_chain_of_thousands_is_walked_without_a_stack() -> None:
    """The last part lives on the view, and dies with any arc on its way."""
    first = Segment("s0", (Take(INPUT),), scores=False)
    chain = [Segment(f"s{n}", (Take(f"s{n - 1}"),), exit="end" if n == 2999 else None) for n in range(1, 3000)]
    graph = Graph(1, (3, 4, 4), [first, *chain], 2)
    last = Part("s2999")
    assert graph.alive(last, graph.all) and graph.key(last, graph.all) == graph.all
    assert not graph.alive(last, graph.all & ~(1 << 1500))
    assert graph.views_of(last, graph.all) == 1


def test_more_arcs_than_can_be_walked_are_refused() -> None:
    """Each of a thousand copies takes of each of a thousand: a million."""
    wide = [Segment("low", (Take(INPUT),), 1000), Segment("high", (Take("low"),), 1000)]
    with pytest.raises(GraphError, match=f"segment 'high': copies of segments take more than {MOST_ARCS:,} things"):
        Graph(1, (3, 4, 4), [*wide, Segment("end", (Take("high"),), exit="end")], 2)


def test_networkx_sees_the_same_graph() -> None:
    graph = Ddnn(Ddnn.for_data("plaza", 6, (32, 32), 10)).graph
    seen = graph.networkx
    assert nx.is_directed_acyclic_graph(seen)
    arcs = {number: (source, target) for source, target, number in seen.edges(data="arc")}
    assert arcs == {number: (arc.source, arc.target) for number, arc in enumerate(graph.arcs)}
    assert nx.descendants(seen, Part(INPUT, 2)) == {Part("device", 2), Part("edge"), Part("cloud")}
