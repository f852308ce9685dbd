"""Routes: by latency or hops, ties the same way every time, quick to find; and anew whenever something fails."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations
from time import perf_counter
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import Wire, both, link, node

from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Link

MS = 1e-3


def net(links: list[Link], script: Any = (), **networking: Any) -> Wire:
    """Routers, and by default links over which 10 kB take 10 ms + 10 ms."""
    names = sorted({end for link in links for end in (link.source, link.target)})
    return Wire({name: node("router") for name in names}, links, script, **networking)


def way(wire: Wire, source: str, target: str) -> list[str]:
    """The links that a message would take now."""
    return [link.place for link in wire.network.route(wire.network.nodes[source], wire.network.nodes[target]).links]


def places(links: list[Link], source: str, target: str, **networking: Any) -> list[str]:
    return way(net(links, **networking), source, target)


def heard(wire: Wire) -> dict:
    """When each message arrived, in ms; None: lost."""
    wire.env.play()
    assert len(wire.heard) == len(dict(wire.heard))
    return {token: None if time is None else round(time / MS, 6) for token, time in wire.heard}


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


# --- criteria


def test_fewest_hops_against_least_latency():
    links = [*both("a", "b", latency=0.01), *both("a", "c", latency=0.001), *both("c", "b", latency=0.001)]
    assert places(links, "a", "b", routing="latency") == ["a→c", "c→b"]
    assert places(links, "a", "b", routing="hops") == ["a→b"]


def test_the_latency_breaks_ties_of_hops_and_names_those_of_both():
    links = [*both("a", "c", latency=0.002), *both("a", "d", latency=0.001)]
    links += [link for hub in "cd" for link in both(hub, "b", latency=0.001)]
    assert places(links, "a", "b", routing="hops") == ["a→d", "d→b"]
    equal = [link for hub in "dc" for end in "ab" for link in both(end, hub, latency=0.001)]
    for routing in ("hops", "latency"):
        assert places(equal, "a", "b", routing=routing) == ["a→c", "c→b"]


def test_sums_of_latencies_that_are_equal_are_a_tie_also_where_floats_are_not():
    assert 0.1 + 0.2 > 0.3
    around = [*both("a", "c", latency=0.1), *both("c", "b", latency=0.2)]
    assert places([*around, *both("a", "b", latency=0.3)], "a", "b") == ["a→b"]
    assert places([*around, *both("a", "b", latency=0.3 + 1e-9)], "a", "b") == ["a→c", "c→b"]


def test_there_is_one_route_for_two_nodes_and_over_one_link_it_is_the_links_own_send():
    wire = net(both("a", "b"))
    a, b = wire.network.nodes["a"], wire.network.nodes["b"]
    route = wire.network.route(a, b)
    assert wire.network.route(a, b) is route is not wire.network.route(b, a)
    route.send(0, 1, wire.done, wire.lost, "x")  # the way is looked for when the first message needs it
    assert route.send == wire.network.links["a", "b"].send
    b.set_state(False, 1.0)
    route.send(0, 1, wire.done, wire.lost, "y")
    assert route.send == wire.network.links["a", "b"].send


# --- failures


def triangle(script: Any = (), **values: Any) -> Wire:
    """a - b directly in 10 ms + 10 ms; by way of c in 10 ms + 20 ms, twice."""
    around = [*both("a", "c", latency=0.02), *both("c", "b", latency=0.02)]
    return net([*both("a", "b", **values), *around], script)


def test_while_the_direct_link_is_down_messages_take_the_detour():
    wire = triangle([Fault(at=0.1, lasts=0.2, link=("a", "b"), action="down")])
    for time in (0.0, 0.095, 0.15, 0.25, 0.301, 0.4):
        wire.send(time, "a", "b", 10_000, time)
    # what is on the link when it fails is lost; 10 + 20 + 10 + 20 ms around
    assert heard(wire) == {0.0: 20.0, 0.095: None, 0.15: 210.0, 0.25: 310.0, 0.301: 321.0, 0.4: 420.0}
    assert way(wire, "a", "b") == ["a→b"]


def test_a_node_that_is_down_is_avoided():
    links = [*both("a", "c"), *both("c", "b"), *both("a", "d", latency=0.1), *both("d", "b")]
    wire = net(links, [Fault(at=0.1, lasts=0.1, node="c", action="down")])
    seen = []
    for time in (0.05, 0.15, 0.25):
        wire.at(time, lambda: seen.append(way(wire, "a", "b")))
    wire.at(0.15, lambda: seen.append(way(wire, "a", "c")))
    wire.at(0.15, lambda: seen.append(way(wire, "c", "b")))
    wire.env.play()
    assert seen == [["a→c", "c→b"], ["a→d", "d→b"], ["a→c"], ["c→b"], ["a→c", "c→b"]]


def test_without_a_way_around_it_messages_are_sent_to_a_node_that_is_down():
    """It may be up again when they arrive: the second is at the hub at 30 ms."""
    wire = net([*both("a", "hub"), *both("hub", "b")], [Fault(at=0.0, lasts=0.025, node="hub", action="down")])
    wire.send(0.0, "a", "b", 10_000, "early")
    wire.send(0.01, "a", "b", 10_000, "late")
    assert heard(wire) == {"early": None, "late": 50.0}
    assert [(span[1], span[7]) for span in wire.spans] == [("a→hub", "lost"), ("a→hub", "ok"), ("hub→b", "ok")]


def test_without_any_way_messages_are_lost_at_once_and_leave_no_span():
    wire = net([*both("a", "hub"), *both("hub", "b")], [Fault(at=0.0, link=("hub", "b"), action="down")])
    wire.send(0.01, "a", "b", 10_000, "x")
    wire.env.play(until=0.0101)
    assert wire.heard == [("x", None)] and wire.spans == []
    assert way(wire, "a", "b") == []


def test_a_message_under_way_goes_on_as_the_routes_are_when_it_leaves_a_node():
    """On its way to h when h - b fails; from there it takes the detour by d."""
    links = [*both("a", "h"), *both("h", "b"), *both("h", "d"), *both("d", "b")]
    wire = net(links, [Fault(at=0.005, link=("h", "b"), action="down")])
    wire.send(0.0, "a", "b", 10_000, "x")
    assert heard(wire) == {"x": 60.0}
    assert [span[1] for span in wire.spans] == ["a→h", "h→d", "d→b"]


def test_a_message_may_have_to_go_back():
    """a - h - b; when it reaches h the only way left leads back by a, and it is the way that h's own messages take."""
    links = [*both("a", "h"), *both("h", "b"), *both("a", "d", latency=1.0), *both("d", "b")]
    wire = net(links, [Fault(at=0.005, link=("h", "b"), action="down")])
    wire.send(0.0, "a", "b", 10_000, "x")
    wire.env.play()
    assert [span[1] for span in wire.spans] == ["a→h", "h→a", "a→d", "d→b"]


