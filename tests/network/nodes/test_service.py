"""What a call takes, by hand: operations, FLOP, bytes; alike on every kind of node; presets; partitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clocked import Seconds, Spans
from worlds import node

from simnet.models.cards.card import read_card
from simnet.network.nodes.kinds import ProfiledNode, QueuedNode, make_node
from simnet.network.nodes.plain import Node
from simnet.network.nodes.service import ServiceTime, at_quantile
from simnet.network.nodes.spec import Batching, Queue
from simnet.network.work import Work, joined, partition
from simnet.scenario import load_scenario

MEGA = Work(1e6, ("edge",), operations=10, traffic=2e6, weights=1e6)
"""On a node of 1 GFLOP/s one millisecond of arithmetic."""


def seconds(work: Work = MEGA, batch: int = 1, weights: str = "", **values: Any) -> float:
    return ServiceTime(node("edge", **values), weights).seconds(work, batch)


def test_operations_times_their_overhead_and_flop_over_speed() -> None:
    """10 · 40 µs + 1 MFLOP ÷ 1 GFLOP/s = 1.4 ms; with half a ms a call 1.9 ms."""
    assert seconds(overhead_per_op=40e-6) == pytest.approx(1.4e-3, rel=1e-12)
    assert seconds(overhead_per_op=40e-6, overhead=0.5e-3) == pytest.approx(1.9e-3, rel=1e-12)


def test_the_slower_of_arithmetic_and_memory_counts() -> None:
    """3 MB at 2 GB/s take 1.5 ms, more than the arithmetic; at 6 GB/s half a ms, which hides behind it."""
    assert seconds(overhead_per_op=40e-6, memory_bandwidth=2e9) == pytest.approx(1.9e-3, rel=1e-12)
    assert seconds(overhead_per_op=40e-6, memory_bandwidth=6e9) == pytest.approx(1.4e-3, rel=1e-12)


def test_a_batch_has_its_operations_and_weights_once() -> None:
    """Of 4: 10 · 40 µs and what takes longer of 4 ms of arithmetic and (4 · 2 + 1) MB ÷ 1.5 GB/s = 6 ms."""
    assert seconds(batch=4, overhead_per_op=40e-6) == pytest.approx(4.4e-3, rel=1e-12)
    assert seconds(batch=4, overhead_per_op=40e-6, memory_bandwidth=1.5e9) == pytest.approx(6.4e-3, rel=1e-12)


def test_efficiency_makes_arithmetic_and_memory_faster_and_no_overhead() -> None:
    batch = Batching(size=4, efficiency={4: 2.0})
    assert seconds(batch=4, overhead_per_op=40e-6) == pytest.approx(4.4e-3, rel=1e-12)
    spec = {"overhead_per_op": 40e-6, "overhead": 1e-3}
    assert ServiceTime(node("edge", batch=batch, **spec)).seconds(MEGA, 4) == pytest.approx(3.4e-3, rel=1e-12)
    slow = ServiceTime(node("edge", batch=batch, memory_bandwidth=1.5e9, **spec))
    assert slow.seconds(MEGA, 4) == pytest.approx(4.4e-3, rel=1e-12)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("speed", "overhead"), [(1e9, 0.0), (7.3e9, 2e-3), (3.0, 0.1)])
def test_who_gives_a_speed_alone_has_the_same_floats_as_ever(speed: float, overhead: float, batch: int) -> None:
    assert seconds(batch=batch, speed=speed, overhead=overhead) == overhead + batch * 1e6 / speed


def test_pieces_of_work_in_one_call_add_up() -> None:
    other = Work(5.0, ("cloud",), 3, 7.0, 11.0)
    both = joined([MEGA, other, other])
    assert both == Work(1e6 + 10, ("edge", "cloud", "cloud"), 16, 2e6 + 14, 1e6 + 22)
    assert joined([]) == Work(0)


def test_all_kinds_of_nodes_take_as_long() -> None:
    """1.4 ms are 1.4 · 10⁹ picoseconds, on a node that is plain, has a queue, or a profile of other weights' work."""
    kinds = {
        Node: {},
        QueuedNode: {"queue": Queue(limit=3)},
        ProfiledNode: {"profile": {"w": {"edge": {1: 9.0}}}},
    }
    for kind, values in kinds.items():
        env, spans = Seconds(), []
        made = make_node(env, spans.append, "edge", node("edge", overhead_per_op=40e-6, **values), "w")
        assert type(made) is kind
        made.compute(0, MEGA._replace(segments=()), lambda _: None, lambda _: None, None)
        env.play()
        assert [span[5] for span in spans] == [1_400_000_000]


def test_work_of_equal_flop_and_other_operations_takes_its_own_time() -> None:
    env, spans = Seconds(), Spans()
    made = make_node(env, spans.record, "edge", node("edge", overhead_per_op=1e-3))
    for sample, operations in enumerate((1, 4)):
        made.compute(sample, Work(1e6, ("edge",), operations), lambda _: None, lambda _: None, None)
    env.play()
    assert [span[5] - span[4] for span in spans] == pytest.approx([2e-3, 5e-3])


# Partitions


