"""ADA-DDNN's edge exit 1 tested at every report: who leaves when, with what, and what stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from worlds import EXACT, play, rows, world_scenario

import simnet
from simnet.network.faults.spec import Fault
from simnet.scenario import Scenario
from simnet.systems.policies.heartbeat import Heartbeat

ALL = 0b111111
UNEVEN = [
    Fault(at=0.0, link=("camera2", "edge"), action="bandwidth", value=1e7),
    Fault(at=0.0, link=("camera6", "edge"), action="bandwidth", value=1e5),
]
"""Reports of 10,000 B arrive after 12 ms (camera 2), 21 ms (the others) and 111 ms (camera 6)."""


def scenario_of(first_exit: str, script: Any = UNEVEN, heartbeat: Any = None, **values: Any) -> Scenario:
    base = world_scenario(
        system="ada-ddnn", script=script, **{"wait": 0.2, "thresholds": {"edge-1": 0.5, "edge-2": 1.0}, **values}
    )
    spec = base.systems["ada-ddnn"].model_copy(update={"first_exit": first_exit, "heartbeat": heartbeat})
    return base.model_copy(update={"systems": {"ada-ddnn": spec}})


def sure_of(*masks: int) -> Callable[..., tuple[int, float]]:
    """At edge exit 1 sure of these views only; the class tells how many there are."""
    return lambda exit_name, sample, views: (views.bit_count(), 0.1 if views in masks or exit_name != "edge-1" else 0.9)


def only(scenario: Scenario, ask: Any) -> dict[str, Any]:
    (row,) = rows(play(scenario, ask), scenario)
    return row


@pytest.mark.parametrize("first_exit, at, views", [("eager", 0.012, 0b000010), ("complete", 0.111, ALL)])
def test_one_report_that_is_sure_is_enough(first_exit: str, at: float, views: int) -> None:
    """The edge waits for camera 6 only where it must have all."""
    scenario = scenario_of(first_exit, samples=2)
    row, _ = rows(play(scenario, sure_of(0b000010, ALL)), scenario)
    assert (row["exit"], row["outcome"], row["views"]) == ("edge-1", "finished", views)
    assert row["prediction"] == views.bit_count()
    assert row["latency"] == pytest.approx(at, abs=EXACT)
    assert row["bytes"] == 60_000, "the others have sent all the same"


def test_what_arrives_at_one_instant_is_tested_one_by_one() -> None:
    """Cameras 1, 3, 4 and 5 at 21 ms: with camera 3 it is enough."""
    row = only(scenario_of("eager"), sure_of(0b000111))
    assert (row["views"], row["latency"]) == (0b000111, pytest.approx(0.021, abs=EXACT))


def test_the_last_report_may_be_the_one() -> None:
    row = only(scenario_of("eager"), sure_of(ALL))
    assert (row["exit"], row["views"], row["latency"]) == ("edge-1", ALL, pytest.approx(0.111, abs=EXACT))


def test_without_a_sure_report_everything_is_as_before() -> None:
    """Also after the limit: with a wait of 50 ms, from 12 ms on, camera 6 is too late."""
    for wait, views in ((0.2, ALL), (0.05, 0b011111)):
        eager, complete = (only(scenario_of(first, wait=wait), sure_of()) for first in ("eager", "complete"))
        assert eager == complete
        assert (eager["exit"], eager["views"]) == ("edge-2", views)


def test_a_sample_that_has_left_hears_no_later_report() -> None:
    """Nor does it wait: of three samples a second apart each leaves at 12 ms."""
    scenario = scenario_of("eager", samples=3)
    world = play(scenario, sure_of(0b000010))
    assert [row["latency"] for row in rows(world, scenario)] == pytest.approx([0.012] * 3, abs=EXACT)
    ((system,),) = world.systems
    assert not system.collector.waiting


def test_with_features_on_request_and_with_heartbeats() -> None:
    """Reports of 1,000 B: 11.1 ms from camera 2. A camera that is down is neither waited for nor needed."""
    scenario = scenario_of("eager", upload="on_request", samples=2)
    row, _ = rows(play(scenario, sure_of(0b000010)), scenario)
    assert (row["views"], row["latency"], row["bytes"]) == (0b10, pytest.approx(0.0111, abs=EXACT), 6_000)
    values = {"script": [*UNEVEN, Fault(at=0.0, node="camera5", action="down")], "heartbeat": Heartbeat(every=0.3)}
    scenario = scenario_of("eager", samples=3, **values)
    *_, last = rows(play(scenario, sure_of(0b000010)), scenario)
    assert (last["views"], last["latency"] < 0.02) == (0b000010, True)
    *_, eager = rows(play(scenario, sure_of()), scenario)
    *_, complete = rows(play(scenario_of("complete", samples=3, **values), sure_of()), scenario)
    assert eager == complete and eager["views"] == 0b101111


def test_the_same_samples_leave_at_exit_1_and_none_later(
    tmp_path: Path,
) -> None:
    """With the surest device's result: one of them is below T at the end exactly if it was so when it came."""
    (file := tmp_path / "it.yaml").write_text(
        """
data: plaza
samples: 60
workload: {every: 1 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 GFLOP/s}
  edge: {tier: edge, speed: 10 GFLOP/s}
  cloud: {tier: cloud, speed: 100 GFLOP/s}
links:
  - {between: ["camera[1..5]", edge], bandwidth: 1 Mbit/s, latency: 1 ms, jitter: 5 ms}
  - {between: [camera6, edge], bandwidth: 200 kbit/s, latency: 1 ms}
  - {between: [edge, cloud], bandwidth: 1 Mbit/s, latency: 1 ms}
systems:
  complete: {system: ada-ddnn, weights: ada-ddnn-plaza}
  eager:    {system: ada-ddnn, weights: ada-ddnn-plaza, first_exit: eager}
""",
        encoding="utf-8",
    )
    run = simnet.run(simnet.load(file))
    complete, eager = (run.samples(name).to_pylist() for name in ("complete", "eager"))
    first = [row["exit"] == "edge-1" for row in complete]
    assert [row["exit"] == "edge-1" for row in eager] == first and 5 < sum(first) < 55
    for one, other, left in zip(complete, eager, first, strict=True):
        assert other["latency"] < one["latency"] if left else other == one
        assert other["entropy"] >= one["entropy"] or not left
