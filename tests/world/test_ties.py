"""What happens at one instant happens in the order of the rule, wherever on the time axis that instant lies.

Every right value is worked out by hand: all times here are whole picoseconds, so none may depend on rounding.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from worlds import FakeCost, Wire, both, link, node, play, rows, tiered_scenario, world_scenario

from simnet.language import schedule
from simnet.network.faults.spec import Fault
from simnet.network.nodes.spec import PowerModel, Queue
from simnet.network.work import Work
from simnet.results.ledger import Ledger
from simnet.results.steps import Steps
from simnet.workloads.periodic import Periodic
from simnet.workloads.recorded import Recorded

LATER = 1000.0
"""Seconds by which the same captures come later."""


def outcomes(scenario: Any, **values: Any) -> list[dict[str, Any]]:
    return rows(play(scenario, **values), scenario)


def stages(**values: Any) -> Any:
    """One camera: 10 ms at it, 1 ms for its report, 19 ms at the edge, 10 ms for what is left: 40 ms to the edge exit.

    The report: 1,000 B at 1.25 MB/s take 0.8 ms, and 0.2 ms to propagate.
    """
    way = {"bandwidth": 1.25e6, "latency": 0.2e-3}
    return world_scenario(cameras=1, uplink=way, **values)


COST = FakeCost(flop={"device": 10e6, "edge": 29e6, "cloud": 4e6}, report=1000)
"""10 ms + 1 ms + 29 ms = 40 ms."""


@pytest.mark.parametrize("start", [0.0, 0.3, LATER, 1e7])
def test_an_answer_at_its_deadline_is_in_time(start):
    workload = Recorded(trace=tuple(start + n / 10 for n in range(200)), deadline=40e-3)
    scenario = stages(samples=200, workload=workload, thresholds=1.0)
    found = outcomes(scenario, cost=COST)
    assert {row["latency"] for row in found} == {0.04}
    assert {row["latency"] <= row["deadline"] for row in found} == {True}


def test_many_answers_at_their_deadline_are_in_time():
    scenario = stages(samples=1000, workload=Periodic(every=0.1, deadline=40e-3), thresholds=1.0)
    assert sum(row["latency"] > row["deadline"] for row in outcomes(scenario, cost=COST)) == 0


def test_an_answer_at_the_limit_counts():
    """The edge asks when it is through; 20 kB at 1 MB/s, 10 ms of propagation and 4 ms in the cloud are 34 ms."""
    scenario = world_scenario(samples=1000, workload=Periodic(every=0.1), thresholds=0.0, cloud_limit=0.034)
    assert Counter(row["outcome"] for row in outcomes(scenario)) == {"finished": 1000}
    scenario = world_scenario(samples=1000, workload=Periodic(every=0.1), thresholds=0.0, cloud_limit=0.034 - 1e-12)
    assert Counter(row["outcome"] for row in outcomes(scenario)) == {"forced": 1000}


@pytest.mark.parametrize("wait, views", [(0.05, 0b11), (0.05 - 1e-12, 0b01)])
def test_a_report_at_the_end_of_the_wait_takes_part(wait, views):
    """The second camera's way takes 50 ms longer."""
    scenario = world_scenario(cameras=2, samples=1000, workload=Periodic(every=0.1), thresholds=1.0, wait=wait)
    slow = [
        one.model_copy(update={"latency": 0.06}) if "camera2" in (one.source, one.target) else one
        for one in scenario.links
    ]
    found = outcomes(scenario.model_copy(update={"links": slow}))
    assert Counter(row["views"] for row in found) == {views: 1000}


@pytest.mark.parametrize("at, lasts, capture", [(0.1, 0.2, 0.3), (0.7, 0.1, 0.8), (1e6 + 0.1, 0.2, 1e6 + 0.3)])
def test_a_camera_is_up_at_the_moment_at_which_its_failure_ends(at, lasts, capture):
    scenario = world_scenario(
        cameras=1,
        workload=Recorded(trace=(capture,)),
        thresholds=1.0,
        script=[Fault(at=at, lasts=lasts, node="camera1", action="down")],
    )
    assert [row["outcome"] for row in outcomes(scenario)] == ["finished"]


def test_a_camera_is_down_at_the_moment_at_which_its_failure_begins():
    script = [Fault(at=0.3, lasts=0.2, node="camera1", action="down")]
    scenario = world_scenario(cameras=1, workload=Recorded(trace=(0.1 + 0.2,)), thresholds=1.0, script=script)
    assert [row["outcome"] for row in outcomes(scenario)] == ["dropped"]


@pytest.mark.parametrize("duration, count", [(4.9, 7), (4.9 + 1e-12, 8)])
def test_a_run_ends_before_what_would_be_captured_then(duration, count):
    scenario = world_scenario(duration=duration, samples=None, workload=Periodic(every=0.7))
    assert len(outcomes(scenario)) == count


