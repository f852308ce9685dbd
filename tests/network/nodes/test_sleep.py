"""Nodes that sleep: when they do, what wakes them, what waits for that, and what it costs, against hand sums.

Nodes compute 1 GFLOP/s, links carry 1 MB/s and take 0.1 s; awake 2 W, computing or waking 6 W, asleep 0.5 W.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from mistakes import complaint
from pytest import approx
from worlds import Wire, both, charge_of, node, play, spans_of, world_scenario

from simnet.network.faults.spec import Fault
from simnet.network.nodes.sleep import Slept
from simnet.network.nodes.spec import Batching, PowerModel, Queue
from simnet.results.ledger import Ledger
from simnet.results.sections.energy import Energy, energy_of
from simnet.results.steps import Steps
from simnet.workloads.periodic import Periodic
from simnet.world.again.rest import rests_of

LATE = 1.5e-12


def sleepy(**values: Any) -> PowerModel:
    return PowerModel(**{"idle": 2.0, "busy": 6.0, "sleep": 0.5, **values})


def wired(names: str = "a", script: Any = (), sharing: str = "fifo", own: Any = None, **values: Any) -> Wire:
    """Nodes in a row, of which "a" sleeps."""
    nodes = {name: node("edge") for name in names}
    nodes["a"] = node("edge", **{"power": sleepy(**values), **(own or {})})
    pairs = pairwise(names)
    links = [one for x, y in pairs for one in both(x, y, bandwidth=1e6, latency=0.1, sharing=sharing)]
    return Wire(nodes, links, script)


def slept(wire: Wire) -> Slept:
    return wire.network.slept["a"]


def joules(wire: Wire) -> dict[str, float]:
    power = wire.network.nodes["a"]
    nodes = {"a": node("edge", power=sleepy())}
    return Ledger(nodes, Steps.of(wire.network.spans), {"a": power.up_time}, 1, slept=wire.network.slept).nodes["a"]


def test_it_sleeps_but_for_its_calls() -> None:
    """A call at 1 s for 1 s, one at 4 s for 2 s, 10 s in all: 3 s awake at 2 W, computing 4 W more, 7 s at 0.5 W."""
    wire = wired()
    wire.compute(1.0, "a", 1e9, "x")
    wire.compute(4.0, "a", 2e9, "y")
    wire.env.play(until=10.0)
    assert slept(wire) == (7.0, 0.0, 2)
    assert joules(wire) == approx({"idle": 6.0, "busy": 12.0, "sent": 0, "received": 0, "asleep": 3.5, "waking": 0})
    assert wire.heard == [("x", 2.0), ("y", 6.0)]


@pytest.mark.parametrize(("again", "asleep", "wake_ups"), [(2.5, 10 - 3.0, 1), (2.6, 10 - 3.0, 2)])
def test_it_waits_before_it_falls_asleep_and_what_comes_at_the_very_end_is_in_time(
    again: float, asleep: float, wake_ups: int
) -> None:
    """Calls of 1 s at 1 s and 2.5 s: awake from 1 s to 4 s. The second at 2.6 s: to 2.5 s, and to 4.1 s from 2.6 s."""
    wire = wired(sleep_after=0.5)
    wire.compute(1.0, "a", 1e9, "x")
    wire.compute(again, "a", 1e9, "y")
    wire.env.play(until=10.0)
    assert slept(wire) == approx((asleep, 0.0, wake_ups))


def test_what_wakes_it_waits_and_so_does_what_comes_meanwhile() -> None:
    """0.25 s to wake at 1 s; calls of 1 s at 1 s and 1.1 s end at 2.25 s and 3.25 s; waking draws 4 W beside idling."""
    wire = wired(wake_up=0.25)
    wire.compute(1.0, "a", 1e9, "x")
    wire.compute(1.1, "a", 1e9, "y")
    wire.compute(2.25, "a", 1e9, "z")  # awake still
    wire.env.play(until=10.0)
    assert wire.heard == [("x", 2.25), ("y", 3.25), ("z", 4.25)]
    assert [span[3:6] for span in wire.spans] == [(1.0, 1.25, 2.25), (1.1, 2.25, 3.25), (2.25, 3.25, 4.25)]
    assert slept(wire) == approx((10 - 3.25, 0.25, 1))
    assert joules(wire) == approx(
        {"idle": 6.5, "busy": 12.0, "sent": 0, "received": 0, "asleep": 0.5 * 6.75, "waking": 1.0}
    )


@pytest.mark.parametrize("sharing", ["fifo", "fair"])
def test_who_sends_is_awake_until_it_has_arrived_and_who_hears_wakes_on_arrival(sharing: str) -> None:
    """a wakes from 1 s to 1.25 s, 0.5 MB arrive at 1.85 s. What b sends at 3 s arrives at 3.6 s; a wakes to 3.85 s."""
    wire = wired("ab", wake_up=0.25, sharing=sharing)
    wire.send(1.0, "a", "b", 500_000, "there")
    wire.send(3.0, "b", "a", 500_000, "back")
    wire.env.play(until=10.0)
    assert wire.heard == [("there", approx(1.85)), ("back", approx(3.6))]
    assert slept(wire) == approx((10 - 0.85 - 0.25, 0.5, 2))


@pytest.mark.parametrize("sharing", ["fifo", "fair"])
def test_who_forwards_wakes_for_it(sharing: str) -> None:
    """0.1 MB at 0.2 s a link: at a at 0.2 s, awake at 0.45 s, at c at 0.65 s; also where flows would go through it."""
    nodes = {"b": node("edge"), "a": node("router", power=sleepy(wake_up=0.25)), "c": node("edge")}
    way = {"bandwidth": 1e6, "latency": 0.1, "sharing": sharing}
    wire = Wire(nodes, [*both("b", "a", **way), *both("a", "c", **way)])
    wire.send(0.0, "b", "c", 100_000, "x")
    wire.env.play(until=10.0)
    assert wire.heard == [("x", approx(0.65))]
    assert slept(wire) == approx((10 - 0.45, 0.25, 1))


def test_down_it_neither_sleeps_nor_wakes_and_it_comes_up_awake() -> None:
    """Waking from 1 s it fails at 1.1 s: call and message are lost. Up at 2 s it is awake for 0.5 s, then sleeps."""
    fault = Fault(at=1.1, lasts=0.9, node="a", action="down")
    wire = wired("ab", [fault], wake_up=0.25, sleep_after=0.5)
    wire.compute(1.0, "a", 1e9, "x")
    wire.send(1.0, "a", "b", 1000, "y")
    wire.compute(1.5, "a", 1e9, "down")
    wire.compute(2.5, "a", 0.5e9, "z")
    wire.env.play(until=5.0)
    assert wire.heard == [("x", None), ("y", None), ("down", None), ("z", 3.0)]
    assert slept(wire) == approx((1.0 + 1.5, 0.1, 1))  # to 1 s, and from 3.5 s on
    assert wire.network.nodes["a"].up_time == approx(4.1)
    assert [(*span[1:3], *span[3:6], span[7]) for span in wire.spans] == [
        ("a", "compute", 1.0, 1.1, 1.1, "lost"),
        ("a→b", "transfer", 1.0, 1.1, 1.1, "lost"),
        ("a", "compute", 2.5, 2.5, 3.0, "ok"),
    ]


def test_what_waits_at_the_end_of_a_run_is_unfinished() -> None:
    wire = wired(wake_up=0.25)
    wire.compute(1.0, "a", 1e9, "x")
    wire.env.play(until=1.125)
    wire.network.close()
    assert [span[3:] for span in wire.spans] == [(1.0, 1.125, 1.125, 0, "unfinished")]
    assert wire.heard == [] and slept(wire) == approx((1.0, 0.125, 1))


def test_what_still_travels_when_it_fails_keeps_it_awake_no_more() -> None:
    """A message leaves at 0.01 s and arrives at 0.11 s. The node fails from 0.02 s to 0.03 s, and then sleeps."""
    wire = wired("ab", [Fault(at=0.02, lasts=0.01, node="a", action="down")])
    wire.send(0.0, "a", "b", 10_000, "x")
    wire.compute(0.5, "a", 1e9, "y")
    wire.env.play(until=2.0)
    assert wire.heard == [("x", approx(0.11)), ("y", 1.5)]
    assert slept(wire) == approx((2 - 1 - 0.03, 0.0, 2))


@pytest.mark.parametrize(
    "own", [{"queue": Queue(order="latest")}, {"batch": Batching(size=2)}, {"queue": Queue(limit=0)}, {"workers": 2}]
)
def test_whatever_line_it_has(own: dict[str, Any]) -> None:
    wire = wired(own=own, wake_up=0.25)
    wire.compute(1.0, "a", 1e9, "x")
    wire.env.play(until=10.0)
    assert wire.heard == [("x", 2.25)]
    assert slept(wire) == approx((10 - 1.25, 0.25, 1))


def test_a_full_queue_still_says_that_it_was_full() -> None:
    """The first runs, the second waits, the third finds the queue full; all come while the node wakes."""
    wire = wired(own={"queue": Queue(limit=1)}, wake_up=0.25)
    for _ in range(3):
        wire.compute(1.0, "a", 1e9, "edge down")
    wire.env.play(until=10.0)
    assert wire.heard == [("edge queue full", None), ("edge down", 2.25), ("edge down", 3.25)]


@pytest.mark.parametrize("sleeps", ["ab", "a", "b"])
def test_a_message_that_is_lost_at_once_is_lost_with_its_token(sleeps: str) -> None:
    nodes = {name: node("edge", power=sleepy() if name in sleeps else None) for name in "ab"}
    wire = Wire(nodes, both("a", "b", mtu=1000), [Fault(at=0.5, link=("a", "b"), action="down")])
    wire.send(1.0, "a", "b", 1000, "x")
    wire.env.play(until=2.0)
    assert wire.heard == [("x", None)]


@pytest.mark.parametrize(
    ("capacity", "empty"),
    [
        (0.25, 0.5),  # asleep
        (0.5 + 0.75, 1.125),  # waking, 0.25 s at 6 W
        (0.5 + 1.5 + 3.0, 1.25 + 0.5),  # computing at 6 W
        (0.5 + 1.5 + 6.0 + 0.5, 2.25 + 0.25),  # idling at 2 W for 0.5 s
        (0.5 + 1.5 + 6.0 + 1.0 + 1.0, 2.75 + 2.0),  # asleep again
    ],
)
def test_a_battery_is_used_up_at_the_instant_in_every_state(capacity: float, empty: float) -> None:
    """1 s asleep, 0.25 s waking, 1 s of computing, 0.5 s of idling, then sleep."""
    own = {"power": sleepy(wake_up=0.25, sleep_after=0.5), "battery": capacity}
    wire = wired(own=own)
    wire.compute(1.0, "a", 1e9, "x")
    wire.env.play(until=10.0)
    assert wire.network.batteries["a"].empty_at == approx(empty, abs=LATE)
    assert sum(joules(wire).values()) == approx(capacity)


def test_a_battery_lasts_for_ever_in_a_sleep_that_costs_nothing() -> None:
    """5 J idle, compute and fall asleep: 0.5 s at 2 W + 0.5 s at 6 W = 4 J. Nothing keeps the run alive then."""
    wire = wired(own={"power": sleepy(sleep=0.0, sleep_after=0.5), "battery": 5.0})
    wire.compute(1.0, "a", 0.5e9, "x")
    for _ in range(100):
        if wire.env.peek() < float("inf"):
            wire.env.step()
    assert wire.env.peek() == float("inf")
    battery = wire.network.batteries["a"]
    assert battery.empty_at is None
    wire.env.run(until=wire.env.now + 10**15)
    assert charge_of(battery) == approx(1.0)


def test_sleep_changes_nothing_but_joules_unless_it_takes_time_to_wake() -> None:
    """And it never costs more than idling."""
    base = world_scenario(samples=20, workload=Periodic(every=0.05), reply="device")
    kept: dict[float | None, Any] = {}
    for sleep in (None, 2.0, 0.5, 0.0):
        power = PowerModel(idle=2.0, busy=6.0, send=1e-6, sleep=sleep)
        nodes = {n: one.model_copy(update={"power": power}) for n, one in base.nodes.items()}
        scenario = base.model_copy(update={"nodes": nodes})
        world = play(scenario)
        ups = {name: one.up_time for name, one in world.network.nodes.items()}
        ledger = Ledger(nodes, Steps.of(world.network.spans), ups, 20, slept=world.network.slept)
        kept[sleep] = world, energy_of(scenario, ledger, 20, {}, 1.0)
    worlds, reports = ({sleep: one[place] for sleep, one in kept.items()} for place in (0, 1))
    assert all(world.network.spans == worlds[None].network.spans for world in worlds.values())
    assert all(world.endings == worlds[None].endings for world in worlds.values())
    totals = [reports[sleep]["total"] for sleep in (None, 2.0, 0.5, 0.0)]
    assert totals[0] == approx(totals[1]) and totals[1] > totals[2] > totals[3]
    assert all(
        report["dynamic_per_sample"] <= reports[None]["dynamic_per_sample"] + 1e-12 for report in reports.values()
    )
    least = min(node["asleep_share"] for node in reports[0.5]["nodes"].values())
    assert 0 < least < 1 and Energy().rows(reports[0.5])["asleep, least"].startswith(f"{100 * least:.1f} %")
    assert "asleep, least" not in Energy().rows(reports[None]) and "asleep" not in reports[None]["nodes"]["edge"]


def test_the_wait_for_waking_is_part_of_a_samples_latency() -> None:
    """57 ms for one sample (1 + 20 + 2 + 30 + 4): 5 ms more for the camera, 7 ms for the edge, 11 ms for the cloud."""
    base = world_scenario(cameras=1, thresholds=0.0)
    waking = {"camera1": 0.005, "edge": 0.007, "cloud": 0.011}
    nodes = {n: one.model_copy(update={"power": sleepy(wake_up=waking[n])}) for n, one in base.nodes.items()}
    world = play(base.model_copy(update={"nodes": nodes}))
    (ending,) = world.endings
    assert ending is not None and ending.at == round(0.080e12)
    (edge,) = spans_of(world, "edge")
    assert edge[3:6] == approx((0.026, 0.033, 0.035))  # there after 5 + 1 + 20, awake 7 later


def test_a_world_with_sleepers_is_no_world_without_memory() -> None:
    """What comes next may find a node asleep or awake, so the run without a fault is played from end to end."""
    script = [Fault(at=2.0, lasts=1.0, node="camera2", action="down")]
    base = world_scenario(samples=5, script=script)
    assert rests_of(play(base), base) is not None
    sleepers = {n: one.model_copy(update={"power": sleepy()}) for n, one in base.nodes.items()}
    scenario = base.model_copy(update={"nodes": sleepers})
    assert rests_of(play(scenario), scenario) is None


FILE = """\
samples: 1
data: plaza
workload: {every: 1 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 GFLOP/s, power: {idle: 2 W, busy: 6 W}}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: ["camera*", edge], bandwidth: 8 Mbit/s, latency: 10 ms}
  - {between: [edge, cloud], bandwidth: 8 Mbit/s, latency: 10 ms}
systems: {ddnn: {}}
"""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (", sleep: 3 W", "sleep must not be more than idle: 3 W is more than 2 W"),
        (", sleep_after: 1 s", "sleep_after: it never sleeps without a power for it: 'sleep: 10 mW'"),
        (
            ", sleep_after: 1 s, wake_up: 2 ms",
            "sleep_after and wake_up: it never sleeps without a power for it: 'sleep: 10 mW'",
        ),
        (", sleep: -1 W", "a power must be 0 or more"),
        (", sleep: 1 s", "power"),
        (", sleep: 1 mW, wakeup: 2 ms", "did you mean 'wake_up'"),
        (", sleep: 1 mW, wake_up: 2 mW", "time"),
    ],
)
def test_what_cannot_be_is_said_once(tmp_path: Path, given: str, said: str) -> None:
    path = tmp_path / "sleepy.yaml"
    path.write_text(FILE)
    error = complaint(path, "busy: 6 W}", f"busy: 6 W{given}}}")
    assert said in error and len(error.splitlines()) == 1
