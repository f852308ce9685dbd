"""No tier is demanded by itself: a system of one node, one without a cloud, one of several edges and clouds."""

from __future__ import annotations

from pathlib import Path

import pytest
from weights import write_random_weights

import simnet

SYSTEMS = '''
from simnet import Part, Role, Roles, System


class OnTheSpot(System):
    """One camera that computes everything itself."""

    roles = Roles(camera=Role("camera", 1, 1, sees=True))
    exits = ("edge", "cloud")

    @classmethod
    def hosts(cls, graph, place, options):
        return {place.only("camera"): [part for name in graph.segments for part in graph.parts_of(name)]}

    def classify(self, sample):
        (name,) = self.setting.place.nodes["camera"]
        node = self.setting.network.nodes[name]
        seen = self.graph.of_views(1 << self.setting.place.views[name])
        for segment in ("device", "edge"):
            yield self.compute(node, self.work[segment], sample)
        decision = self.decide("edge", sample, seen)
        if self.leaves(decision):
            return decision
        yield self.compute(node, self.work["cloud"], sample)
        return self.decide("cloud", sample, seen)


class InTurn(System):
    """Every camera sends to the edge whose turn it is, which asks the cloud whose turn it is."""

    roles = Roles(device=Role("device", 1, None, sees=True), edge=Role("edge", 2, None), cloud=Role("cloud", 2, 3))
    exits = ("edge", "cloud")

    def classify(self, sample):
        network, place = self.setting.network, self.setting.place
        node = network.nodes
        edge = place.nodes["edge"][sample % len(place.nodes["edge"])]
        cloud = place.nodes["cloud"][sample % len(place.nodes["cloud"])]
        views = 0
        for name, view in place.views.items():
            yield self.compute(node[name], self.work["device"], sample)
            yield self.send(network.route(node[name], node[edge]), self.size("device"), sample)
            views |= 1 << view
        yield self.compute(node[edge], self.work["edge"], sample)
        decision = self.decide("edge", sample, self.graph.of_views(views))
        if self.leaves(decision):
            return decision
        yield self.send(network.route(node[edge], node[cloud]), self.size("edge"), sample)
        yield self.compute(node[cloud], self.work["cloud"], sample)
        return self.decide("cloud", sample, self.graph.of_views(views))


class Alone(System):
    """Devices and an edge, and nothing beyond."""

    roles = Roles(device=Role("device", 1, None, sees=True), edge=Role("edge"))
    exits = ("edge",)

    def classify(self, sample):
        network, place = self.setting.network, self.setting.place
        node = network.nodes
        views = 0
        for name, view in place.views.items():
            yield self.send(network.route(node[name], node[place.only("edge")]), self.size("device"), sample)
            views |= 1 << view
        return self.decide("edge", sample, self.graph.of_views(views))
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "others.py").write_text(SYSTEMS, encoding="utf-8")
    write_random_weights(tmp_path, "ddnn", "plaza")
    return tmp_path


def run(folder: Path, system: str, nodes: str, links: str, threshold: float) -> simnet.Run:
    file = folder / "world.yaml"
    file.write_text(
        f"""
name: world
data: plaza
samples: 12
workload: {{every: 1 s}}
nodes: {{{nodes}}}
links: [{links}]
systems:
  it: {{system: "others.py:{system}", weights: ddnn-plaza.safetensors, thresholds: {threshold}}}
""",
        encoding="utf-8",
    )
    return simnet.run(simnet.load(file))


def test_a_world_of_one_node(folder: Path) -> None:
    """Its latency is the time of three segments, or of two: no byte is sent."""
    made = run(folder, "OnTheSpot", "eye: {tier: camera, view: 1, speed: 1 GFLOP/s}", "", 0.0)
    found = made.summary["systems"]["it"]
    assert found["finished"] == 12 and found["exits"]["cloud"]["count"] == 12
    assert made.samples("it")["bytes"].to_pylist() == [0] * 12
    sure = run(folder, "OnTheSpot", "eye: {tier: camera, view: 1, speed: 1 GFLOP/s}", "", 1.0)
    assert sure.summary["systems"]["it"]["exits"]["edge"]["count"] == 12
    assert sure.summary["systems"]["it"]["latency"]["mean"] < found["latency"]["mean"]


def test_several_edges_and_clouds_of_one_site(folder: Path) -> None:
    """Samples go to edges and clouds in turn: 12 samples, 6 by way of each edge, 4 of each cloud."""
    nodes = (
        "'camera[1..2]': {tier: device, speed: 1 GFLOP/s}, 'edge[1..2]': {tier: edge, speed: 1 GFLOP/s}, "
        "'cloud[1..3]': {tier: cloud, speed: 1 GFLOP/s}"
    )
    fast = "bandwidth: 1 Gbit/s, latency: 1 ms"
    links = f"{{between: [camera*, edge*], {fast}}}, {{between: [edge*, cloud*], {fast}}}"
    made = run(folder, "InTurn", nodes, links, 0.0)
    assert made.summary["systems"]["it"]["finished"] == 12
    spans = made.spans("it").to_pylist()
    done = [span["place"] for span in spans if span["kind"] == "compute" and span["place"][:4] in ("edge", "clou")]
    assert {name: done.count(name) for name in sorted(set(done))} == {
        **dict.fromkeys(("cloud1", "cloud2", "cloud3"), 4),
        **dict.fromkeys(("edge1", "edge2"), 6),
    }


def test_a_world_without_a_cloud(folder: Path) -> None:
    nodes = "'camera[1..6]': {tier: device, speed: 1 GFLOP/s}, edge: {tier: edge, speed: 1 GFLOP/s}"
    made = run(folder, "Alone", nodes, "{between: [camera*, edge], bandwidth: 1 Mbit/s, latency: 1 ms}", 0.5)
    assert list(made.summary["systems"]["it"]["exits"]) == ["edge"]
    assert made.summary["systems"]["it"]["finished"] == 12
