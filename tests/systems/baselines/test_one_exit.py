"""Device, edge and cloud only: who computes what, bytes and times by hand, and what faults and limits do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mistakes import complaint
from worlds import EXACT, node, play, rows, spans_of
from worlds import world_scenario as with_limits

from simnet.models.graph import INPUT, Graph, Segment, Take
from simnet.network.faults.spec import Fault
from simnet.scenario import load_scenario
from simnet.systems import SYSTEMS
from simnet.systems.roles import Place, Unfit

ALL = 0b111111
LATENCY = {"device-only": 0.012, "edge-only": 0.068, "cloud-only": 0.382}
"""Device only: 1 ms computing, 1,000 B of report in 1 ms, 10 ms on the way. Edge only: 50,000 B in 50 ms, 10 ms; six
devices' segments and its own in 8 ms. Cloud only: six views of 50 ms each on the edge's uplink, too, and 12 ms."""
BYTES = {"device-only": 6 * 1_000, "edge-only": 6 * 50_000, "cloud-only": 2 * 6 * 50_000}
EXIT = {"device-only": "edge-1", "edge-only": "edge-2", "cloud-only": "cloud"}
ONE_PLACE = ("edge-only", "cloud-only")


def world_scenario(wait: float = 1.0, **values: Any) -> Any:
    """With a wait in which all six views get over the edge's uplink."""
    return with_limits(wait=wait, **values)


def only(scenario: Any) -> dict[str, Any]:
    (row,) = rows(play(scenario), scenario)
    return row


def down(name: str, at: float = 0.0) -> Fault:
    return Fault(at=at, node=name, action="down")


@pytest.mark.parametrize("system", LATENCY)
def test_times_and_bytes_of_one_sample(system: str) -> None:
    row = only(world_scenario(system=system))
    assert (row["outcome"], row["exit"], row["views"]) == ("finished", EXIT[system], ALL)
    assert row["latency"] == pytest.approx(LATENCY[system], abs=EXACT)
    assert row["bytes"] == BYTES[system]


def test_who_computes_what() -> None:
    """Milliseconds at 1 GFLOP/s: 1 for a device's segment, 2 for the edge's, 4 for the cloud's."""
    busy = {}
    for system in LATENCY:
        world = play(world_scenario(system=system))
        steps = [span for name in world.network.nodes for span in spans_of(world, name)]
        busy[system] = {span[1]: round((span[5] - span[4]) * 1e3) for span in steps}
    assert busy["device-only"] == {f"camera{number}": 1 for number in range(1, 7)}
    assert busy["edge-only"] == {"edge": 6 * 1 + 2}
    assert busy["cloud-only"] == {"cloud": 6 * 1 + 2 + 4}


@pytest.mark.parametrize("system", LATENCY)
def test_a_view_that_does_not_come_is_waited_for_and_left_out(system: str) -> None:
    """`wait` is 50 ms from the first arrival on; of five views the segments of five run."""
    row = only(world_scenario(system=system, wait=0.5, script=[down("camera3")]))
    assert (row["outcome"], row["views"]) == ("finished", 0b111011)
    computing = {"device-only": 0, "edge-only": 0.007, "cloud-only": 0.011}[system]
    first = {"device-only": 0.012, "edge-only": 0.060, "cloud-only": 0.120}[system]
    assert row["latency"] == pytest.approx(first + 0.5 + computing, abs=EXACT)


@pytest.mark.parametrize("system", LATENCY)
def test_a_view_that_comes_too_late_is_left_out(system: str) -> None:
    slow = [Fault(at=0.0, link=("camera3", "edge"), action="bandwidth", value=1e3)]
    assert only(world_scenario(system=system, wait=0.3, script=slow))["views"] == 0b111011


@pytest.mark.parametrize("system, name, at", [
    ("device-only", "edge", 0.011), ("edge-only", "edge", 0.065), ("cloud-only", "cloud", 0.2),
    ("cloud-only", "cloud", 0.375),
])  # fmt: skip
def test_who_goes_down_loses_what_it_holds(system: str, name: str, at: float) -> None:
    """Reports arrive at 12 ms at the earliest; views meet at the cloud from 120 ms on, and are computed from 370 ms."""
    row = only(world_scenario(system=system, script=[down(name, at)]))
    assert (row["outcome"], row["reason"]) == ("dropped", f"{name} down")


