"""DAPDEE on the engine, in numbers that are worked out by hand.

The device does 1 GFLOP/s, the edge 10. `a` costs 4 MFLOP and gives 100 B, `exit-1` behind it 1, `b` 6, `exit-2` none.
A view is 1,000 B. Of ten classes an answer is 44 B. Up to exit-2 that is, for bandwidths of 10⁴, 10⁵, 10⁶ B/s, in ms:

    all on the device   10
    a on the device     4 + (104 + 44 B) + 0.6:   19.4,  6.08,  4.748
    all on the edge     (1,004 + 44 B) + 1:       105.8, 11.48, 2.048

Up to exit-1: 5 on the device; on the edge 0.5 and the same bytes.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from worlds import FREE, both, fake_ask, node, world_scenario

from simnet.models.cards.card import Card
from simnet.models.graph import INPUT, Graph, Segment, Take
from simnet.network.faults.spec import Fault
from simnet.results.steps import in_seconds
from simnet.scenario import Scenario
from simnet.systems.dapdee import Dapdee, DapdeeOptions
from simnet.systems.partition.cuts import greatest_throughput, least_latency, minimum_cut
from simnet.systems.partition.dag import Dag
from simnet.systems.partition.slices import slices_of
from simnet.systems.roles import Place, Unfit, places
from simnet.workloads.periodic import Periodic
from simnet.world.captures import captures
from simnet.world.plan import Plan
from simnet.world.world import World

GRAPH = Graph(
    1,
    (1, 10, 100),
    [
        Segment("a", (Take(INPUT),), sends=(25, 1, 1), scores=False, flop=4_000_000, **FREE),
        Segment("exit-1", (Take("a"),), exit="exit-1", flop=1_000_000, **FREE),
        Segment("b", (Take("a"),), sends=(50, 1, 1), scores=False, flop=6_000_000, **FREE),
        Segment("exit-2", (Take("b"),), exit="exit-2", flop=0, **FREE),
    ],
    10,
)
ACCURACY = {"exit-1": 0.89, "exit-2": 0.90}
TO_A, TO_1, TO_B, TO_2 = 1, 2, 4, 8
"""The graph's arcs."""


def scene(
    bandwidth: float = 1e5,
    *,
    samples: int = 1,
    every: float = 1.0,
    duration: float | None = None,
    latency: float = 0.0,
    header: int = 0,
    script: list[Fault] | None = None,
    **options: Any,
) -> Scenario:
    base = world_scenario(samples=samples, duration=duration, workload=Periodic(every=every), script=script or [])
    options = {"decision": 0.0, "reply": "device", **options}
    spec = DapdeeOptions(system="dapdee", weights="none", **options)
    nodes = {"camera": node("device"), "edge": node("edge", speed=1e10)}
    links = both("camera", "edge", bandwidth=bandwidth, latency=latency, header=header)
    return base.model_copy(update={"nodes": nodes, "links": links, "systems": {"dapdee": spec}})


def play(
    scenario: Scenario, ask: Any = fake_ask, codec: str = "fp32", accuracy: dict[str, float] | None = None
) -> World:
    spec = scenario.systems["dapdee"]
    told = {"validation": ACCURACY if accuracy is None else accuracy}
    values = {"graph": GRAPH.as_dict(), "architecture": {"codec": "fp32"}, "forced_accuracy": told}
    card = Card(Path("none.json"), values)
    there = places(Dapdee.roles, scenario.nodes, (None,))
    plan = Plan(
        name="dapdee", kind=Dapdee, options=spec, card=card, exits=tuple(GRAPH.exits), thresholds={"exit-1": 0.5},
        rules={}, instead={}, codec=codec, places=there, stand_ins=[[] for _ in there],
        data=scenario.data,
    )  # fmt: skip
    world = World(scenario, plan, ask, captures(scenario))
    world.play()
    return world


