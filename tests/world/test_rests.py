"""Of a run without a fault only what can differ is played, and it is as if all had been played."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sites import sited
from worlds import by_views, fake_ask, plan_of, play, world_scenario

from simnet.network.faults.incidents import name_of
from simnet.network.faults.spec import Fault
from simnet.scenario import Scenario
from simnet.systems.ddnn import Ddnn
from simnet.workloads.periodic import Periodic
from simnet.workloads.poisson import Poisson
from simnet.world.again.rest import Rejoining, rejoining
from simnet.world.captures import captures
from simnet.world.world import World

DEAD = Fault(name="dead", node="camera1", action="down", at=4.5, lasts=2.0)


def replayed(scenario: Scenario, name: str) -> tuple[World, World, Rejoining]:
    """The world with all faults, the one without one of them as far as it was played, and what that was."""
    plan, captured = plan_of(scenario), captures(scenario)

    def world() -> World:
        return World(scenario, plan, by_views(plan.graph, fake_ask), captured, truth=[0] * len(captured))

    whole = world()
    whole.play()
    for part in rejoining(whole, scenario, name, captured.ticks):
        again = world()
        again.play(without=name, part=part)
        if part.sure:
            break
    return whole, again, part


def test_what_is_played_begins_with_the_last_rest_before_the_fault_and_ends_with_the_first_after_it() -> None:
    """A sample every second, done within 0.2 s: samples 0 to 3 are before the fault at 4.5 s and done, 4 is captured at
    4 s, the fault is over at 6.5 s, and from sample 7, at 7 s, all is as it was."""
    scenario = world_scenario(samples=20, workload=Periodic(every=1.0), script=[DEAD])
    whole, again, part = replayed(scenario, "dead")
    assert (part.first, part.last) == (4, 7)
    assert {span[0] for span in again.network.spans} == {4, 5, 6}
    assert again.endings == play(scenario, without="dead").endings != whole.endings


def test_a_fault_that_is_never_over_is_played_to_the_end() -> None:
    scenario = world_scenario(
        samples=20, workload=Periodic(every=1.0), script=[Fault(node="camera1", action="down", at=4.5)]
    )
    _, again, part = replayed(scenario, "camera1 down")
    assert (part.first, part.last) == (4, 20) and again.endings == play(scenario, without="camera1 down").endings


def test_samples_under_way_are_no_rest() -> None:
    """With a sample every 10 ms, each under way for more than 20 ms, there is no rest but the first."""
    scenario = world_scenario(samples=200, workload=Periodic(every=0.01), script=[Fault(name="dead", node="camera1",
                              action="down", at=0.5, lasts=0.2)])  # fmt: skip
    whole, again, part = replayed(scenario, "dead")
    assert whole.rests is not None and list(whole.rests.found) == [0]
    assert (part.first, part.last) == (0, 200) and again.endings == play(scenario, without="dead").endings


def test_limits_that_run_out_at_one_instant_are_heeded() -> None:
    """Two sites in step miss a camera each: both edges give it up at the same instant, and then share the cloud."""
    ever = Fault(name="ever", node="north1", action="down")
    also = Fault(name="also", node="south1", action="down")
    cut = Fault(name="cut", link=("north-edge", "cloud"), action="down", at=5.1, lasts=1.0)
    scenario = sited(samples=40, workload=Periodic(every=0.5), script=[ever, also, cut], thresholds=0.5)
    whole, again, part = replayed(scenario, "cut")
    assert whole.env.tied > 0 and part._heeding
    assert again.endings == play(scenario, without="cut").endings


@pytest.mark.parametrize(
    "more",
    [
        {"uplink": {"loss": {"good": 0.1}, "mtu": 1500}},
        {"uplink": {"sharing": "fair"}},
        {"script": [DEAD, Fault(name="rain", link=("edge", "cloud"), action="loss", value=0.5, at=1.0)]},
    ],
)
def test_a_network_with_draws_or_flows_is_taken_to_remember(more: dict[str, Any]) -> None:
    scenario = world_scenario(**{"samples": 20, "script": [DEAD], **more})
    whole, _, part = replayed(scenario, "dead")
    assert whole.rests is None and (part.first, part.last) == (0, 20)


def test_a_class_derived_from_one_that_forgets_is_taken_to_remember() -> None:
    """A user's system might give every tenth sample to the cloud."""
    scenario = world_scenario(samples=20, script=[DEAD])
    assert play(scenario).rests is not None
    derived = replace(plan_of(scenario), kind=type("Mine", (Ddnn,), {}))
    world = World(scenario, derived, lambda *_: (0, 0.1), captures(scenario))
    world.play()
    assert world.rests is None


times = st.integers(0, 12).map(lambda tenths: tenths / 4)
FAULTS = st.one_of(
    st.builds(Fault, name=st.sampled_from("abc"), node=st.sampled_from(["camera1", "camera2", "edge", "cloud"]),
              action=st.just("down"), at=times, lasts=st.one_of(st.none(), times.filter(bool))),
    st.builds(Fault, name=st.sampled_from("abc"), node=st.sampled_from(["camera1", "edge", "cloud"]),
              action=st.just("slow"), value=st.just(8.0), at=times, lasts=times.filter(bool)),
    st.builds(Fault, name=st.sampled_from("abc"), link=st.sampled_from([("camera1", "edge"), ("edge", "cloud")]),
              action=st.just("bandwidth"), value=st.just(1e5), at=times, lasts=times.filter(bool)),
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    st.lists(FAULTS, min_size=1, max_size=4),
    st.sampled_from(["ddnn", "ada-ddnn", "edge-only", "cloud-only"]),
    st.sampled_from([Periodic(every=0.25), Periodic(every=0.0625, jitter=0.01), Poisson(poisson=8)]),
    st.sampled_from([0.05, 0.25]),
    st.sampled_from([0.1, 0.25, 1.0]),
    st.one_of(st.none(), st.just(3.0)),
)
def test_it_is_as_if_all_had_been_played(
    script: list[Fault], system: str, workload: Any, wait: float, limit: float, duration: float | None
) -> None:
    values = {"script": script, "system": system, "workload": workload, "wait": wait, "cloud_limit": limit}
    scenario = world_scenario(samples=None if duration else 40, duration=duration, **values)
    for name in {name_of(fault) for fault in script}:
        whole, again, part = replayed(scenario, name)
        expected = play(scenario, without=name)
        assert again.endings == expected.endings
        assert (whole if part.last < len(again.endings) else again).env.now == expected.env.now
