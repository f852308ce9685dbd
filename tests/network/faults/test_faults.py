"""Faults, scripted and at random, against times worked out by hand and the distributions they claim."""

from __future__ import annotations

from collections.abc import Sequence
from math import gamma, inf, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import Wire, both, node, play, rows, world_scenario

from simnet.clock import seconds, ticks
from simnet.language.schedule import Steps
from simnet.network.faults.incidents import Incident
from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Link
from simnet.network.nodes.spec import Batching, Node, Queue
from simnet.workloads.poisson import Poisson

MS = 1e-3
LINE = {"bandwidth": 1.25e6, "latency": 5 * MS}
"""10 kB arrive after 8 ms + 5 ms."""


def pair(script: Sequence[Fault] = (), a: Node | None = None, **values: Any) -> Wire:
    return Wire({"a": a or node("device"), "b": node("edge")}, both("a", "b", **{**LINE, **values}), script)


def heard(wire: Wire) -> dict[Any, float | None]:
    """Milliseconds from when a message was sent (its token, in s) until it arrived; None if it did not."""
    wire.env.play()
    return {token: None if at is None else round((at - token) / MS, 6) for token, at in wire.heard}


def outages(incidents: Sequence[Incident]) -> list[tuple[str, str, float, float | None]]:
    return [(one.name, one.target, one.began, one.ended) for one in incidents]


def down(at: float, lasts: float | None = None, node: str | None = "a", name: str = "", **values: Any) -> Fault:
    return Fault(name=name, at=at, lasts=lasts, node=node, action="down", **values)


# scripted faults


def test_a_lossy_link_loses_while_the_fault_lasts_and_then_is_as_before():
    script = [Fault(at=1, lasts=1, link=("a", "b"), action="loss", value=1.0)]
    wire = pair(script)
    for time in (0.5, 1.5, 2.5):
        wire.send(time, "a", "b", 10_000, time)
        wire.send(time + 0.1, "b", "a", 10_000, time + 0.1)
    assert heard(wire) == {0.5: 13.0, 0.6: 13.0, 1.5: None, 1.6: 13.0, 2.5: 13.0, 2.6: 13.0}
    assert outages(wire.incidents) == [("a→b loss", "a→b", 1, 2)]


def test_losses_of_several_faults_are_independent():
    """One half and one half make three quarters: of 4000 messages of one packet a quarter arrives, within 3 σ."""
    script = [Fault(link=("a", "b"), action="loss", value=0.5, name=name) for name in ("one", "two")]
    wire = pair(script)
    wire.network.links["a", "b"]._packets._attempts = 1  # the plain default would send each of them eight times
    for number in range(4000):
        wire.send(number * 0.02, "a", "b", 1000, number)
    wire.env.play()
    arrived = sum(at is not None for _, at in wire.heard)
    assert abs(arrived - 1000) < 3 * sqrt(4000 * 0.25 * 0.75)


def test_after_a_bandwidth_fault_the_trace_says_what_holds():
    """The trace halves the bandwidth at 2 s, while the fault holds it at a tenth: 80 + 5 ms, then 16 + 5 ms."""
    trace = Steps(times=(0.0, 2.0), values=(1.25e6, 0.625e6))
    wire = pair([Fault(at=1, lasts=2, link=("a", "b"), action="bandwidth", value=0.125e6)], trace=trace)
    for time in (0.5, 1.5, 2.5, 3.5):
        wire.send(time, "a", "b", 10_000, time)
    assert heard(wire) == {0.5: 13.0, 1.5: 85.0, 2.5: 85.0, 3.5: 21.0}


def test_incidents_are_what_happened_also_when_an_up_ends_them_early():
    script = [
        down(1, 5, name="long"),
        Fault(at=2, lasts=3, node="a", action="slow", value=2.0, name="slow"),
        Fault(at=3, node="a", action="up", name="repaired"),
        down(4, name="for good"),
        Fault(at=4.5, lasts=1, link=("b", "a"), action="bandwidth", value=1e5, name="narrow"),
    ]
    wire = pair(script)
    wire.env.play(until=20)
    assert outages(wire.incidents) == [
        ("long", "a", 1, 3),
        ("slow", "a", 2, 5),
        ("for good", "a", 4, None),
        ("narrow", "b→a", 4.5, 5.5),
    ]