def ends(world: World) -> list[tuple[str, float]]:
    """Exit (or reason) and ms from capture to end of every sample."""
    captured = world._captured
    found = []
    for begun, ending in zip(captured, world.endings, strict=True):
        assert ending is not None
        name = ending.reason if ending.decision is None else ending.decision.exit
        found.append((str(name), round((ending.at - begun) / 1e9, 6)))
    return found


def plans(world: World) -> dict[str, Any]:
    (system,) = world.systems[0]
    return dict(system.policy_report()["plans"])


DEVICE = "exit-2, device 3 of 3"
INSIDE = "exit-2, device 1 of 3 (sends a)"
EDGE = "exit-2, device 0 of 3"


@pytest.mark.parametrize(
    ("bandwidth", "plan", "latency"), [(1e4, DEVICE, 10.0), (1e5, INSIDE, 6.08), (1e6, EDGE, 2.048)]
)
def test_the_cut_goes_by_the_bandwidth(bandwidth: float, plan: str, latency: float) -> None:
    """More bandwidth, fewer layers on the device (Fig. 7 [S]); what was predicted is what happens."""
    world = play(scene(bandwidth))
    assert ends(world) == [("exit-2", latency)]
    assert plans(world)["samples"] == {plan: 1}
    (system,) = world.systems[0]
    assert system.choose().loads.latency * 1e3 == pytest.approx(latency, rel=1e-12)


def test_latency_and_headers_of_links_are_predicted() -> None:
    """A way of 3 ms, headers of 40 B: raw 1.044 + 1 + 0.084 + 6 is less than 4.788 + 6 by `a`; with 5 ms 10 is less."""
    for latency, expected in ((0.003, 8.128), (0.005, 10.0)):
        world = play(scene(1e6, latency=latency, header=40))
        assert ends(world) == [("exit-2", expected)]
        (system,) = world.systems[0]
        assert system.choose().loads.latency * 1e3 == pytest.approx(expected, rel=1e-12)


def test_the_ledger_of_a_sample() -> None:
    """What crosses the cut and 4 B up, 44 B down, nothing where the device does it all."""
    spans = {
        bandwidth: [(place, size) for _, place, kind, *_, size, _ in world.network.spans if kind == "transfer"]
        for bandwidth in (1e4, 1e5, 1e6)
        for world in [play(scene(bandwidth))]
    }
    assert spans == {
        1e4: [],
        1e5: [("camera→edge", 104), ("edge→camera", 44)],
        1e6: [("camera→edge", 1_004), ("edge→camera", 44)],
    }
    (up, size), (down, back) = (
        (place, size)
        for _, place, kind, *_, size, _ in play(scene(1e5), codec="1bit").network.spans
        if kind == "transfer"
    )
    assert (up, size, down, back) == ("camera→edge", 4 + 25 * 4 + 4, "edge→camera", 44)  # 25 bits, two fp16 a channel


def test_the_reply_is_asked_for() -> None:
    assert ends(play(scene(1e5, reply="none"))) == [("exit-2", 5.64)]
    assert ends(play(scene(1e5, reply={"to": "device", "size": 1_000}))) == [("exit-2", 10.0)]  # then 15.64 is too long


@pytest.mark.parametrize(
    ("deadline", "exit_name", "met"),
    [(None, "exit-2", 1), (0.0101, "exit-2", 1), (0.0099, "exit-1", 1), (0.0049, "exit-1", 0), (0.0, "exit-1", 0)],
)
def test_a_deadline_chooses_the_exit(deadline: float | None, exit_name: str, met: int) -> None:
    """At 10⁴ B/s all is done on the device, in 10 or 5 ms; what none meets is answered as soon as can be."""
    world = play(scene(1e4, samples=3, deadline=deadline))
    assert ends(world) == [(exit_name, {"exit-1": 5.0, "exit-2": 10.0}[exit_name])] * 3
    told = plans(world)
    assert told["decisions"] == 2 and told["unmet"] == 2 * (1 - met)


