"""Routes through meshes: quick to find, least latency first, then fewest hops, the same every time."""

from __future__ import annotations

from itertools import combinations
from time import perf_counter

import pytest
from worlds import Wire, both, node

from simnet.scenario.schema import Link


def places(links: list[Link], source: str, target: str) -> list[str]:
    names = sorted({end for link in links for end in (link.source, link.target)})
    network = Wire({name: node("router") for name in names}, links).network
    return [link.place for link in network.route(network.nodes[source], network.nodes[target]).links]


def mesh(size: int, latency: float) -> list[Link]:
    """As `between: [router*, router*]` makes it."""
    names = [f"router{number}" for number in range(size)]
    return [link for pair in combinations(names, 2) for link in both(*pair, latency=latency)]


@pytest.mark.parametrize("latency", [0.0, 0.01])
def test_a_mesh_of_routers_routes_at_once(latency: float):
    links = [*both("a", "router0", latency=latency), *mesh(14, latency), *both("router13", "b", latency=latency)]
    begin = perf_counter()
    assert places(links, "a", "b") == ["a→router0", "router0→router13", "router13→b"]
    assert perf_counter() - begin < 5  # one by one the paths would take hours


def test_latency_comes_before_hops_and_hops_break_ties():
    slow, quick = both("a", "b", latency=0.003), [*both("a", "c", latency=0.001), *both("c", "b", latency=0.001)]
    assert places([*slow, *quick], "a", "b") == ["a→c", "c→b"]
    free = [*both("a", "d", latency=0.0), *both("d", "c", latency=0.0), *both("c", "e", latency=0.0)]
    assert places([*slow, *quick, *free], "a", "b") == ["a→d", "d→c", "c→b"]  # 1 ms, the way round
    equal = [*both("a", "c", latency=0.0), *free]
    assert places([*slow, *equal, *both("e", "b", latency=0.001)], "a", "b") == ["a→c", "c→e", "e→b"]


def test_equal_routes_do_not_depend_on_the_order_of_the_links():
    ways = [link for hub in "xyz" for end in "ab" for link in both(end, hub, latency=0.001)]
    assert places(ways, "a", "b") == places(ways[::-1], "a", "b")