def test_a_site_and_a_partition_are_several_faults_of_one_name():
    """A site: both its nodes. A partition: both directions of the one link between the groups."""
    script = [down(1, 2, "a", "site", together=True), down(1, 2, "b", "site", together=True)]
    script += [
        Fault(at=5, lasts=1, link=ends, action="down", name="cut", together=True) for ends in (("b", "c"), ("c", "b"))
    ]
    nodes = {"a": node("device"), "b": node("edge"), "c": node("cloud")}
    wire = Wire(nodes, [*both("a", "b", **LINE), *both("b", "c", **LINE)], script)
    for time in (0.5, 1.5, 4.5, 5.5, 6.5):
        wire.send(time, "a", "b", 10_000, ("a→b", time))
        wire.send(time, "b", "c", 10_000, ("b→c", time))
        wire.send(time, "c", "b", 10_000, ("c→b", time))
    wire.env.play()
    lost = {(way, time) for (way, time), at in wire.heard if at is None}
    assert ("c→b", 1.5) in lost and ("a→b", 1.5) in lost  # the edge is down
    assert {entry for entry in lost if entry[1] != 1.5} == {("b→c", 5.5), ("c→b", 5.5)}
    assert outages(wire.incidents) == [
        ("site", "a", 1, 3), ("site", "b", 1, 3), ("cut", "b→c", 5, 6), ("cut", "c→b", 5, 6)
    ]  # fmt: skip


KINDS_OF_LINKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "packets": {"mtu": 1500},
    "medium": {"medium": "cell"},
    "fair": {"sharing": "fair"},
}
KINDS_OF_NODES: dict[str, dict[str, Any]] = {
    "plain": {},
    "priorities": {"queue": Queue(order="priority", limit=100)},
    "batches": {"batch": Batching(size=2, wait=0.01)},
    "load": {"load": Steps(times=(0.0,), values=(0.1,))},
}


@pytest.mark.parametrize("kind", KINDS_OF_LINKS)
def test_a_link_of_any_kind_that_fails_loses_what_is_on_it(kind: str):
    """Down from 10 ms to 1 s: one message is on its way, one waits (or shares), one is sent meanwhile."""
    wire = pair([Fault(at=10 * MS, lasts=0.99, link=("a", "b"), action="down")], **KINDS_OF_LINKS[kind])
    for time in (0.0, 1 * MS, 0.5, 2.0):
        wire.send(time, "a", "b", 10_000, time)
    assert heard(wire) == {0.0: None, 1 * MS: None, 0.5: None, 2.0: 13.0}
    for span in wire.spans:
        assert span[7] == "lost" or span[4] == 2.0


@pytest.mark.parametrize("links", KINDS_OF_LINKS)
@pytest.mark.parametrize("nodes", KINDS_OF_NODES)
def test_a_node_of_any_kind_that_fails_loses_its_work_and_its_unsent_messages(links: str, nodes: str):
    """Down at 10 ms: of two messages sent before, none is transmitted whole, on any kind of link, before 12 ms."""
    spec = node("device", warm_up=1.0, **KINDS_OF_NODES[nodes])
    wire = pair([down(10 * MS, 1.0)], a=spec, **KINDS_OF_LINKS[links])
    for time in (4 * MS, 5 * MS, 3.0):
        wire.send(time, "a", "b", 10_000, time)
    for time in (0.0, 1 * MS, 1.5, 3.5):
        wire.compute(time, "a", 100e6, time)
    found = heard(wire)
    done = found.pop(3.5)
    assert done is not None and done < 130
    assert found == {4 * MS: None, 5 * MS: None, 3.0: 13.0, 0.0: None, 1 * MS: None, 1.5: None}


@pytest.mark.parametrize("kind", KINDS_OF_LINKS)
def test_what_reaches_a_node_that_is_down_is_lost_on_any_kind_of_link(kind: str):
    wire = pair([down(10 * MS, 1.0, "b")], **KINDS_OF_LINKS[kind])
    for time in (0.0, 2.0):
        wire.send(time, "a", "b", 10_000, time)
    assert heard(wire) == {0.0: None, 2.0: 13.0}


# warm-up


def warming(script: Sequence[Fault], probes: Sequence[float]) -> tuple[Wire, set[float]]:
    """A node that warms up for 2 s, and at which of the times it computes."""
    wire = pair(script, a=node("device", warm_up=2.0))
    for time in probes:
        wire.compute(time, "a", 1e6, time)
    wire.env.play()
    return wire, {token for token, at in wire.heard if at is not None}


def test_a_node_is_up_again_only_after_its_warm_up():
    wire, worked = warming([down(1, 2)], [0.5, 1, 2.9, 3, 4.9, 5, 6])
    assert worked == {0.5, 5, 6}
    assert outages(wire.incidents) == [("a down", "a", 1, 5)]


def test_a_failure_during_the_warm_up_starts_it_over():
    """Up to 3 s the first failure holds it down, to 4 s its warm-up, to 4.5 s the second, to 6.5 s the second's."""
    wire, worked = warming([down(1, 2, name="one"), down(4, 0.5, name="two")], [0.5, 5.1, 6.4, 6.5])
    assert worked == {0.5, 6.5}
    assert outages(wire.incidents) == [("one", "a", 1, 4), ("two", "a", 4, 6.5)]