def test_accuracy_that_must_not_be_lost() -> None:
    """1 point is less than 1.2 [S]; at most half a point, or unknown, and the deadline is missed."""
    assert ends(play(scene(1e4, deadline=0.006))) == [("exit-1", 5.0)]
    assert ends(play(scene(1e4, deadline=0.006, accuracy_loss=0.005))) == [("exit-2", 10.0)]
    assert ends(play(scene(1e4, deadline=0.006), accuracy={})) == [("exit-2", 10.0)]


def test_fixed_planners() -> None:
    found = {name: ends(play(scene(1e5, planner=name))) for name in ("device-only", "edge-only", "neurosurgeon")}
    assert found == {
        "device-only": [("exit-2", 10.0)],
        "edge-only": [("exit-2", 11.48)],
        "neurosurgeon": [("exit-2", 6.08)],
    }


def test_decisions_are_charged_and_told() -> None:
    """A device that is four times slower: `a` takes 16 ms, and all on the edge 11.48 as before.

    It is decided at 1 s, in 2 ms · 4; who is captured meanwhile waits for that, by the former plan. 16 B tell the edge.
    """
    slow = Fault(at=0.5, node="camera", action="slow", value=4.0)
    world = play(scene(1e5, samples=3, every=1.001, decision=0.002, script=[slow]))
    # The second is captured at 1.001 s and begins at 1.008: 7 ms, 16 of `a` and 2.08.
    assert ends(world) == [("exit-2", 6.08), ("exit-2", 25.08), ("exit-2", 11.48)]
    told = plans(world)
    assert told["decisions"] == 2 and told["changes"] == 1
    assert told["samples"] == {INSIDE: 2, EDGE: 1}
    steps = in_seconds(world.network.spans)
    decided = [(begun, end) for sample, place, kind, _, begun, end, *_ in steps if (sample, place) == (-1, "camera")]
    assert decided == [(1.0, 1.008), (2.0, 2.008)]
    assert [step[6] for step in steps if step[0] == -1 and step[2] == "transfer"] == [16]


def test_a_narrower_link_is_noticed() -> None:
    """From 10⁶ to 10⁴ B/s. The k-th message that is slow leaves an estimate of 10⁴ + 990,000·(9/11)^k.

    That is more than 20 % less than at the last decision after every second one, and after the eighth (208,800) less
    than the 250,000 below which a cut at `a` is quicker: from the next sample on.
    """
    narrow = Fault(at=2.5, link=("camera", "edge"), action="bandwidth", value=1e4)
    world = play(scene(1e6, samples=14, script=[narrow], period=100.0))
    assert [time for _, time in ends(world)] == [2.048] * 3 + [101.444] * 8 + [15.044] * 3
    told = plans(world)
    assert told["decisions"] >= 4 and told["changes"] == 1
    assert told["samples"] == {EDGE: 11, INSIDE: 3}


def test_samples_under_way_keep_their_plan() -> None:
    """Captured under the plan of before, it goes on with it after the change."""
    slow = Fault(at=0.999, node="camera", action="slow", value=4.0)
    world = play(scene(1e5, samples=2, every=0.999, script=[slow]))
    # Captured at 0.999 s: a takes 16 ms, in which it is decided (at 1 s) that the edge does it all.
    assert ends(world) == [("exit-2", 6.08), ("exit-2", 18.08)]
    assert plans(world)["changes"] == 1 and plans(world)["samples"] == {INSIDE: 2}


def test_the_edge_tells_its_load() -> None:
    """Forty times slower, the edge is heard of with the first answer: then the device does it all, in 10 ms."""
    slow = Fault(at=0.0, node="edge", action="slow", value=40.0)
    world = play(scene(1e5, samples=3, script=[slow]))
    assert ends(world) == [("exit-2", 29.48), ("exit-2", 10.0), ("exit-2", 10.0)]  # decided at 1 s, before the capture