def test_what_ends_with_the_run_has_ended():
    """1 + 20 + 2 ms to the edge's exit."""
    finished = outcomes(world_scenario(duration=0.023, samples=None, thresholds=1.0))
    assert [row["outcome"] for row in finished] == ["finished"]
    still = outcomes(world_scenario(duration=0.023 - 1e-12, samples=None, thresholds=1.0))
    assert [row["outcome"] for row in still] == ["unfinished"]


def test_a_node_that_is_as_fast_as_its_calls_come_drops_none():
    """100 ms of work every 100 ms, and no room to wait."""
    scenario = world_scenario(
        cameras=1,
        samples=1000,
        workload=Periodic(every=0.1),
        thresholds=1.0,
        nodes={"camera1": node("device", view=1, speed=1e7, queue=Queue(limit=0))},
    )
    assert Counter(row["outcome"] for row in outcomes(scenario)) == {"finished": 1000}


def test_a_link_that_is_as_fast_as_its_messages_come_drops_none():
    """10,000 B every 100 ms at 100 kB/s, and room for one byte less than two messages."""
    scenario = world_scenario(
        cameras=1,
        samples=1000,
        workload=Periodic(every=0.1),
        thresholds=1.0,
        uplink={"bandwidth": 100e3, "queue": 10_000},
    )
    assert Counter(row["outcome"] for row in outcomes(scenario)) == {"finished": 1000}


def test_a_full_node_has_room_for_who_comes_when_another_worker_ends():
    """Two workers end at 1 s; what the first end sets off comes to the same node before the second is heard of."""
    wire = Wire({"edge": node("edge", workers=2, queue=Queue(limit=0))}, [])
    edge = wire.network.nodes["edge"]

    def again(token: str) -> None:
        wire.done(token)
        for other in ("c", "d"):
            edge.compute(0, _work(1.0), wire.done, wire.lost, other)

    wire.at(0.0, lambda: edge.compute(0, _work(1.0), again, wire.lost, "a"))
    wire.at(0.0, lambda: edge.compute(0, _work(1.0), wire.done, wire.lost, "b"))
    wire.env.play()
    assert sorted(wire.heard) == [("a", 1.0), ("b", 1.0), ("c", 2.0), ("d", 2.0)]


def _work(seconds: float) -> Any:
    return Work(seconds * 1e9)


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_the_same_captures_later_have_the_same_answers(system):
    def told(start: float) -> list[tuple[Any, ...]]:
        times = tuple(start + 0.05 * n for n in range(100))
        script = [
            Fault(at=start + 0.5, lasts=0.7, node="camera3", action="down"),
            Fault(at=start + 1.0, lasts=1.3, node="cloud", action="down"),
            Fault(at=start + 2.0, lasts=0.9, link=("edge", "cloud"), action="bandwidth", value=3e5),
            Fault(at=start + 2.1, lasts=0.4, node="edge", action="slow", value=3.0),
        ]
        scenario = world_scenario(
            system=system, samples=100, workload=Recorded(trace=times), cloud_limit=0.2, wait=0.02, script=script
        )
        keys = ("outcome", "exit", "reason", "latency", "views", "bytes")
        return [tuple(row[key] for key in keys) for row in outcomes(scenario)]

    first = told(0.0)
    assert len({outcome for outcome, *_ in first}) > 1  # something happens
    assert told(LATER) == first
    assert told(3e7) == first  # about a year


def test_a_call_that_ends_when_its_node_fails_is_lost():
    wire = Wire({"edge": node("edge")}, [], script=[Fault(at=0.3, lasts=1.0, node="edge", action="down")])
    wire.at(0.1, lambda: wire.network.nodes["edge"].compute(0, _work(0.2), wire.done, wire.lost, "a"))
    wire.env.play()
    assert wire.heard == [("a", None)]


@pytest.mark.parametrize("sharing", ["fifo", "fair"])
def test_a_message_that_leaves_when_its_node_fails_is_lost_and_one_that_arrives_when_its_link_fails_too(sharing):
    """1,000 B at 1 MB/s leave at 1 ms, and arrive at 11 ms."""
    for fault in (
        Fault(at=0.001, node="a", action="down"),
        Fault(at=0.011, link=("a", "b"), action="down"),
        Fault(at=0.011, node="b", action="down"),
    ):
        wire = Wire({"a": node("edge"), "b": node("edge")}, both("a", "b", sharing=sharing), script=[fault])
        wire.send(0.0, "a", "b", 1000, "x")
        wire.env.play()
        assert wire.heard == [("x", None)], fault
        later = fault.model_copy(update={"at": fault.at + 1e-12})
        wire = Wire({"a": node("edge"), "b": node("edge")}, both("a", "b", sharing=sharing), script=[later])
        wire.send(0.0, "a", "b", 1000, "x")
        wire.env.play()
        assert wire.heard == [("x", 0.011)], later


