"""Routes and scripted faults against times worked out by hand."""

from __future__ import annotations

import pytest
from worlds import FakeCost, Wire, both, node, play, spans_of

from simnet.network.faults.spec import Fault
from simnet.scenario import load_scenario

MS = 1e-3
TEN_MEGABIT = {"bandwidth": 1.25e6, "latency": 5 * MS}


def pair(script=(), **values) -> Wire:
    """Two nodes, 10 Mbit/s and 5 ms apart: 10 kB sent at once arrive after 13 ms."""
    nodes = {"a": node("device"), "b": node("edge")}
    return Wire(nodes, both("a", "b", **{**TEN_MEGABIT, **values}), script)


def heard(wire: Wire) -> dict:
    wire.env.play()
    assert len(wire.heard) == len(dict(wire.heard))
    return {token: None if time is None else round(time / MS, 6) for token, time in wire.heard}


def test_a_router_stores_and_forwards():
    """8 ms + 5 ms to the hub, where the whole message waits for the slower link: 16 ms + 1 ms each."""
    nodes = {"a": node("device"), "b": node("device"), "hub": node("router"), "c": node("edge")}
    links = [
        *both("a", "hub", **TEN_MEGABIT),
        *both("b", "hub", **TEN_MEGABIT),
        *both("hub", "c", bandwidth=0.625e6, latency=1 * MS),
    ]
    wire = Wire(nodes, links)
    wire.send(0, "a", "c", 10_000, "first")
    wire.send(1 * MS, "b", "c", 10_000, "second")
    assert heard(wire) == {"first": 30.0, "second": 46.0}
    assert [round(span[4] / MS, 6) for span in spans_of(wire.network, "hub→c")] == [13.0, 29.0]
    assert wire.network.hops == 4


def test_each_link_adds_its_own_header():
    nodes = {"a": node("device"), "hub": node("router"), "c": node("edge")}
    links = [*both("a", "hub", header=100), *both("hub", "c", header=40)]
    wire = Wire(nodes, links)
    wire.send(0, "a", "c", 1000, "x")
    wire.env.play()
    assert [(span[1], span[6]) for span in wire.spans] == [("a→hub", 1100), ("hub→c", 1040)]


def test_routes_have_the_least_latency_then_the_fewest_hops():
    nodes = {name: node("router") for name in "abcd"}
    detour = Wire(
        nodes, [*both("a", "b", latency=0.005), *both("a", "c", latency=0.001), *both("c", "b", latency=0.003)]
    )
    route = detour.network.route(detour.network.nodes["a"], detour.network.nodes["b"])
    assert [line.place for line in route.links] == ["a→c", "c→b"]
    equal = Wire(nodes, [*both("a", "b", latency=0.0), *both("a", "c", latency=0.0), *both("c", "b", latency=0.0)])
    route = equal.network.route(equal.network.nodes["a"], equal.network.nodes["b"])
    assert [line.place for line in route.links] == ["a→b"]


def test_directions_of_a_link_do_not_share_its_bandwidth():
    wire = pair()
    wire.send(0, "a", "b", 10_000, "there")
    wire.send(0, "b", "a", 10_000, "back")
    assert heard(wire) == {"there": 13.0, "back": 13.0}


def test_a_node_that_goes_down_loses_its_queue_and_unsent_messages_but_not_what_already_propagates():
    """At 10 ms: 'travels' left at 8 ms, 'half sent' is being transmitted, 'unsent' waits behind it."""
    wire = pair([Fault(at=10 * MS, lasts=20 * MS, node="a", action="down")])
    for token in ("travels", "half sent", "unsent"):
        wire.send(0, "a", "b", 10_000, token)
    wire.compute(0, "a", 50e6, "running")
    wire.compute(0, "a", 50e6, "waiting")
    wire.compute(12 * MS, "a", 1e6, "asked while down")
    wire.compute(31 * MS, "a", 1e6, "afterwards")
    wire.send(31 * MS, "a", "b", 10_000, "sent afterwards")
    assert heard(wire) == {
        "travels": 13.0,
        "half sent": None,
        "unsent": None,
        "running": None,
        "waiting": None,
        "asked while down": None,
        "afterwards": 32.0,
        "sent afterwards": 44.0,
    }