def test_a_probe_finds_that_the_link_is_quicker() -> None:
    wide = Fault(at=0.5, link=("camera", "edge"), action="bandwidth", value=1e6)
    without = play(scene(1e4, samples=30, script=[wide]))
    assert ends(without) == [("exit-2", 10.0)] * 30
    probed = play(scene(1e4, samples=30, script=[wide], probe=100))
    assert ends(probed)[0] == ("exit-2", 10.0) and ends(probed)[-1] == ("exit-2", 6.404)  # the way back is as before


def test_who_waited_for_a_message_that_was_lost_is_timed_alone() -> None:
    """104 B at 10⁴ B/s take 10.4 ms: the first from 4 to 14.4 ms, to an edge that is down; the second until 24.8 ms.

    So that one tells of 10⁴ B/s, though it was sent at 8 ms. Captured at 4 ms, it is answered 0.6 + 0.44 ms later.
    """
    narrow = Fault(at=0.0, link=("camera", "edge"), action="bandwidth", value=1e4)
    down = Fault(at=0.0, lasts=0.02, node="edge", action="down")
    world = play(scene(1e5, samples=2, every=0.004, script=[narrow, down]))
    assert ends(world) == [("message lost", 14.4), ("exit-2", 21.84)]
    (system,) = world.systems[0]
    assert system.uplink.bandwidth.estimate == pytest.approx(1e5 - 2 / 11 * 9e4)


def test_a_way_back_that_is_down_does_not_count_as_none() -> None:
    """With an answer of 1,000 B the device does it all (10 ms, else 15.64), also when it is decided in the outage."""
    down = Fault(at=0.5, lasts=1.0, link=("edge", "camera"), action="down")
    world = play(scene(1e5, samples=3, every=0.7, reply={"to": "device", "size": 1_000}, script=[down]))
    assert ends(world) == [("exit-2", 10.0)] * 3 and plans(world)["changes"] == 0


def test_throughput_under_heavy_load() -> None:
    """One sample every 3 ms, where the device needs 4 for its part: it is decided for the throughput, 1/4 ms."""
    world = play(scene(1e5, samples=400, every=0.003, period=0.3))
    done = [begun + round(time * 1e9) for begun, (_, time) in zip(world._captured, ends(world), strict=True)]
    gaps = {round((b - a) / 1e9, 6) for a, b in pairwise(done[100:])}
    assert gaps == {4.0}
    (system,) = world.systems[0]
    assert system.choose().loads.slowest == pytest.approx(0.004)
    assert plans(world)["heavy"] == plans(world)["decisions"] == 5


@pytest.mark.parametrize(("codec", "coded"), [("fp32", 0), ("int8", TO_B)])
def test_what_the_network_is_asked(codec: str, coded: int) -> None:
    """All that the exit depends on has arrived; coded is what crossed the cut, not what heads on the device take."""
    asked = []

    def ask(exit_name: str, sample: int, upstream: int) -> tuple[int, float]:
        asked.append((exit_name, upstream))
        return fake_ask(exit_name, sample, upstream)

    play(scene(1e5), ask, codec)
    play(scene(1e4, deadline=0.006), ask, codec)
    arcs = len(GRAPH.arcs)
    assert asked == [("exit-2", TO_A | TO_B | TO_2 | coded << arcs), ("exit-1", TO_A | TO_1)]


def test_exits_of_samples() -> None:
    """With `sample_exits` those that are sure at exit-1 leave there, after its head's 1 ms on the device."""

    def ask(exit_name: str, sample: int, upstream: int) -> tuple[int, float]:
        return 0, 0.1 if exit_name == "exit-1" and sample % 2 else 0.9

    world = play(scene(1e5, samples=4, sample_exits=True), ask)
    assert ends(world) == [("exit-2", 7.08), ("exit-1", 5.0)] * 2
    on_the_edge = play(scene(1e6, samples=4, sample_exits=True), ask)  # 0.4 and 0.1, then 0.6
    assert ends(on_the_edge) == [("exit-2", 2.148), ("exit-1", 1.548)] * 2


