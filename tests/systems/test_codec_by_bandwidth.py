"""`codec_above`: which messages are coded, what they weigh, and that the network is told so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mistakes import complaint
from worlds import EXACT, fake_ask, plan_of, rows, spans_of, world_scenario

import simnet
from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.graph import Graph, Part
from simnet.models.networks.passes import Pass
from simnet.network.faults.spec import Fault
from simnet.scenario import Scenario
from simnet.systems.policies.retry import Retry
from simnet.world.captures import captures
from simnet.world.world import World

PLAIN, CODED = 10_000, 5_500
"""Bytes of a report: 1,000 and features of 9,000, or 4,500 as fp16. On the wires for 10 ms and 5.5 ms at 1 MB/s."""


def scenario_of(above: float, system: str = "ada-ddnn", retry: Retry | None = None, **values: Any) -> Scenario:
    base = world_scenario(system=system, **{"thresholds": 0.0, "wait": 0.5, **values})
    spec = base.systems[system].model_copy(update={"codec": "fp16", "codec_above": above, "retry": retry})
    return base.model_copy(update={"systems": {system: spec}})


def played(scenario: Scenario) -> tuple[World, list[tuple[str, int]], dict[str, Any]]:
    """The world, (exit, arcs that came coded) of every question, and the first sample's row."""
    plan, asked = plan_of(scenario), []

    def ask(exit_name: str, sample: int, upstream: int) -> tuple[int, float]:
        asked.append((exit_name, upstream >> len(plan.graph.arcs)))
        return fake_ask(exit_name, sample, 0)

    world = World(scenario, plan, ask, captures(scenario))
    world.play()
    return world, asked, rows(world, scenario)[0]


def arcs(graph: Graph, *parts: Part) -> int:
    """Over which some parts send features."""
    sources = [n for n, arc in enumerate(graph.arcs) if arc.source in parts and arc.what == "features"]
    return sum(1 << n for n in sources)


@pytest.mark.parametrize(
    "above, size, latency", [(0.010, PLAIN, 0.010), (0.009999, CODED, 0.0055), (1.0, PLAIN, 0.010)]
)
def test_a_report_that_would_take_longer_is_coded(above: float, size: int, latency: float) -> None:
    """1 ms to compute, 10 ms to propagate, 2 ms at the edge."""
    scenario = scenario_of(above, thresholds={"edge-1": 0.0, "edge-2": 1.0})
    world, asked, row = played(scenario)
    graph = plan_of(scenario).graph
    assert [span[6] for span in spans_of(world, "camera2→edge")] == [size]
    assert row["latency"] == pytest.approx(0.001 + latency + 0.010 + 0.002, abs=EXACT)
    assert asked[-1] == ("edge-2", arcs(graph, *graph.parts_of("device")) if size == CODED else 0)


def test_each_message_for_itself() -> None:
    """Camera 3's link is slow, and so is the uplink: 20,000 B would take 20 ms, 10,000 take 10 ms."""
    script = [Fault(at=0.0, link=("camera3", "edge"), action="bandwidth", value=1e5)]
    scenario = scenario_of(0.015, script=script)
    world, asked, row = played(scenario)
    graph = plan_of(scenario).graph
    sizes = {
        name: spans_of(world, f"{name}→{to}")[0][6]
        for name, to in (("camera3", "edge"), ("camera4", "edge"), ("edge", "cloud"))
    }
    assert sizes == {"camera3": CODED, "camera4": PLAIN, "edge": 10_000}
    third, upload = arcs(graph, Part("device", 2)), arcs(graph, Part("edge"))
    assert asked == [("edge-1", third), ("edge-2", third), ("cloud", third | upload)]
    assert row["latency"] == pytest.approx(0.001 + 0.055 + 0.010 + 0.002 + 0.010 + 0.010 + 0.004, abs=EXACT)