def test_an_outage_that_ends_while_another_lasts_has_no_warm_up_of_its_own():
    wire, worked = warming([down(1, 1, name="short"), down(1.5, 2.5, name="long")], [3.9, 5.9, 6])
    assert worked == {6}
    assert outages(wire.incidents) == [("short", "a", 1, 2), ("long", "a", 1.5, 6)]


@pytest.mark.parametrize("order", [1, -1])
def test_of_outages_that_end_together_it_does_not_matter_which_is_first(order: int):
    script = [down(1, 3, name="one"), down(2, 2, name="two")][::order]
    wire, worked = warming(script, [5.9, 6])
    assert worked == {6}
    assert sorted(outages(wire.incidents)) == [("one", "a", 1, 6), ("two", "a", 2, 6)]


def test_an_up_is_followed_by_the_warm_up_and_slowness_goes_on_through_it():
    script = [
        Fault(at=1, lasts=6, node="a", action="slow", value=3.0),
        down(2),
        Fault(at=3, node="a", action="up"),
    ]
    wire = pair(script, a=node("device", warm_up=2.0))
    for time in (1.5, 3.5, 5.0, 7.5):
        wire.compute(time, "a", 100e6, time)
    assert heard(wire) == {1.5: 300.0, 3.5: None, 5.0: 300.0, 7.5: 100.0}
    assert [(one.began, one.ended) for one in wire.incidents] == [(1, 7), (2, 5)]


def test_a_router_forwards_nothing_before_it_is_warm():
    nodes = {"a": node("device"), "hub": node("router", warm_up=1.0), "c": node("edge")}
    wire = Wire(nodes, [*both("a", "hub", **LINE), *both("hub", "c", **LINE)], [down(1, 1, "hub")])
    for time in (0.5, 1.5, 2.5, 3.5):
        wire.send(time, "a", "c", 10_000, time)
    assert heard(wire) == {0.5: 26.0, 1.5: None, 2.5: None, 3.5: 26.0}


times = st.integers(0, 12).map(float)
strike = st.builds(
    lambda at, lasts, up: Fault(at=at, node="a", action="up") if up else down(at, lasts),
    times, st.one_of(st.none(), st.integers(1, 5).map(float)), st.integers(0, 4).map(lambda number: number == 0),
)  # fmt: skip


@given(st.lists(strike, max_size=6), st.sampled_from([0.0, 1.0, 2.0]))
@settings(max_examples=150, deadline=None)
def test_a_node_is_down_exactly_while_an_incident_lasts(script: list[Fault], warm_up: float):
    """And nothing but the script decides: an outage begins with each "down", none lasts past its time and warm-up."""
    wire = pair(script, a=node("device", warm_up=warm_up))
    probes = {}
    for half in range(40):
        time = half / 2 + 0.25
        wire.at(time, lambda time=time: probes.update({time: wire.network.nodes["a"].up}))
    wire.env.play()
    lasting = [(one.began, inf if one.ended is None else one.ended) for one in wire.incidents]
    assert probes == {time: not any(began <= time < ended for began, ended in lasting) for time in probes}
    strikes = [fault for fault in script if fault.action == "down"]
    assert sorted(began for began, _ in lasting) == sorted(fault.at for fault in strikes)
    for one in wire.incidents:
        assert one.ended is None or one.ended <= one.began + (one.fault.lasts or inf) + warm_up


# faults at random


def at_random(name: str = "wear", target: str = "a", **values: Any) -> Fault:
    return Fault(**{"name": name, "node": target, "action": "down", "mtbf": 10.0, "mttr": 2.0, **values})


def struck(script: Sequence[Fault], until: float = 500.0, links: Sequence[Link] | None = None) -> list[Incident]:
    nodes = {name: node("device") for name in "abc"}
    wire = Wire(nodes, list(links or [*both("a", "b"), *both("b", "c")]), script)
    wire.env.play(until=until)
    return wire.incidents


def of(incidents: Sequence[Incident], target: str) -> list[tuple[float, float | None]]:
    return [(one.began, one.ended) for one in incidents if one.target == target]


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.5])
def test_times_to_failure_are_weibull_and_times_to_repair_exponential(shape: float):
    """Kolmogorov–Smirnov at 1 % against both, and means within three standard errors."""
    found = struck([at_random(shape=shape, at=3.0)], until=40_000.0)
    complete = [(one.began, one.ended) for one in found if one.ended is not None]
    began, ended = np.array(complete).T
    ups, downs = began - np.concatenate([[3.0], ended[:-1]]), ended - began
    assert len(ups) > 3000
    scale = 10.0 / gamma(1 + 1 / shape)
    for draws, mean, cdf in (
        (ups, 10.0, lambda time: 1 - np.exp(-((time / scale) ** shape))),
        (downs, 2.0, lambda time: 1 - np.exp(-time / 2.0)),
    ):
        n, expected = len(draws), cdf(np.sort(draws))
        distance = max((np.arange(1, n + 1) / n - expected).max(), (expected - np.arange(n) / n).max())
        assert distance < 1.63 / sqrt(n)
        assert abs(draws.mean() - mean) < 3 * draws.std() / sqrt(n)