def test_a_link_that_pauses_goes_on_where_it_stood():
    """At 1 MB/s 3,000 B take 3 ms, of which 1 ms before a pause of 5 ms; the next message begins after that."""
    for sharing, more in (("fifo", {}), ("fair", {}), ("fifo", {"mtu": 1500})):
        steps = schedule.Steps(times=(0.0, 0.001, 0.006), values=(1e6, 0.0, 1e6))
        spec = link("a", "b", sharing=sharing, latency=0.0, trace=steps, **more)
        wire = Wire({"a": node("edge"), "b": node("edge")}, [spec])
        wire.send(0.0, "a", "b", 3000, "x")
        wire.send(0.010, "a", "b", 1000, "y")
        wire.send(0.020, "a", "b", 500, "z")
        wire.env.play()
        assert wire.heard == [("x", 0.008), ("y", 0.011), ("z", 0.0205)], (sharing, more)


# Faults of the engine ------------------------------------------------------------------------------------------------


def test_a_byte_limit_knows_the_message_on_the_air():
    """2,048 B at 10 kB/s: the second is on the air from 204.8 ms; at 250 ms 1,596 + 2,048 B are more than 3,500 B."""
    spec = link("a", "b", bandwidth=10e3, latency=0.0, queue=3500)
    wire = Wire({"a": node("edge"), "b": node("edge")}, [spec])
    for time, token in ((0.0, "x"), (0.1, "y"), (0.25, "z")):
        wire.send(time, "a", "b", 2048, token)
    wire.env.play()
    assert sorted(wire.heard) == [("x", 0.2048), ("y", 0.4096), ("z", None)]


@pytest.mark.parametrize("cloud_limit", [0.5, 0.4])
def test_an_edge_that_fails_forgets_what_it_asked_for(cloud_limit):
    script = [Fault(at=0.03, lasts=0.01, node="edge", action="down")]
    scenario = world_scenario(thresholds=0.0, cloud_limit=cloud_limit, script=script)
    (row,) = outcomes(scenario)
    assert (row["outcome"], row["reason"]) == ("dropped", "edge down")


@pytest.mark.parametrize("tiers", ["devices+edge+cloud", "devices+edges+cloud", "devices+cloud"])
@pytest.mark.parametrize("lasts", [None, 1e-3])
def test_whoever_holds_a_request_and_fails_has_lost_it_at_every_exit(tiers, lasts):
    """Each node that holds an answer fails at many moments of a sample's life in turn."""
    reference = play(tiered_scenario(tiers, thresholds=0.0))
    end = reference.endings[0].at // 10**9  # ms
    holders = {"devices+edge+cloud": ["gateway", "edge1"], "devices+edges+cloud": ["gateway", "edge1"]}
    for holder in holders.get(tiers, ["gateway"]):
        held = set()
        for ms in range(1, int(end), 6):
            script = [Fault(at=ms / 1000, lasts=lasts, node=holder, action="down")]
            scenario = tiered_scenario(tiers, thresholds=0.0, script=script, cloud_limit=5.0)
            (row,) = outcomes(scenario)
            # Where an edge fails that holds nothing yet, the gateway's own answer counts.
            assert row["outcome"] in ("dropped", "finished") or (holder, row["exit"]) == ("edge1", "local")
            held.add((row["outcome"], row["reason"]))
        assert any(reason and "down" in reason for _, reason in held), (holder, held)


def test_abandoned_protocols_end_with_the_run(recwarn):
    """Attempts that were repeated, and what they waited for, are closed where they wait."""
    import gc

    scenario = tiered_scenario(
        "devices+edge+cloud",
        samples=50,
        workload=Periodic(every=0.02),
        thresholds=0.0,
        script=[Fault(at=0.1, lasts=1.0, node="cloud", action="down")],
    )
    spec = scenario.systems["ddnn-2017"]
    retry = type(spec).model_validate({**spec.model_dump(), "retry": {"times": 3, "after": 0.005}})
    world = play(scenario.model_copy(update={"systems": {"ddnn-2017": retry}}))
    assert not world.env.lives
    del world
    gc.collect()
    assert [str(one.message) for one in recwarn.list] == []


# Batteries -----------------------------------------------------------------------------------------------------------


def powered(capacity: float, **values: Any) -> Any:
    power = PowerModel(**{"idle": 0.0, "busy": 0.0, "send": 0.0, "receive": 0.0, **values})
    return node("edge", power=power, battery=capacity)