def test_the_present_bandwidth_counts() -> None:
    """Slow from 1.5 s on: the third sample's reports are coded, the others' not."""
    script = [Fault(at=1.5, lasts=1.0, link=(f"camera{n}", "edge"), action="bandwidth", value=5e5) for n in range(1, 7)]
    world, *_ = played(scenario_of(0.015, samples=4, script=script))
    assert [span[6] for span in spans_of(world, "camera1→edge")] == [PLAIN, PLAIN, CODED, PLAIN]


def test_of_features_on_request_and_of_algorithm_1() -> None:
    """Without their reports 9,000 B; algorithm 1 sends 10,000 B of features."""
    world, *_ = played(scenario_of(0.008, upload="on_request"))
    assert [span[6] for span in spans_of(world, "camera1→edge")] == [1_000, 4_500]
    world, *_ = played(scenario_of(0.008, system="ddnn"))
    assert [span[6] for span in spans_of(world, "camera1→edge")] == [5_000]


def test_what_is_sent_again_is_chosen_again() -> None:
    """The uplink is lost at first, then slow: the second upload is coded, and the cloud answers of that."""
    script = [
        Fault(at=0.02, lasts=0.03, link=("edge", "cloud"), action="down"),
        Fault(at=0.05, link=("edge", "cloud"), action="bandwidth", value=5e5),
    ]
    scenario = scenario_of(0.03, retry=Retry(times=1, after=0.1), script=script)
    world, asked, row = played(scenario)
    graph = plan_of(scenario).graph
    assert [span[6] for span in spans_of(world, "edge→cloud")] == [10_000] and row["outcome"] == "finished"
    assert asked[-1] == ("cloud", arcs(graph, Part("edge")))


FILE = """
data: {set: plaza, order: file}
samples: 12
workload: {every: 10 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 TFLOP/s}
  edge: {tier: edge, speed: 1 TFLOP/s}
  cloud: {tier: cloud, speed: 1 TFLOP/s}
links:
  - {between: ["camera[1..4]", edge], bandwidth: 1 Mbit/s, latency: 1 ms}
  - {between: ["camera[5..6]", edge], bandwidth: 100 kbit/s, latency: 1 ms}
  - {between: [edge, cloud], bandwidth: 1 Mbit/s, latency: 1 ms}
systems:
  ada-ddnn: {codec: 1bit, codec_above: 20 ms, thresholds: 0}
"""


def test_the_network_runs_on_what_arrived(tmp_path: Path) -> None:
    """2,136 B take 17 ms or 171 ms: cameras 5 and 6 send one bit a value, the others float32."""
    (file := tmp_path / "it.yaml").write_text(FILE, encoding="utf-8")
    run = simnet.run(simnet.load(file))
    network = load_network(read_card("ada-ddnn-plaza"))
    pixels = open_dataset(simnet.DatasetOptions(set="plaza"), "test").pixels(np.arange(12))
    with torch.inference_mode():
        walk = Pass(network, network.prepare(torch.from_numpy(pixels)), codec="1bit")
        graph, labels = walk.graph, {}
        for name, parts in {"mixed": [4, 5], "plain": [], "bit": range(6)}.items():
            coded = graph.coded(arcs(graph, *(Part("device", copy) for copy in parts)))
            labels[name] = walk.scores(Part("cloud"), graph.all | coded).double().softmax(-1)
    mixed = labels["mixed"]
    assert run.samples("ada-ddnn")["prediction"].to_pylist() == mixed.argmax(-1).tolist()
    measured = -(mixed * mixed.log()).sum(-1) / np.log(10)
    assert run.samples("ada-ddnn")["entropy"].to_pylist() == pytest.approx(measured.tolist(), abs=1e-4)
    assert all((mixed - labels[other]).abs().max() > 1e-2 for other in ("plain", "bit"))


def test_a_choice_needs_a_codec(tmp_path: Path) -> None:
    (file := tmp_path / "it.yaml").write_text(FILE, encoding="utf-8")
    said = complaint(file, "codec: 1bit, ", "")
    assert "it.yaml:14: systems.ada-ddnn.codec_above: needs a 'codec' other than fp32 beside it" in said