def test_the_clock_of_faults_at_random_begins_at_their_time():
    now, later = ([began for began, _ in of(struck([at_random(at=at)]), "a")] for at in (0.0, 100.0))
    assert len(later) > 10 and later == pytest.approx([began + 100 for began in now[: len(later)]])


def test_another_target_shifts_nobodys_draws():
    alone = of(struck([at_random()]), "a")
    more = struck([at_random(target="b"), at_random(), at_random("other", "a", action="slow", value=2.0)])
    assert len(alone) > 20 and [entry for entry in of(more, "a") if entry in alone] == alone
    assert not {began for began, _ in of(more, "b")} & {began for began, _ in alone}


def test_faults_of_one_name_that_strike_together_share_their_moments_and_others_do_not():
    apart = struck([at_random(target=target) for target in "abc"])
    assert of(apart, "a")[0] != of(apart, "b")[0] != of(apart, "c")[0]
    together = struck([at_random("site", target, together=True) for target in "abc"])
    assert len(together) > 60 and of(together, "a") == of(together, "b") == of(together, "c")


def test_both_directions_of_a_connection_fail_as_one():
    ends = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")]
    found = struck([at_random(node=None, link=pair) for pair in ends])
    assert of(found, "a→b") == of(found, "b→a") != of(found, "b→c") == of(found, "c→b")


def test_faults_without_a_name_or_with_different_times_draw_on_their_own():
    """Made in Python: one node, twice, first without names and then with one name but other means."""
    for script in (
        [at_random(""), at_random("", action="slow", value=2.0)],
        [at_random(), at_random(mtbf=20.0)],
    ):
        found = struck(script)
        first, second = ([one.began for one in found if one.fault is fault] for fault in script)
        assert first and second and not set(first) & set(second)
    assert first[0] * 2 != pytest.approx(second[0])  # not the same draws at another scale


def test_an_up_ends_an_outage_at_random_but_does_not_shift_the_next():
    plain = of(struck([at_random()]), "a")
    began, ended = plain[0]
    middle = seconds(ticks((began + ended) / 2))
    early = of(struck([at_random(), Fault(at=middle, node="a", action="up")]), "a")
    assert early == [(began, middle), *plain[1:]]


def test_the_warm_up_does_not_shift_the_draws():
    fault = at_random(mtbf=5.0)
    plain = of(struck([fault]), "a")
    wire = pair([fault], a=node("device", warm_up=1.5))
    wire.env.play(until=500)
    assert [one.began for one in wire.incidents] == [began for began, _ in plain]
    nexts = [began for began, _ in plain[1:]]
    for one, (_, ended), following in zip(wire.incidents, plain, nexts, strict=False):
        assert one.ended == pytest.approx(min(ended + 1.5, following), abs=1e-9)
    assert any(following < ended + 1.5 for (_, ended), following in zip(plain, nexts, strict=False))


def test_two_systems_meet_the_same_incidents():
    """DDNN and ADA-DDNN send other messages at other times, and lose other samples; the faults are the same."""
    script = [
        *(at_random("cameras", f"camera{number}", shape=1.5) for number in (1, 2, 3)),
        *(at_random("uplink", node=None, link=ends, mtbf=7.0) for ends in (("edge", "cloud"), ("cloud", "edge"))),
        at_random("loss", node=None, link=("camera1", "edge"), action="loss", value=0.3),
    ]
    worlds = {
        system: play(
            world_scenario(cameras=3, duration=200.0, workload=Poisson(poisson=3.0), system=system, script=script)
        )
        for system in ("ddnn", "ada-ddnn")
    }
    first, second = (outages(world.incidents) for world in worlds.values())
    assert first == second and len(first) > 60
    sent = [len(world.network.spans) for world in worlds.values()]
    assert sent[0] != sent[1]


def test_a_run_of_so_many_samples_ends_although_faults_at_random_never_do():
    scenario = world_scenario(cameras=2, samples=20, script=[at_random("cameras", "camera1", mtbf=0.5, mttr=0.1)])
    world = play(scenario)
    assert len(rows(world, scenario)) == 20 and seconds(world.env.now) < 30
    wire = pair([at_random(mtbf=0.01, mttr=0.01)])
    wire.send(1.0, "b", "a", 1000, "x")
    wire.env.play()  # until nothing but faults is left
    assert wire.env.s < 2 and wire.heard
