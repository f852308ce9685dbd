"""`last_segment: soonest`: the edge runs the cloud's segment itself where that is predicted to be sooner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mistakes import changed, complaint
from worlds import EXACT, fake_ask, node, play, rows, spans_of, world_scenario

import simnet
from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.graph import Part
from simnet.models.networks.passes import Pass
from simnet.network.faults.spec import Fault
from simnet.scenario import Scenario
from simnet.workloads.periodic import Periodic

UP, CLOUD, BACK = 0.030, 0.004, 0.010996
"""Seconds of the upload, of the cloud's segment in the cloud, and of the way back of 996 B."""


def scenario_of(edge: float, where: str = "soonest", system: str = "ddnn", **values: Any) -> Scenario:
    base = world_scenario(system=system, nodes={"edge": node("edge", speed=edge)}, **{"thresholds": 0.0, **values})
    spec = base.systems[system].model_copy(update={"last_segment": where})
    return base.model_copy(update={"systems": {system: spec}})


def latencies(scenario: Scenario) -> list[float]:
    return [row["latency"] for row in rows(play(scenario), scenario)]


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
@pytest.mark.parametrize("edge, reply, latency", [
    (1e9, "none", 0.002 + 0.004),  # 4 ms here, 34 ms by way of the cloud
    (1.25e8, "none", 0.016 + 0.032),  # 32 ms here
    (1e8, "none", 0.020 + UP + CLOUD),  # 40 ms here
    (1e8, "edge", 0.020 + 0.040),  # 44.996 ms by way of the cloud
    (5e7, "edge", 0.040 + UP + CLOUD + BACK),
])  # fmt: skip
def test_it_runs_where_it_is_done_sooner(system: str, edge: float, reply: str, latency: float) -> None:
    """After 21 ms to the last report."""
    scenario = scenario_of(edge, system=system, reply=reply)
    (row,) = rows(play(scenario), scenario)
    assert (row["exit"], row["outcome"]) == ("cloud", "finished")
    assert row["latency"] == pytest.approx(0.021 + latency, abs=EXACT)
    assert row["prediction"] == fake_ask("cloud", 0, 63)[0]


def test_by_default_it_runs_in_the_cloud() -> None:
    assert latencies(scenario_of(1e9, "cloud")) == pytest.approx([0.021 + 0.002 + UP + CLOUD], abs=EXACT)


def test_load_bandwidth_and_slowness_of_now_count() -> None:
    """Three samples: 40 ms here, 34 ms there; then the uplink is slow; then it is fast again and the edge slow."""
    script = [
        Fault(at=0.9, lasts=1.0, link=("edge", "cloud"), action="bandwidth", value=5e5),
        Fault(at=1.9, node="edge", action="slow", value=2.0),
    ]
    scenario = scenario_of(1e8, samples=3, script=script)
    expected = [0.020 + UP + CLOUD, 0.020 + 0.040, 0.040 + UP + CLOUD]
    assert latencies(scenario) == pytest.approx([0.021 + one for one in expected], abs=EXACT)


def test_what_the_edge_has_to_do_already_counts() -> None:
    """Two samples at once: the edge's segment from 21 to 37 and to 53 ms; then the first one's last, to 85 ms.

    The second would have to wait for that: 64 ms here, 34 ms by way of the cloud.
    """
    scenario = scenario_of(1.25e8, samples=2, workload=Periodic(every=1e-6))
    assert latencies(scenario) == pytest.approx([0.085, 0.053 + UP + CLOUD], abs=2e-6)


def test_without_a_way_to_the_cloud_nobody_is_forced() -> None:
    script = [Fault(at=0.0, link=("edge", "cloud"), action="down")]
    scenario = scenario_of(1e8, cloud_limit=0.2, script=script)
    (row,) = rows(play(scenario), scenario)
    assert (row["outcome"], row["exit"]) == ("finished", "cloud")
    forced = scenario_of(1e8, "cloud", cloud_limit=0.2, script=script)
    assert rows(play(forced), forced)[0]["outcome"] == "forced"


def test_an_edge_that_goes_down_loses_it() -> None:
    scenario = scenario_of(1e8, samples=2, script=[Fault(at=0.05, lasts=0.1, node="edge", action="down")], reply="edge")
    world = play(scenario)
    first, second = rows(world, scenario)
    assert (first["outcome"], first["reason"]) == ("dropped", "edge down")
    assert second["latency"] == pytest.approx(0.081, abs=EXACT), "it counts no call that was lost"
    assert not spans_of(world, "edge→cloud")


FILE = """
data: {set: plaza, order: file}
samples: 12
workload: {every: 10 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 TFLOP/s}
  edge: {tier: edge, speed: 1 TFLOP/s}
  cloud: {tier: cloud, speed: 1 TFLOP/s}
links:
  - {between: [camera*, edge], bandwidth: 1 Mbit/s, latency: 1 ms}
  - {between: [edge, cloud], bandwidth: 1 Mbit/s, latency: 1 ms}
systems:
  ada-ddnn: {codec: 1bit, thresholds: 0, last_segment: soonest}
"""


def test_features_that_stay_on_the_edge_meet_no_codec(tmp_path: Path) -> None:
    """Only those of the devices do."""
    (file := tmp_path / "it.yaml").write_text(FILE, encoding="utf-8")
    run = simnet.run(simnet.load(file))
    network = load_network(read_card("ada-ddnn-plaza"))
    pixels = open_dataset(simnet.DatasetOptions(set="plaza"), "test").pixels(np.arange(12))
    with torch.inference_mode():
        walk = Pass(network, network.prepare(torch.from_numpy(pixels)), codec="1bit")
        graph = walk.graph
        coded = graph.coded(graph.arcs_from(*graph.parts_of("device")) & graph.arcs_into(Part("edge")))
        here, there = (
            walk.scores(Part("cloud"), mask).double().softmax(-1) for mask in (graph.all | coded, walk.usual)
        )
    measured = (-(here * here.log()).sum(-1) / np.log(10)).tolist()
    assert run.samples("ada-ddnn")["entropy"].to_pylist() == pytest.approx(measured, abs=1e-4)
    assert (here - there).abs().max() > 1e-2


def test_the_edge_needs_memory_for_it(tmp_path: Path) -> None:
    """350 kB for its own segment and 670 kB for the cloud's, weights and values together."""
    (file := tmp_path / "it.yaml").write_text(FILE, encoding="utf-8")
    with pytest.raises(simnet.ScenarioError, match="the edge and cloud segments of ada-ddnn needs"):
        simnet.check(changed(file, "edge: {tier: edge,", "edge: {memory: 300 kB, tier: edge,"))
    simnet.check(changed(file, "soonest", "cloud"))
    assert "systems.ada-ddnn.last_segment: unknown value 'clod'" in complaint(
        file, "last_segment: cloud", "last_segment: clod"
    )
