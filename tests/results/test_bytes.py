"""From where to where bytes went: a message's belong to its ends, whatever it passes; sums worked out by hand."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from worlds import Wire, both, node, plan_of, play, rows, tiered_scenario, world_scenario

from simnet.clock import seconds
from simnet.network.addressed import ends_of
from simnet.network.faults.spec import Fault
from simnet.results.lives import Lives
from simnet.results.result import SystemResult
from simnet.results.steps import Steps
from simnet.results.summary import node_tiers, summarize
from simnet.scenario import Scenario
from simnet.systems.options import Reply
from simnet.systems.policies.heartbeat import Heartbeat
from simnet.world.captures import captures
from simnet.world.recording import spans_table
from simnet.world.world import World

HUB = {"bandwidth": 1e7, "latency": 0.001}


def bytes_of(scenario: Scenario) -> dict[str, Any]:
    """The summary's bytes of a scenario's only system."""
    world = play(scenario)
    captured = captures(scenario)
    lives = Lives.of(captured, np.zeros(len(captured), np.int64), world.endings, world.env.now)
    return summarize(result_of(world, scenario, lives), node_tiers(scenario.model_dump()))["bytes"]


def result_of(world: World, scenario: Scenario, lives: Lives) -> SystemResult:
    plan = plan_of(scenario)
    return SystemResult(
        name="it", system="it", exits=plan.exits, codec="fp32", lives=lives, samples=None,
        spans=spans_table(Steps.of(world.network.spans)), forced=None, raw_sample_bytes={}, thresholds={},
        inference={}, weights={}, simulated_time=seconds(world.env.now), hops=world.network.hops,
    )  # fmt: skip


@pytest.mark.parametrize("hub", [None, HUB])
def test_requests_to_cameras_behind_a_router_are_none_to_the_cloud(hub: dict[str, Any] | None):
    """Ten samples of six cameras: 1,000 B of report, asked with 4 B for 9,000 B of features; nobody asks the cloud."""
    scenario = world_scenario(
        system="ada-ddnn", upload="on_request", hub=hub, samples=10, thresholds={"edge-1": 0.0, "edge-2": 1.0}
    )
    sent = bytes_of(scenario)
    assert sent["sent"] == {"device→edge": 10 * 6 * 10_000, "edge→device": 10 * 6 * 4}
    assert (sent["device_to_edge"], sent["edge_to_cloud"]) == (600_000, 0)
    assert sent["total"] == (600_000 + 240) * (1 if hub is None else 2)


@pytest.mark.parametrize(("to", "back"), [("none", {}), ("edge", {"cloud→edge": 5 * 996})])
def test_what_reaches_the_cloud_is_edge_to_cloud(to: Literal["none", "edge"], back: dict[str, int]):
    """20 kB up for each sample; its answer, if wanted at the edge, comes back with 4 B for each of 249 classes."""
    base = world_scenario(samples=5, thresholds=0.0, hub=HUB)
    spec = base.systems["ddnn"].model_copy(update={"reply": Reply(to=to)})
    sent = bytes_of(base.model_copy(update={"systems": {"ddnn": spec}}))
    assert sent["sent"]["edge→cloud"] == sent["edge_to_cloud"] == 5 * 20_000
    assert sent["sent"]["device→edge"] == sent["device_to_edge"] == 5 * 6 * 10_000
    assert {way: size for way, size in sent["sent"].items() if way.startswith("cloud")} == back


def test_an_edge_that_forwards_is_no_source():
    """Cameras 4 to 6 hang on the second edge; their reports pass it on the way to the first, where all meet.

    Of each of the six 10 kB of report and 9 kB of features, asked for with no bytes; the second edge's scores: 10 kB.
    """
    scenario = tiered_scenario("devices+edges+cloud", gateway=False, thresholds={"local": 0.0, "edge": 1.0}, samples=3)
    sent = bytes_of(scenario)
    assert sent["sent"] == {"device→edge": 3 * 6 * 19_000, "edge→edge": 3 * 10_000}
    assert sent["edge_to_cloud"] == 0


def test_what_edges_tell_each_other_over_a_router_is_none_to_the_cloud():
    base = tiered_scenario("devices+edges+cloud", gateway=False, thresholds={"local": 0.0, "edge": 1.0}, samples=3)
    links = [link for link in base.links if {link.source, link.target} != {"edge1", "edge2"}]
    links += [*both("edge1", "router", **HUB), *both("router", "edge2", **HUB)]
    scenario = base.model_copy(update={"links": links, "nodes": {**base.nodes, "router": node("router")}})
    assert bytes_of(scenario)["sent"] == bytes_of(base)["sent"]
    assert bytes_of(scenario)["edge_to_cloud"] == 0


def test_raw_views_for_the_cloud_are_the_devices():
    """Six views of 50 kB; the cloud is the first and last that they meet."""
    sent = bytes_of(tiered_scenario("cloud only", samples=2))
    assert sent["sent"] == {"device→cloud": 2 * 6 * 50_000}
    assert sent["device_to_edge"] == 2 * 6 * 50_000 and sent["edge_to_cloud"] == 0


def test_heartbeats_belong_to_their_cameras():
    base = world_scenario(samples=5, thresholds=1.0, hub=HUB)
    spec = base.systems["ddnn"].model_copy(update={"heartbeat": Heartbeat(every=0.1, size=8)})
    beating = bytes_of(base.model_copy(update={"systems": {"ddnn": spec}}))
    more = beating["device_to_edge"] - bytes_of(base)["device_to_edge"]
    assert [*beating["sent"]] == ["device→edge"] and more >= 6 * 8 * 40 and more % 8 == 0


@pytest.mark.parametrize("sharing", [("fifo", "fifo"), ("fair", "fair"), ("fair", "fifo"), ("fifo", "fair")])
def test_every_hop_knows_the_ends_of_its_message(sharing: tuple[str, str]):
    """Three ways over the same links: all of it, its first link and its second."""
    first, second = sharing
    wire = Wire(
        {name: node("router") for name in "abc"},
        [*both("a", "b", sharing=first, header=10), *both("b", "c", sharing=second, header=20)],
    )
    for time, (source, target) in enumerate([("a", "c"), ("a", "b"), ("b", "c"), ("c", "a")]):
        wire.send(float(time), source, target, 1000, source + target)
    wire.env.run()
    hops = [(ends_of(span), span[1], span[6]) for span in wire.network.spans]
    assert hops == [
        ("a→c", "a→b", 1010), ("a→c", "b→c", 1020), ("a→b", "a→b", 1010), ("b→c", "b→c", 1020),
        ("c→a", "c→b", 1020), ("c→a", "b→a", 1010),
    ]  # fmt: skip
    assert all(span[0] == 0 for span in wire.network.spans)
    assert spans_table(Steps.of(wire.network.spans))["message"].to_pylist() == [ends for ends, _, _ in hops]


def test_a_message_that_goes_another_way_keeps_its_ends():
    """From a to d by b; when it is there, b–d is down, and it goes on by c."""
    down = Fault(link=("b", "d"), action="down", at=0.005, lasts=10.0)
    ways = [*both("a", "b"), *both("b", "d"), *both("b", "c"), *both("c", "d")]
    wire = Wire({name: node("router") for name in "abcd"}, ways, [down])
    wire.send(0.0, "a", "d", 1000, "it")
    wire.env.run()
    assert [(ends_of(span), span[1]) for span in wire.network.spans] == [
        ("a→d", "a→b"), ("a→d", "b→c"), ("a→d", "c→d"),
    ]  # fmt: skip


def test_a_sample_knows_all_its_bytes_still():
    scenario = world_scenario(samples=2, thresholds=1.0, hub=HUB)
    assert [row["bytes"] for row in rows(play(scenario), scenario)] == [6 * 20_000] * 2
