"""`latency_target`: thresholds that settle where the mean latency is the one wanted, and a burst."""

from __future__ import annotations

from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mistakes import changed, complaint
from worlds import play, rows, world_scenario

from simnet.clock import Clock, ticks
from simnet.scenario import Scenario, load_scenario
from simnet.systems.parts.target import LatencyTarget, Pressure
from simnet.workloads.periodic import Periodic
from simnet.workloads.recorded import Recorded
from simnet.world.captures import captures

EDGE, CLOUD = 0.023, 0.057
"""Seconds to the edge's answer and to the cloud's, without queues; the made-up measures are even on [0, 1)."""


def scenario_of(mean: float | None, system: str = "ddnn", **values: Any) -> Scenario:
    base = world_scenario(system=system, **{"thresholds": 0.2, "workload": Periodic(every=0.1), **values})
    target = None if mean is None else LatencyTarget(mean=mean)
    spec = base.systems[system].model_copy(update={"latency_target": target})
    return base.model_copy(update={"systems": {system: spec}})


def pressure_of(world: Any) -> Pressure:
    ((system,),) = world.systems
    found: Pressure = system._pressure
    return found


def test_the_mean_settles_at_the_target() -> None:
    """57 − 34·T ms are 40 ms where half leave at the edge: T is two and a half times the 0.2 given."""
    scenario = scenario_of(0.040, samples=2000)
    world = play(scenario)
    latencies = np.array([row["latency"] for row in rows(world, scenario)])
    assert latencies[:10].mean() == pytest.approx(CLOUD - (CLOUD - EDGE) * 0.2, rel=0.15)
    later = latencies[200:].reshape(6, 300).mean(1)
    assert later == pytest.approx([0.040] * 6, rel=0.08) and later.mean() == pytest.approx(0.040, rel=0.02)
    assert pressure_of(world).factor == pytest.approx(2.5, rel=0.25)
    report = world.systems[0][0].policy_report()["latency_target"]
    assert report["periods"] == pytest.approx(195, abs=5) and 0 < report["above"] < report["periods"]


@pytest.mark.parametrize("mean, leave", [(0.1, 0.2), (0.01, 1.0)])
def test_it_is_never_stricter_than_given_nor_looser_than_all(mean: float, leave: float) -> None:
    """A target that is held anyway changes nothing; one that cannot be held lets all leave after ln 5 / 0.3 = 5.4 s."""
    scenario = scenario_of(mean, samples=300)
    world = play(scenario)
    exits = [row["exit"] for row in rows(world, scenario)]
    if leave < 1:
        without = scenario_of(None, samples=300)
        assert exits == [row["exit"] for row in rows(play(without), without)]
    assert pressure_of(world).factor == pytest.approx(5.0 if leave == 1 else 1.0)
    assert (exits[100:].count("edge") == 200) == (leave == 1)


def test_one_step_by_hand() -> None:
    """Target 100 ms; 120 and 160 ms are 140 in the mean: exp(0.3 · 0.4). A mean of 1 s counts as twice the target."""
    clock = Clock()
    made = Pressure(clock, LatencyTarget(mean=0.1), [0.0, 0.25])
    steps = [(0.5, 0.12), (1.0, 0.16), (2.0, 1.0), (3.0, 0.05), (3.5, 9.0), (9.0, 0.0)]
    factors = []
    for time, latency in steps:
        clock.run(until=ticks(time))
        made.answered(ticks(latency))
        factors.append(made.factor)
    up, more = exp(0.12), exp(0.42)
    assert factors == pytest.approx([1.0, up, more, more * exp(-0.15), more * exp(-0.15), more * exp(0.15)])
    for number in range(10, 30):
        clock.run(until=ticks(float(number)))
        made.answered(ticks(1.0))
    assert made.factor == 4.0, "then 0.25 has become 1"


def test_in_a_burst() -> None:
    """Ten samples a second, for 10 s a hundred; the uplink carries fifty, and four of five samples go on.

    That is 30 /s too many for 10 s: without the target 300 uploads of 20 ms wait at the end, with it less than a third
    of that, and half a minute after the burst everything is as if there had been none.
    """
    before, burst = np.arange(0, 20, 0.1), np.arange(20, 30, 0.01)
    times = [*before, *burst, *np.arange(30, 90, 0.1)]
    workload = Recorded(trace=tuple(float(time) for time in times))
    held, free = (scenario_of(mean, samples=len(times), workload=workload, cloud_limit=60.0) for mean in (0.08, None))
    worlds = {name: play(one) for name, one in (("held", held), ("free", free))}
    latency = {
        name: np.array([row["latency"] for row in rows(worlds[name], one)])
        for name, one in (("held", held), ("free", free))
    }
    captured = captures(held).times
    assert latency["free"].max() == pytest.approx(6.0, rel=0.1)
    assert latency["held"].max() < latency["free"].max() / 3
    quiet = captured > 60
    assert latency["held"][quiet] == pytest.approx(latency["free"][quiet]), "as if there had been no burst"
    assert pressure_of(worlds["held"]).factor == 1.0
    assert latency["held"][captured < 20] == pytest.approx(latency["free"][captured < 20])


FILE = """
data: plaza
samples: 12
workload: {every: 1 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 TFLOP/s}
  edge: {tier: edge, speed: 1 TFLOP/s}
  cloud: {tier: cloud, speed: 1 TFLOP/s}
links:
  - {between: [camera*, edge], bandwidth: 1 Mbit/s, latency: 1 ms}
  - {between: [edge, cloud], bandwidth: 1 Mbit/s, latency: 1 ms}
systems:
  ada-ddnn: {latency_target: 50 ms}
"""


def test_how_it_is_written(tmp_path: Path) -> None:
    (file := tmp_path / "it.yaml").write_text(FILE, encoding="utf-8")
    scenario = load_scenario(file)
    assert scenario.systems["ada-ddnn"].latency_target == LatencyTarget(mean=0.05)  # type: ignore[attr-defined]
    (again := tmp_path / "again.yaml").write_text(scenario.to_yaml(), encoding="utf-8")
    assert load_scenario(again) == scenario
    changed(file, "50 ms", "{mean: 50 ms, every: 2 s, gain: 0.1}")
    spec: Any = load_scenario(file).systems["ada-ddnn"]
    assert spec.latency_target == LatencyTarget(mean=0.05, every=2.0, gain=0.1)
    assert "it.yaml:13: systems.ada-ddnn.latency_target.gain: must be 0.3 or less" in complaint(
        file, "gain: 0.1", "gain: 3.0"
    )
    changed(file, "gain: 3.0", "gain: 0.1")
    assert "latency_target.men: unknown key 'men'; did you mean 'mean'?" in complaint(
        file, "{mean: 50 ms", "{men: 50 ms"
    )