@pytest.mark.parametrize(
    ("segments", "name"),
    [(["edge"], "edge"), (["device", "local"], "device+local"), (["device"] * 6 + ["cloud"], "device*6+cloud"),
     (["a", "b", "b", "a"], "a+b*2+a")],
)  # fmt: skip
def test_a_partition_is_named_by_its_segments(segments: list[str], name: str) -> None:
    assert partition(segments) == name


def test_a_partition_that_was_measured_as_one_is_charged_as_one() -> None:
    """Two devices and the cloud: 5 ms together, not 2 · 2 + 3; one device and the cloud were not measured together."""
    profile = {"w": {"device": {1: 2e-3}, "cloud": {1: 3e-3}, "device*2+cloud": {1: 5e-3, 2: 6e-3}}}
    device, cloud = Work(1e6, ("device",)), Work(1e6, ("cloud",))
    assert seconds(joined([device, device, cloud]), weights="w", profile=profile) == 5e-3
    assert seconds(joined([device, device, cloud]), 2, weights="w", profile=profile) == 6e-3
    assert seconds(joined([device, cloud]), weights="w", profile=profile) == 5e-3  # 2 + 3
    assert seconds(joined([device] * 3), weights="w", profile=profile) == pytest.approx(6e-3)


def test_of_quantiles_a_call_takes_the_median() -> None:
    profile = {"w": {"edge": {1: [1e-3, 2e-3, 3e-3, 10e-3], 2: [4e-3, 5e-3]}}}
    assert seconds(weights="w", profile=profile) == pytest.approx(2.5e-3)
    assert seconds(batch=2, weights="w", profile=profile) == pytest.approx(4.5e-3)
    assert seconds(batch=4, weights="w", profile=profile) == pytest.approx(9e-3)


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1.0), (0.25, 2.0), (0.375, 3.0), (0.5, 4.0), (0.75, 6.0), (1.0, 8.0)]
)
def test_between_quantiles_there_are_straight_lines(share: float, value: float) -> None:
    assert at_quantile([1.0, 2.0, 4.0, 6.0, 8.0], share) == pytest.approx(value)


# In a scenario

SCENARIO = """\
data: plaza
samples: 1
workload: {every: 1 s}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: desktop-cpu}
  cloud: {tier: cloud, preset: nvidia-t4, speed: 1 PFLOP/s}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], preset: wan}
systems:
  ddnn: {}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "presets.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


def test_a_speed_of_ones_own_takes_the_memory_bandwidth_of_the_preset_away(scenario: Path) -> None:
    """The two are fitted together; what an operation costs beside them stays."""
    edge = load_scenario(scenario).nodes["edge"]
    assert (edge.speed, edge.memory_bandwidth, edge.overhead_per_op) == (384e9, 6.6e9, 150e-6)
    own = load_scenario(scenario, ["nodes.edge.speed=20 GFLOP/s"]).nodes["edge"]
    assert (own.speed, own.memory_bandwidth, own.overhead_per_op) == (20e9, None, 150e-6)
    both = load_scenario(scenario, ["nodes.edge.speed=20 GFLOP/s", "nodes.edge.memory_bandwidth=1 GB/s"])
    assert both.nodes["edge"].memory_bandwidth == 1e9


@pytest.mark.parametrize(
    "change",
    ["speed=20 GFLOP/s", "memory_bandwidth=null", "overhead_per_op=0 s", "jitter={cv: 30 %}", "jitter={sd: 2 ms}"],
)
def test_a_resolved_scenario_is_read_as_it_was(scenario: Path, tmp_path: Path, change: str) -> None:
    loaded = load_scenario(scenario, [f"nodes.edge.{change}"])
    (tmp_path / "again.yaml").write_text(loaded.to_yaml(), encoding="utf-8")
    assert load_scenario(tmp_path / "again.yaml").nodes == loaded.nodes


def test_a_run_charges_the_operations_of_the_card(simnet: Any, scenario: Path, tmp_path: Path) -> None:
    """On the cloud, whose arithmetic takes no time to speak of, as many times 39 µs as the card says."""
    from simnet.results.run import read_run

    text = SCENARIO.replace("ddnn: {}", "ddnn: {thresholds: 0.0}")
    scenario.write_text(text, encoding="utf-8")
    status, _, error = simnet("run", scenario, "--out", tmp_path / "run", "--no-figures", "--quiet")
    assert status == 0, error
    spans = read_run(tmp_path / "run").spans("ddnn").to_pylist()
    (cloud,) = [span["ended_at"] - span["started_at"] for span in spans if span["place"] == "cloud"]
    segments = read_card("ddnn-plaza").graph.segments
    assert segments["cloud"].operations == 26
    assert cloud == pytest.approx(26 * 39e-6 + segments["cloud"].flop / 1e15, abs=1e-12)
    device = segments["device"]
    moved = (device.traffic + 4 * device.parameters) / 380e6
    (camera,) = [span["ended_at"] - span["started_at"] for span in spans if span["place"] == "camera1"]
    assert camera == pytest.approx(21 * 100e-6 + moved, abs=1e-12) and moved > device.flop / 14.4e9