@pytest.mark.parametrize("failing", [{"link": ("h", "b")}, {"node": "h"}])
def test_who_hears_of_a_loss_already_sends_another_way(failing: dict):
    """Lost at 5 ms with its link, or the node that sent it, and sent again at that moment, by way of d: 50 ms."""
    links = [
        *both("a", "h", bandwidth=1e9, latency=0.0),
        *both("h", "b"),
        *both("a", "d", latency=0.02),
        *both("d", "b"),
    ]
    wire = net(links, [Fault(at=5 * MS, action="down", **failing)])
    route = wire.network.route(wire.network.nodes["a"], wire.network.nodes["b"])
    lost = []

    def again(token: str) -> None:
        lost.append((token, wire.env.s))
        route.send(0, 10_000, wire.done, wire.lost, "again")

    wire.at(0, lambda: route.send(0, 10_000, wire.done, again, "x"))
    assert heard(wire) == {"again": 55.0}
    assert lost == [("x", 5 * MS)]
    assert [span[1] for span in wire.spans] == ["a→h", "h→b", "a→d", "d→b"]


def test_a_flow_stays_on_its_path_and_the_next_one_takes_the_better():
    """Fair links: a - b is down until 5 ms; what began on the detour goes on there."""
    ends = [("a", "b", 0.01), ("a", "c", 0.02), ("c", "b", 0.02)]
    links = [link(*pair, latency=latency).model_copy(update={"sharing": "fair"}) for *pair, latency in ends]
    wire = net(links, [Fault(at=0.0, lasts=5 * MS, link=("a", "b"), action="down")])
    wire.send(1 * MS, "a", "b", 10_000, "detour")
    wire.send(6 * MS, "a", "b", 10_000, "direct")
    assert heard(wire) == {"direct": 26.0, "detour": 51.0}


ENDS = list(permutations("abcde", 2))
GRAPHS = st.dictionaries(st.sampled_from(ENDS), st.integers(0, 3), min_size=1)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(GRAPHS, st.sets(st.sampled_from(ENDS), max_size=5), st.sampled_from(["latency", "hops"]))
def test_after_any_failures_each_route_is_the_best_of_all_paths(graph, down, routing):
    """And where several are equally good, the first by names, so that every node on it agrees about the rest."""
    links = [link(*ends, latency=latency * MS) for ends, latency in graph.items()]
    wire = Wire({name: node("router") for name in "abcde"}, links, routing=routing)
    for source, target in ENDS:
        way(wire, source, target)  # remembered, and to be forgotten
    for ends in down & graph.keys():
        wire.network.links[ends].set_state(False)
    for source, target in ENDS:
        found = []
        for count in range(4):
            for between in permutations(set("abcde") - {source, target}, count):
                path = list(pairwise([source, *between, target]))
                if all(ends in graph and ends not in down for ends in path):
                    latency = sum(graph[ends] for ends in path)
                    criteria = (latency, len(path)) if routing == "latency" else (len(path), latency)
                    found.append((*criteria, path))
        expected = min(found)[2] if found else []
        assert way(wire, source, target) == [f"{here}→{there}" for here, there in expected]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 7),
    st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 6)), st.sampled_from([0.0, 0.001, 0.002]), max_size=20),
    st.sampled_from(["latency", "hops"]),
    st.data(),
)
def test_ways_are_those_that_networkx_finds(count: int, pairs: dict, by: str, data: st.DataObject) -> None:
    """Of the shortest by one criterion and then the other, the one whose next node comes first by name; asked in any
    order."""
    names = [f"n{number}" for number in range(count)]
    ends = [(names[a], names[b]) for a, b in pairs if a != b and max(a, b) < count]
    links = [link(a, b, latency=pairs[int(a[1]), int(b[1])]) for a, b in ends]
    wire = Wire({name: node("router") for name in names}, links, routing=by)
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    for one in links:
        ms = round(one.latency / MS)
        graph.add_edge(one.target, one.source, cost=(100 * ms + 1 if by == "latency" else 100 + ms))
    for source, target in data.draw(st.permutations([*permutations(names, 2)])):
        before, _ = nx.dijkstra_predecessor_and_distance(graph, target, weight="cost")
        expected, here = [], source
        while here != target and here in before:
            there = min(before[here])
            expected.append(f"{here}→{there}")
            here = there
        assert way(wire, source, target) == expected
