"""Joules against hand sums: computing, idling, bytes, batches, samples; and batteries that run empty."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import pytest
from worlds import FakeCost, Wire, both, charge_of, link, node, play, views_in, world_scenario

from simnet.clock import ticks
from simnet.network.faults.spec import Fault
from simnet.network.line import Span
from simnet.network.nodes.spec import Batching, PowerModel
from simnet.network.work import Work
from simnet.results.ledger import Ledger
from simnet.results.sections.energy import Energy, energy_of
from simnet.results.steps import Steps
from simnet.scenario import Scenario
from simnet.workloads.periodic import Periodic
from simnet.world.world import World

LATE = 1.5e-12
"""Energies are floats: their sum may be used up a picosecond later, of which the whole counts."""
LINK = "camera1→edge"
POWER = PowerModel(idle=2.0, busy=6.0, send=1e-6, receive=5e-7)
"""4 W more while it computes, 1 J per MB sent, half a joule per MB received."""


def ledger_of(world: World, scenario: Scenario) -> Ledger:
    network = world.network
    up_times = {name: one.up_time for name, one in network.nodes.items()}
    return Ledger(scenario.nodes, Steps.of(network.spans, network.joined), up_times, len(world.endings))


def powered(scenario: Scenario, *names: str, **values: Any) -> Scenario:
    update = {"power": POWER, **values}
    nodes = {n: one.model_copy(update=update) if n in names else one for n, one in scenario.nodes.items()}
    return scenario.model_copy(update={"nodes": nodes})


def by_clock(sample: int, place: str, kind: str, times: Sequence[float], size: int = 0) -> Span:
    """A span that ended well, of three times in s."""
    queued, started, ended = map(ticks, times)
    return sample, place, kind, queued, started, ended, size, "ok"


def test_every_joule_of_one_sample_by_hand() -> None:
    """1 ms on camera1, 10 kB to the edge, 2 ms there, 20 kB on to the cloud; it ends at 57 ms."""
    scenario = powered(world_scenario(cameras=1, thresholds=0.0), "camera1", "edge")
    world = play(scenario)
    length = 0.001 + 0.02 + 0.002 + 0.03 + 0.004
    assert world.env.now == ticks(length)
    ledger = ledger_of(world, scenario)
    camera = {"idle": 2 * length, "busy": 4 * 0.001, "sent": 0.01, "received": 0.0}
    edge = {"idle": 2 * length, "busy": 4 * 0.002, "sent": 0.02, "received": 0.005}
    assert ledger.nodes["camera1"] == pytest.approx(camera)
    assert ledger.nodes["edge"] == pytest.approx(edge)
    assert set(ledger.nodes) == {"camera1", "edge"}
    dynamic = 0.004 + 0.01 + 0.008 + 0.02 + 0.005
    assert ledger.samples.tolist() == pytest.approx([dynamic])
    report = energy_of(scenario, ledger, 1, {}, length)
    assert report["total"] == pytest.approx(dynamic + 4 * length)
    assert report["dynamic_per_sample"] == pytest.approx(dynamic)
    assert report["nodes"]["edge"]["total"] == pytest.approx(sum(edge.values()))
    assert report["without"] == ["cloud"]


def test_samples_and_nodes_add_up_to_the_same_energy() -> None:
    scenario = powered(
        world_scenario(samples=40, workload=Periodic(every=0.004)), "camera1", "camera2", "edge", "cloud"
    )
    ledger = ledger_of(play(scenario), scenario)
    dynamic = sum(uses["busy"] + uses["sent"] + uses["received"] for uses in ledger.nodes.values())
    assert dynamic > 0
    assert ledger.samples.sum() == pytest.approx(dynamic)


def test_no_power_model_no_section() -> None:
    scenario = world_scenario()
    assert energy_of(scenario, ledger_of(play(scenario), scenario), 1, {}, 1.0) is None


def test_a_battery_that_outlasts_the_run_lasts_as_long_as_at_its_mean_power() -> None:
    """Ten samples, 1 s apart: the camera idles at 2 W; 100 J, of which the run takes 2 W x its length, last 50 s."""
    power = PowerModel(idle=2.0, busy=2.0)
    scenario = powered(world_scenario(samples=10, thresholds=1.0), "camera1", battery=100.0, power=power)
    world = play(scenario)
    report = energy_of(scenario, ledger_of(world, scenario), 10, {"camera1": None}, world.env.now / ticks(1.0))
    assert report["nodes"]["camera1"]["battery_life"] == pytest.approx(50.0)
    rows = Energy().rows(report)
    assert rows["battery life, shortest"] == "50 s (camera1)" and rows["  without idling"] == "0 J"


def test_a_node_that_is_down_draws_nothing() -> None:
    fault = Fault(at=1.0, lasts=2.0, node="camera2", action="down")
    scenario = powered(world_scenario(samples=None, duration=10.0, script=[fault]), "camera2")
    assert ledger_of(play(scenario), scenario).nodes["camera2"]["idle"] == pytest.approx(2 * 8.0)


def test_a_batch_is_one_call_whose_energy_its_samples_share() -> None:
    spans = [by_clock(number, "edge", "compute", (0.0, 1.0, 3.0)) for number in range(4)]
    spans.append(by_clock(4, "edge", "compute", (2.0, 3.0, 3.5)))
    nodes = {"edge": node("edge", power=POWER, batch=Batching(size=4))}
    ledger = Ledger(nodes, Steps.of(spans, joined=[1, 2, 3]), {"edge": 4.0}, 5)
    assert ledger.nodes["edge"]["busy"] == pytest.approx(4 * 2.5)
    assert ledger.samples.tolist() == pytest.approx([2.0] * 4 + [2.0])
    two_workers = Ledger(nodes, Steps.of(spans, joined=[1, 3]), {"edge": 4.0}, 5)
    assert two_workers.nodes["edge"]["busy"] == pytest.approx(4 * 4.5)  # two batches of two, side by side
    assert two_workers.samples.tolist() == pytest.approx([4.0] * 4 + [2.0])


def test_calls_side_by_side_are_no_batch_though_they_begin_and_end_together() -> None:
    """Two calls reach a node with two free workers at once, then three more that wait: 1 s, 1 s, 2 s and 1 s."""
    values = {"power": POWER, "battery": 1000.0, "workers": 2, "batch": Batching(size=2)}
    nodes = {"edge": node("edge", **values)}
    wire = Wire(nodes, [])
    for number in range(5):
        wire.compute(0.0, "edge", 1e9, number)
    wire.env.play(until=5.0)
    assert [span[4:6] for span in wire.spans] == [(0, 1), (0, 1), (1, 2), (1, 3), (1, 3)]
    ledger = Ledger(nodes, Steps.of(wire.network.spans, wire.network.joined), {"edge": 5.0}, 1)
    assert ledger.nodes["edge"]["busy"] == pytest.approx(4 * 5)
    left = charge_of(wire.network.batteries["edge"])
    assert left == pytest.approx(1000 - sum(ledger.nodes["edge"].values()))


def test_idling_empties_a_battery_at_the_second() -> None:
    """10 J at 2 W last 5 s; the camera is then down for good, and later samples do without its view."""
    scenario = powered(
        world_scenario(samples=10, thresholds=1.0), "camera1", battery=10.0, power=PowerModel(idle=2.0, busy=2.0)
    )
    world = play(scenario)
    assert world.network.batteries["camera1"].empty_at == 5.0
    assert [view & 1 for view in views_in(world)] == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("charge", "empty", "lost"), [(0.031, 2.00075, ("camera1", 750_000)), (0.035, 2.004, (LINK, 3000))]
)
def test_work_and_bytes_empty_a_battery_in_the_middle_and_what_it_did_is_lost(
    charge: float, empty: float, lost: tuple[str, int]
) -> None:
    """Each sample takes 4 mJ in 1 ms of computing and 10 mJ in 10 ms of sending: two samples 28 mJ.

    With 31 mJ three quarters of the third one's 1 MFLOP get done; with 35 mJ three tenths of its view get out.
    """
    power = PowerModel(idle=0.0, busy=4.0, send=1e-6)
    scenario = powered(world_scenario(samples=4, thresholds=1.0), "camera1", battery=charge, power=power)
    world = play(scenario)
    assert world.network.batteries["camera1"].empty_at == pytest.approx(empty, abs=LATE)
    assert [(place, size) for _, place, *_, size, status in world.network.spans if status == "lost"] == [lost]
    assert ledger_of(world, scenario).nodes["camera1"]["busy"] == pytest.approx(0.011 if charge == 0.031 else 0.012)
    assert [view & 1 for view in views_in(world)] == [1, 1, 0, 0]
    empty_at = {name: battery.empty_at for name, battery in world.network.batteries.items()}
    report = energy_of(scenario, ledger_of(world, scenario), 4, empty_at, 5.0)
    assert report["nodes"]["camera1"]["battery_left"] == 0.0
    assert report["nodes"]["camera1"]["battery_empty_at"] == pytest.approx(empty, abs=LATE)
    assert report["nodes"]["camera1"]["battery_life"] == report["nodes"]["camera1"]["battery_empty_at"]


def test_work_brings_the_end_forward_and_nothing_is_overdrawn() -> None:
    """Idling alone would take 12.5 J to 6.25 s; nine samples at 20 mJ + 10 mJ are 0.27 J less until 6.115 s."""
    power = PowerModel(idle=2.0, busy=22.0, send=1e-6)
    workload = Periodic(every=0.7)
    scenario = powered(
        world_scenario(samples=12, thresholds=1.0, workload=workload), "camera1", battery=12.5, power=power
    )
    world = play(scenario)
    assert world.network.batteries["camera1"].empty_at == pytest.approx(6.115, abs=LATE)
    assert sum(ledger_of(world, scenario).nodes["camera1"].values()) == pytest.approx(12.5)


@pytest.mark.parametrize("years", [1, 10, 100])
def test_a_battery_that_lasts_for_years_is_empty_at_one_moment(years: int) -> None:
    """So late that a float does not know nanoseconds; without an end, at one moment, of looking what is left."""
    life, idle = years * 3.16e7, 0.0007
    nodes = {"a": node("edge", power=PowerModel(idle=idle, busy=3 * idle), battery=idle * life)}
    for calls in range(20):
        wire = Wire(nodes, [])
        for number in range(calls):
            wire.compute(0.047 * number * life, "a", 1e9 / 3, number)
        for _ in range(500):
            if wire.env.peek() < inf:
                wire.env.step()
        assert wire.network.batteries["a"].empty_at == pytest.approx(life - 2 * calls / 3, abs=1e-6 * years)


@pytest.mark.parametrize(("idle", "length"), [(0.3, 3.0), (0.7, 3.0), (0.7, 7.0)])
def test_batteries_that_are_alike_end_together_also_where_a_sum_of_floats_falls_short(
    idle: float, length: float
) -> None:
    """0.3 W for 3 s are less than 0.9 J as floats: such a rest does not last a picosecond, and is none.

    Something happens just then; each battery looks at its charge when the others have, but not for ever.
    """
    capacity = round(idle * length, 6)
    assert idle * length < capacity
    nodes = {name: node("edge", power=PowerModel(idle=idle, busy=idle), battery=capacity) for name in "abcdef"}
    wire = Wire(nodes, [])
    wire.at(length, lambda: None)
    for _ in range(100):
        if wire.env.peek() < inf:
            wire.env.step()
    assert wire.env.peek() == inf
    assert {battery.empty_at for battery in wire.network.batteries.values()} == {length}


def test_work_that_a_change_sets_off_counts_from_that_moment() -> None:
    """At 1 s a link gets slower, and who hears of it works instead: 4 W for 2 s, of which 4 J last one."""
    nodes = {name: node("edge", power=PowerModel(idle=0.0, busy=4.0), battery=4.0) for name in "ab"}
    wire = Wire(nodes, both("a", "b"), [Fault(at=1.0, link=("a", "b"), action="bandwidth", value=1.0)])
    work = wire.network.nodes["b"]
    wire.network.links["a", "b"].on_bandwidth.append(
        lambda: work.compute(0, Work(2e9), wire.done, wire.lost, "instead")
    )
    wire.env.play()
    assert wire.network.batteries["b"].empty_at == 2.0 and wire.heard == [("instead", None)]


def test_what_is_drawn_leaves_nothing_on_the_clock() -> None:
    """However often an end is brought forward, few events wait for it."""
    nodes = {"a": node("edge", power=PowerModel(idle=2.0, busy=22.0), battery=1e6)}
    wire = Wire(nodes, [])
    for number in range(1000):
        wire.compute(0.1 * number, "a", 1e6, number)
    wire.env.play(until=100.0)
    assert len(wire.env._queue) < 50


def test_heartbeats_belong_to_no_sample() -> None:
    spans = [by_clock(sample, "a→b", "transfer", (0.0, 0.0, 1.0), 1000) for sample in (0, -1)]
    ledger = Ledger({"a": node("device", power=POWER), "b": node("edge")}, Steps.of(spans), {"a": 1.0}, 2)
    assert ledger.nodes["a"]["sent"] == pytest.approx(2000e-6)
    assert ledger.samples.tolist() == pytest.approx([1000e-6, 0.0])


def test_what_does_not_arrive_is_not_received() -> None:
    """The link loses the message half way: a has sent 5 kB, b has received nothing; both batteries agree."""
    nodes = {name: node("edge", power=POWER, battery=1000.0) for name in ("a", "b")}
    fault = Fault(at=0.005, link=("a", "b"), action="down")
    wire = Wire(nodes, [link("a", "b")], [fault])
    wire.send(0.0, "a", "b", 10_000, "m")
    wire.env.play(until=1.0)
    ledger = Ledger(nodes, Steps.of(wire.network.spans), {"a": 1.0, "b": 1.0}, 1)
    for name, joules in (("a", 5000e-6), ("b", 0.0)):
        assert ledger.nodes[name]["sent"] + ledger.nodes[name]["received"] == pytest.approx(joules)
        assert charge_of(wire.network.batteries[name]) == pytest.approx(1000 - 2 * 1.0 - joules)


def test_a_fault_stops_the_drain_and_a_repair_does_not_charge() -> None:
    """10 J at 2 W, but down from 1 s to 4 s: empty at 8 s; the end of a later fault does not revive the node."""
    script = [Fault(at=1.0, lasts=3.0, node="a", action="down"), Fault(at=9.0, lasts=1.0, node="a", action="down")]
    nodes = {"a": node("edge", power=PowerModel(idle=2.0, busy=2.0), battery=10.0), "b": node("cloud")}
    wire = Wire(nodes, both("a", "b"), script)
    wire.env.play(until=20.0)
    assert wire.network.batteries["a"].empty_at == 8.0
    assert not wire.network.nodes["a"].up
    assert wire.network.nodes["a"].up_time == 5.0


def test_forwarding_costs_a_router_its_bytes() -> None:
    nodes = {"a": node("edge"), "hub": node("router", power=POWER), "c": node("cloud")}
    wire = Wire(nodes, [link("a", "hub"), link("hub", "c", header=40)])
    wire.send(0.0, "a", "c", 10_000, "m")
    wire.env.play()
    ledger = Ledger(nodes, Steps.of(wire.network.spans), {"a": 1.0, "hub": 0.0, "c": 1.0}, 1)
    assert ledger.nodes["hub"]["received"] == pytest.approx(10_000 * 5e-7)
    assert ledger.nodes["hub"]["sent"] == pytest.approx(10_040 * 1e-6)


def test_costs_are_those_of_the_test_world() -> None:
    """The sums above rest on these."""
    assert (FakeCost().report, FakeCost().upload, FakeCost().flop["device"]) == (10_000, 20_000, 1e6)