def test_the_head_of_the_chosen_exit_runs_where_the_plan_says() -> None:
    """An edge eight times slower: up to exit-1 `a` on the device, its head there: 4 + 0.104 + 0.8 + 0.044 ms.

    All on the device are 5 ms, on the edge 5.048; exit-2 takes 8.948 at least and the deadline is 6. The first sample
    goes by what the edge is said to be: 1.004 + 3.2 + 0.8 of exit-1's head, which is not sure, + 4.8 + 0.044.
    """
    slow = Fault(at=0.0, node="edge", action="slow", value=8.0)
    scenario = scene(1e6, samples=2, every=1.5, deadline=0.006, sample_exits=True, script=[slow])
    assert ends(play(scenario, lambda *_: (0, 0.9))) == [("exit-2", 9.848), ("exit-1", 4.948)]


def test_who_is_down() -> None:
    """A source that is down has no sample; an edge that is down loses those that are sent to it."""
    down = [
        Fault(at=0.5, lasts=1.0, node="camera", action="down"),
        Fault(at=2.5, lasts=1.0, node="edge", action="down"),
    ]
    world = play(scene(1e5, samples=5, script=down))
    assert [name for name, _ in ends(world)] == ["exit-2", "device down", "exit-2", "message lost", "exit-2"]


def test_a_device_that_is_down_sends_no_raw_image() -> None:
    """All would be done on the edge, and no answer is wanted back: there is no sample all the same."""
    down = Fault(at=0.0, node="camera", action="down")
    world = play(scene(1e6, planner="edge-only", reply="none", script=[down]))
    assert ends(world) == [("device down", 0.0)] and not list(world.network.spans)


def test_what_it_cannot_cut() -> None:
    place = Place(None, {"device": ("camera",), "edge": ("edge",)}, {"camera": 0})
    options = DapdeeOptions(system="dapdee", weights="none")
    two = Graph(2, (3, 4, 4), [Segment("all", (Take(INPUT),), exit="only")], 3)
    with pytest.raises(Unfit, match="it cuts networks of one view; this one has 2"):
        Dapdee.fit(two, place, options)
    copies = [Segment("eye", (Take(INPUT),), 2, scores=False), Segment("all", (Take("eye"),), exit="only")]
    with pytest.raises(Unfit, match="segments have one copy; 'eye' has several"):
        Dapdee.fit(Graph(1, (3, 4, 4), copies, 3), place, options)
    with pytest.raises(Unfit, match="none is for 'camera'"):
        Dapdee.fit(GRAPH, Place(None, place.nodes, {"camera": 1}), options)


def test_what_cannot_be_sent_is_not_cut() -> None:
    """A codec that looks at channels sends no vectors, and what has no shape is not sent at all: other cuts remain."""

    def sizes(shape: tuple[int, ...] | None, codec: str) -> float:
        segments = [
            Segment("a", (Take(INPUT),), sends=shape, scores=False, flop=1),
            Segment("only", (Take("a"),), exit="only", flop=1),
        ]
        return slices_of(Graph(1, (3, 4, 4), segments, 3), codec)["only"].size[1]

    assert sizes((16,), "fp32") == 64 and sizes((2, 2, 2), "int8") == 16
    assert sizes((16,), "int8") == sizes(None, "fp32") == float("inf")
    dag = Dag((0, 1, 9), (0, 11, 1), (5, float("inf"), 0), ((0, 1), (1, 2)))
    assert least_latency(dag) == minimum_cut(dag) == greatest_throughput(dag) == {0, 1, 2}


def test_memory_is_that_of_the_whole() -> None:
    place = Place(None, {"device": ("camera",), "edge": ("edge",)}, {"camera": 0})
    for planner, hosts in (("dapdee", {"camera", "edge"}), ("device-only", {"camera"}), ("edge-only", {"edge"})):
        found = Dapdee.hosts(GRAPH, place, DapdeeOptions(system="dapdee", weights="none", planner=planner))
        assert set(found) == hosts and all(parts == list(GRAPH.parts) for parts in found.values())