def test_a_battery_ends_when_its_charge_does_though_a_call_goes_on():
    """5 J at 3 W: 5/3 s, in the midst of a call of 5 s."""
    wire = Wire({"a": powered(5.0, busy=3.0)}, [])
    wire.compute(0.0, "a", 5e9, "x")
    wire.env.play()
    assert wire.heard == [("x", None)]
    assert wire.network.batteries["a"].empty_at == pytest.approx(5 / 3, abs=2e-12)
    assert [span[5] for span in wire.spans] == [pytest.approx(5 / 3, abs=2e-12)]


def drained(capacity: float, power: dict[str, float], begin: Any, **values: Any) -> tuple[float | None, float, Any]:
    """When the battery of node "b" between "a" and "c" is empty, its joules in all, and what was heard."""
    way = {"bandwidth": 1e6, "latency": 0.1, **values}
    nodes = {"a": node("edge"), "b": powered(capacity, **power), "c": node("edge")}
    wire = Wire(nodes, [*both("a", "b", **way), *both("b", "c", **way)])
    begin(wire)
    wire.env.play(until=100.0)
    battery = wire.network.batteries["b"]
    wire.network.close()
    ups = {name: one.up_time for name, one in wire.network.nodes.items()}
    ledger = Ledger(nodes, Steps.of(wire.network.spans), ups, 1, cut_off={"b": battery.cut_off})
    return battery.empty_at, sum(ledger.nodes["b"].values()), wire


@pytest.mark.parametrize("sharing", ["fifo", "fair", "packets"])
def test_what_is_sent_is_drawn_as_it_leaves(sharing):
    """3 J a megabyte at 1 MB/s: 1 J is gone after 1/3 s."""
    more = {"mtu": 10_000} if sharing == "packets" else {"sharing": sharing}
    at, total, wire = drained(1.0, {"send": 3e-6}, lambda w: w.send(0.0, "b", "c", 1_000_000, "x"), **more)
    assert at == pytest.approx(1 / 3, abs=2e-12) and wire.heard == [("x", None)]
    assert total == pytest.approx(1.0, abs=3e-6)  # but for the part of a byte


@pytest.mark.parametrize("sharing, at", [("fifo", 0.6), ("packets", 0.6), ("fair", 0.5)])
def test_what_is_received_is_drawn_as_it_arrives(sharing, at):
    """2 J a megabyte, which arrives from 0.1 s on at 1 MB/s: 1 J is gone after half a second of it.

    On fair links as it leaves, since nothing is known there of what propagates.
    """
    more = {"mtu": 10_000} if sharing == "packets" else {"sharing": sharing}
    empty, total, wire = drained(1.0, {"receive": 2e-6}, lambda w: w.send(0.0, "a", "b", 1_000_000, "x"), **more)
    assert empty == pytest.approx(at, abs=2e-12) and wire.heard == [("x", None)]
    assert total == pytest.approx(1.0, abs=1e-9)


def test_what_is_drawn_at_the_same_time_adds_up():
    """1 W at rest until 0.5 s; 2 W more until 0.7 s; then 1 J a megabyte beside: 0.5 + 0.6 J, and 0.9 J at 2 W."""

    def begin(wire: Wire) -> None:
        wire.compute(0.5, "b", 0.2e9, "work")
        wire.send(0.7, "b", "c", 10_000_000, "message")

    at, total, wire = drained(2.0, {"idle": 1.0, "busy": 3.0, "send": 1e-6}, begin)
    assert at == pytest.approx(1.15, abs=2e-12) and wire.heard == [("work", 0.7), ("message", None)]
    assert total == pytest.approx(2.0, abs=1e-6)


def test_a_message_that_begins_while_nothing_happens_on_the_clock_is_drawn_too():
    """Two of 100 kB, one after the other; the first arrives only after 10 s. 10 W: 1.5 J are gone at 0.15 s."""

    def begin(wire: Wire) -> None:
        wire.send(0.0, "b", "c", 100_000, "x")
        wire.send(0.0, "b", "c", 100_000, "y")

    at, _, wire = drained(1.5, {"send": 10e-6}, begin, latency=10.0)
    assert at == pytest.approx(0.15, abs=2e-12) and wire.heard == [("y", None), ("x", 10.1)]


def test_a_bandwidth_that_rises_is_noticed():
    """100 kB/s for a second, then 10 MB/s, at 1 J a megabyte: 0.1 J, and 1 J in 0.09 s more."""
    steps = schedule.Steps(times=(0.0, 1.0), values=(1e5, 1e7))
    at, _, _ = drained(1.0, {"send": 1e-6}, lambda w: w.send(0.0, "b", "c", 50_000_000, "x"), trace=steps)
    assert at == pytest.approx(1.09, abs=2e-12)


def test_a_charge_that_suffices_is_not_empty():
    at, total, wire = drained(1.0, {"send": 1e-6}, lambda w: w.send(0.0, "b", "c", 999_999, "x"))
    assert at is None and wire.heard == [("x", pytest.approx(1.099999))]
    assert total == pytest.approx(0.999999, abs=1e-12)