def test_an_edge_that_goes_down_loses_the_views_that_have_not_left_it() -> None:
    """At 200 ms it has sent on two views (60 to 160 ms), the third is on its way out."""
    row = only(world_scenario(system="cloud-only", script=[down("edge", 0.2)]))
    assert (row["outcome"], row["views"].bit_count()) == ("finished", 2)


@pytest.mark.parametrize("system", LATENCY)
def test_without_any_view_a_sample_is_dropped(system: str) -> None:
    row = only(world_scenario(system=system, script=[down(f"camera{n}") for n in range(1, 7)]))
    assert (row["outcome"], row["reason"]) == ("dropped", "no report arrived")


def test_the_answer_is_wanted_at_the_edge() -> None:
    """Of the cloud 996 B come back, 10.996 ms; what the edge answers is there. To six devices each has a message."""
    one, six = 0.000996 + 0.010, 6 * 0.000996 + 0.010
    extra = {"device-only": (0.0, one), "edge-only": (0.0, one), "cloud-only": (one, six + one)}
    for system, more in extra.items():
        for reply, way in zip(("edge", "device"), more, strict=True):
            row = only(world_scenario(system=system, reply=reply))
            assert row["latency"] == pytest.approx(LATENCY[system] + way, abs=EXACT)


def test_without_an_edge_views_go_to_the_cloud_over_whatever_links_there_are() -> None:
    """Over a router: 50 ms and 10 ms to it, six views of 50 ms from it, 10 ms, 12 ms of computing."""
    base = world_scenario(system="cloud-only")
    nodes = {**base.nodes, "edge": node("router")}
    assert only(base.model_copy(update={"nodes": nodes}))["latency"] == pytest.approx(0.382, abs=EXACT)


FILE = """
data: plaza
samples: 3
workload: {every: 1 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 GFLOP/s}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: [camera*, edge], bandwidth: 1 MB/s, latency: 1 ms}
  - {between: [edge, cloud], bandwidth: 1 MB/s, latency: 1 ms}
systems:
  SYSTEM: {}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "it.yaml"
    made.write_text(FILE, encoding="utf-8")
    return made


IDLE = [
    *((system, key) for system in LATENCY for key in ("thresholds: 0.5", "rule: max", "cloud_limit: 2 s")),
    *((system, "retry: {times: 1, after: 1 ms}") for system in LATENCY),
    *((system, "breaker: {failures: 1, rest: 1 s}") for system in LATENCY),
    ("neurosurgeon", "heartbeat: {every: 1 s}"), ("oracle", "thresholds: 0.5"), ("oracle", "rule: max"),
    ("oracle", "latency_target: 50 ms"),
]  # fmt: skip


@pytest.mark.parametrize("system, key", IDLE)
def test_keys_that_would_do_nothing_are_refused(file: Path, system: str, key: str) -> None:
    said = complaint(file, "SYSTEM: {}", f"{system}: {{{key}}}")
    name = key.partition(":")[0]
    assert f"it.yaml:13: systems.{system}.{name}: does nothing here: " in said
    assert said.count("does nothing") == 1


@pytest.mark.parametrize("system", [*LATENCY, "neurosurgeon", "oracle"])
def test_they_have_the_weights_of_what_they_are_compared_with(file: Path, system: str, tmp_path: Path) -> None:
    """By default; and a scenario written again is the same."""
    file.write_text(FILE.replace("SYSTEM", system), encoding="utf-8")
    scenario = load_scenario(file)
    assert scenario.systems[system].weights == "ada-ddnn-plaza"
    (again := tmp_path / "again.yaml").write_text(scenario.to_yaml(), encoding="utf-8")
    assert load_scenario(again).systems == scenario.systems


@pytest.mark.parametrize("system, wanted", [
    ("device-only", "it needs an exit of the devices' class scores; the network has none"),
    ("edge-only", "it needs segment 'edge'; the network has no 'edge'"),
])  # fmt: skip
def test_a_network_without_what_they_answer_with_is_refused(system: str, wanted: str) -> None:
    each = tuple((view,) for view in range(2))
    device = Segment("device", (Take(INPUT, groups=each),), 2, sends=(1, 1, 1), scores=False)
    graph = Graph(2, (3, 4, 4), [device, Segment("cloud", (Take("device"),), exit="cloud")], 10)
    kind = SYSTEMS[system]
    place = Place(None, {"device": ("a", "b"), "edge": ("e",)}, {"a": 0, "b": 1})
    with pytest.raises(Unfit) as caught:
        kind.fit(graph, place, None)
    assert str(caught.value) == wanted
    assert kind.exits_of(None, graph) == ("cloud",) and kind.exits_of(None, None) is None