def test_a_router_that_goes_down_loses_what_it_holds():
    nodes = {"a": node("device"), "hub": node("router"), "c": node("edge")}
    links = [*both("a", "hub", **TEN_MEGABIT), *both("hub", "c", **TEN_MEGABIT)]
    wire = Wire(nodes, links, [Fault(at=20 * MS, lasts=10 * MS, node="hub", action="down")])
    wire.send(0, "a", "c", 10_000, "held")  # at the hub from 13 ms, on its way until 21 ms
    wire.send(10 * MS, "a", "c", 10_000, "arrives while it is down")  # at the hub at 23 ms
    wire.send(20 * MS, "a", "c", 10_000, "arrives later")  # at the hub at 33 ms
    assert heard(wire) == {"held": None, "arrives while it is down": None, "arrives later": 46.0}


def test_overlapping_outages_end_with_the_last():
    script = [
        Fault(at=0.1, lasts=0.2, link=("a", "b"), action="down"),
        Fault(at=0.2, lasts=0.2, link=("a", "b"), action="down"),
    ]
    wire = pair(script)
    for time in (0.05, 0.15, 0.25, 0.35, 0.45):
        wire.send(time, "a", "b", 10_000, time)
    assert heard(wire) == {0.05: 63.0, 0.15: None, 0.25: None, 0.35: None, 0.45: 463.0}


def test_up_ends_every_outage_that_has_begun():
    script = [
        Fault(at=0.1, lasts=0.5, node="b", action="down"),
        Fault(at=0.2, node="b", action="down"),
        Fault(at=0.3, node="b", action="up"),
        Fault(at=0.5, lasts=0.05, node="b", action="down"),
    ]
    wire = pair(script)
    for time in (0.25, 0.35, 0.52, 0.58, 0.7):
        wire.send(time, "a", "b", 1, time)
    arrived = heard(wire)
    assert [time for time, at in arrived.items() if at is None] == [0.25, 0.52]


def test_of_several_bandwidths_the_latest_holds_and_the_links_own_returns():
    script = [
        Fault(at=1.0, lasts=4.0, link=("a", "b"), action="bandwidth", value=0.125e6),
        Fault(at=2.0, lasts=1.0, link=("a", "b"), action="bandwidth", value=0.625e6),
    ]
    wire = pair(script)
    for time in (0.0, 1.5, 2.5, 3.5, 5.5):
        wire.send(time, "a", "b", 10_000, time)
    taken = {time: round(at - time / MS, 6) for time, at in heard(wire).items()}
    assert taken == {0.0: 13.0, 1.5: 85.0, 2.5: 21.0, 3.5: 85.0, 5.5: 13.0}


def test_slow_downs_multiply_and_an_outage_does_not_end_them():
    script = [
        Fault(at=1.0, lasts=6.0, node="a", action="slow", value=2.0),
        Fault(at=2.0, lasts=2.0, node="a", action="slow", value=3.0),
        Fault(at=5.0, lasts=0.5, node="a", action="down"),
    ]
    wire = pair(script)
    for time in (0.5, 1.5, 2.5, 4.5, 5.2, 6.0, 7.5):
        wire.compute(time, "a", 100e6, time)
    taken = {time: None if at is None else round(at - time / MS, 6) for time, at in heard(wire).items()}
    assert taken == {0.5: 100.0, 1.5: 200.0, 2.5: 600.0, 4.5: 200.0, 5.2: None, 6.0: 200.0, 7.5: 100.0}


def test_a_fault_of_one_direction_leaves_the_other_alone():
    wire = pair([Fault(at=0.0, link=("a", "b"), action="down")])
    wire.send(0.1, "a", "b", 10_000, "there")
    wire.send(0.1, "b", "a", 10_000, "back")
    assert heard(wire) == {"there": None, "back": 113.0}


BURST = """
data: plaza
samples: 1
workload: {every: 1 s}
nodes:
  camera[1..3]: {tier: device, speed: 1 GFLOP/s}
  hub: {tier: router}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: [camera*, hub], bandwidth: 1e6 Gbit/s, latency: 0}
  - {between: [hub, edge], bandwidth: 10 Mbit/s, latency: 5 ms}
  - {between: [edge, cloud], bandwidth: 10 Mbit/s, latency: 5 ms}
systems:
  ddnn: {thresholds: 1.0}
"""


def test_a_burst_described_in_a_file_arrives_at_13_21_29_ms(tmp_path):
    """Three cameras hand 10 kB each to a hub at the same time; one link leads on from there."""
    file = tmp_path / "burst.yaml"
    file.write_text(BURST, encoding="utf-8")
    scenario = load_scenario(file)
    cost = FakeCost(flop={"device": 0.0, "edge": 2e6, "cloud": 4e6}, report=10_000)
    world = play(scenario, cost=cost)
    ends = [span[5] / MS for span in spans_of(world, "hub→edge")]
    assert ends == pytest.approx([13, 21, 29], abs=1e-6)
