"""DDNN of 2017 on its six configurations of tiers: who sends what, where samples leave, what failures do, what fits."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from weights import write_network
from worlds import EXACT, fake_ask, node, play, rows, tiered_scenario

from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset
from simnet.models.networks.ddnn_2017 import Ddnn2017, Ddnn2017Architecture, bytes_per_device, raw_bytes
from simnet.models.rules import normalized_entropy, taken_exit
from simnet.network.faults.spec import Fault
from simnet.results.result import SystemResult
from simnet.scenario import Scenario, ScenarioError, load_scenario
from simnet.systems import SYSTEMS, bytes_until
from simnet.systems.ddnn_2017 import TIERS, tiers_for
from simnet.workloads.periodic import Periodic
from simnet.world.plan import plans_of, remarks
from simnet.world.run import Options, run_system

ALL = 0b111111
COUNT = 48


def sent(scenario: Scenario, **values: Any) -> dict[str, list[int]]:
    """Bytes of the messages on each link of a world with one sample, in order."""
    found = defaultdict(list)
    for _, place, kind, *_, size, status in play(scenario, **values).network.spans:
        if kind == "transfer":
            assert status == "ok"
            found[place].append(size)
    return dict(found)


def only(scenario: Scenario) -> dict[str, Any]:
    (row,) = rows(play(scenario), scenario)
    return row


def down(name: str, at: float = 0.0, lasts: float | None = None) -> Fault:
    return Fault(at=at, lasts=lasts, node=name, action="down")


# Who sends what, and when the answer is there: scores 10 kB, features 9 kB, an edge's 20 kB, raw views 50 kB, 1 MB/s ---

CAMERAS = [f"camera{number}" for number in range(1, 7)]


@pytest.mark.parametrize("tiers", TIERS)
def test_exits_are_those_of_the_tiers(tiers: str):
    kind = SYSTEMS["ddnn-2017"]
    exits = kind.exits_of(kind.Options(system="ddnn-2017", weights="none", tiers=tiers), None) or ()
    assert exits == {"cloud only": ("cloud",)}.get(
        tiers, ("local", "edge", "cloud") if "edge" in tiers else ("local", "cloud")
    )
    for number, name in enumerate(exits):
        limits = {other: float(place >= number) for place, other in enumerate(exits[:-1])}
        row = only(tiered_scenario(tiers, thresholds=limits))
        assert (row["outcome"], row["exit"]) == ("finished", name)
        assert (row["prediction"], row["entropy"]) == fake_ask(name, 0, row["views"])
        assert row["views"] == (1 if tiers.startswith("device+") else ALL)


def test_cloud_only_sends_raw_views_and_computes_everything_in_the_cloud():
    scenario = tiered_scenario("cloud only")
    assert sent(scenario) == {f"{camera}→cloud": [50_000] for camera in CAMERAS}
    # 50 ms + 10 ms on the way, six device segments and the cloud's
    assert only(scenario)["latency"] == pytest.approx(0.060 + 6 * 0.001 + 0.004, abs=EXACT)


def test_a_single_device_tests_the_local_exit_itself_and_sends_only_features():
    assert sent(tiered_scenario("device+cloud", thresholds=1.0)) == {}
    assert only(tiered_scenario("device+cloud", thresholds=1.0))["latency"] == pytest.approx(0.0015, abs=EXACT)
    scenario = tiered_scenario("device+cloud", thresholds=0.0)
    assert sent(scenario) == {"camera1→cloud": [9_000]}
    assert only(scenario)["latency"] == pytest.approx(0.0015 + 0.019 + 0.004, abs=EXACT)
    scenario = tiered_scenario("device+edge+cloud", thresholds=0.0)
    assert sent(scenario) == {"camera1→edge1": [9_000], "edge1→cloud": [20_000]}
    assert only(scenario)["latency"] == pytest.approx(0.0015 + 0.019 + 0.002 + 0.030 + 0.004, abs=EXACT)


def test_devices_send_scores_to_the_gateway_and_features_on_request():
    scores = {f"{camera}→gateway": [10_000] for camera in CAMERAS}
    leaves = tiered_scenario("devices+cloud", thresholds=1.0)
    assert sent(leaves) == scores
    assert only(leaves)["latency"] == pytest.approx(0.001 + 0.020 + 0.0005, abs=EXACT)
    goes_on = tiered_scenario("devices+cloud", thresholds=0.0)
    assert sent(goes_on) == {
        **{f"{camera}→gateway": [10_000, 9_000] for camera in CAMERAS},  # features pass it on their way
        **{f"gateway→{camera}": [0] for camera in CAMERAS},  # the request: no bytes, but the link's 10 ms
        "gateway→cloud": [9_000] * 6,
    }
    up = 0.010 + 0.019 + 6 * 0.009 + 0.010
    assert only(goes_on)["latency"] == pytest.approx(0.0215 + up + 0.004, abs=EXACT)


@pytest.mark.parametrize("gateway", [True, False])
def test_with_an_edge_the_aggregator_is_on_the_gateway_or_on_the_edge(gateway: bool):
    scenario = tiered_scenario("devices+edge+cloud", gateway=gateway, thresholds=0.0)
    hub = "gateway" if gateway else "edge1"
    expected = {f"{camera}→{hub}": [10_000, 9_000] for camera in CAMERAS}
    expected |= {f"{hub}→{camera}": [0] for camera in CAMERAS} | {"edge1→cloud": [20_000]}
    assert sent(scenario) == expected | ({"gateway→edge1": [9_000] * 6} if gateway else {})


@pytest.mark.parametrize("gateway", [True, False])
def test_two_edges_fuse_their_own_and_meet_at_the_first(gateway: bool):
    scenario = tiered_scenario("devices+edges+cloud", gateway=gateway, thresholds=0.0)
    made = sent(scenario)
    if gateway:
        assert made["gateway→edge1"] == made["gateway→edge2"] == [9_000] * 3
        assert made["edge2→edge1"] == [10_000]
    else:  # scores and features of the second edge's cameras, and later its own scores
        assert made["camera4→edge2"] == [10_000, 9_000] and made["camera1→edge1"] == [10_000, 9_000]
        assert made["edge2→edge1"] == [10_000] * 3 + [10_000]
        assert made["edge1→edge2"] == [0] * 3 + [0]
    assert made["edge1→cloud"] == made["edge2→cloud"] == [20_000]
    leaves = sent(tiered_scenario("devices+edges+cloud", gateway=gateway, thresholds={"local": 0.0, "edge": 1.0}))
    assert not {"edge1→cloud", "edge2→cloud"} & leaves.keys()


@pytest.mark.parametrize("tiers", TIERS)
def test_with_free_links_and_nodes_answers_come_at_once(tiers: str):
    """Then every message and every call ends within the call that begins it."""
    free = {"speed": 1e30}
    base = tiered_scenario(tiers, way={"bandwidth": 1e30, "latency": 0.0}, thresholds=0.0, samples=4)
    nodes = {name: one.model_copy(update=free) for name, one in base.nodes.items()}
    scenario = base.model_copy(update={"nodes": nodes})
    for row in rows(play(scenario), scenario)[1:]:
        assert (row["outcome"], row["exit"], row["latency"]) == ("finished", "cloud", 0.0)


# What failures do ---------------------------------------------------------------------------------------------------

EDGES = "devices+edges+cloud"
BROKEN: dict[str, tuple[str, dict[str, Any], list[Fault], tuple[str, str | None, int, str | None]]] = {
    "camera down": ("devices+cloud", {}, [down("camera2")], ("finished", "cloud", 0b111101, None)),
    "camera fails before it is asked": (
        "devices+cloud", {}, [down("camera2", at=0.0215, lasts=0.001)], ("finished", "cloud", 0b111101, None),
    ),
    "all cameras down": ("devices+cloud", {}, [down(c) for c in CAMERAS], ("dropped", None, 0, "no report arrived")),
    "single device down": ("device+cloud", {}, [down("camera1")], ("dropped", None, 0, "device down")),
    "single device fails": (
        "device+cloud", {}, [down("camera1", at=0.03), down("cloud")], ("dropped", None, 0, "device down"),
    ),
    "gateway down": ("devices+cloud", {}, [down("gateway")], ("dropped", None, 0, "gateway down")),
    "gateway fails as it waits": (
        "devices+cloud", {}, [down("gateway", at=0.025)], ("dropped", None, 0, "gateway down"),
    ),
    "cloud down": ("devices+cloud", {}, [down("cloud")], ("forced", "local", ALL, None)),
    "cloud only, cloud down": ("cloud only", {}, [down("cloud")], ("dropped", None, 0, "cloud down")),
    "cloud only, camera down": ("cloud only", {}, [down("camera6")], ("finished", "cloud", 0b011111, None)),
    "edge down": ("devices+edge+cloud", {}, [down("edge1")], ("forced", "local", ALL, None)),
    "edge with aggregator down": (
        "devices+edge+cloud", {"gateway": False}, [down("edge1")], ("dropped", None, 0, "edge down"),
    ),
    "cloud down behind the edge": ("devices+edge+cloud", {}, [down("cloud")], ("forced", "edge", ALL, None)),
    "second edge down": (EDGES, {}, [down("edge2")], ("finished", "cloud", 0b000111, None)),
    "first edge down": (EDGES, {}, [down("edge1")], ("forced", "local", ALL, None)),
    "cameras of one edge down": (EDGES, {}, [down(c) for c in CAMERAS[:3]], ("finished", "cloud", 0b111000, None)),
    "way of one edge to the cloud slow": (
        EDGES, {}, [Fault(at=0.0, link=("edge2", "cloud"), action="bandwidth", value=1e3)],
        ("finished", "cloud", 0b000111, None),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_a_failure_does(case: str):
    """All go on at T = 0; a node waits 50 ms for further messages, an exit a second for the next."""
    tiers, values, script, expected = BROKEN[case]
    row = only(tiered_scenario(tiers, thresholds=0.0, script=script, **values))
    assert (row["outcome"], row["exit"], row["views"], row["reason"]) == expected
    if expected[0] == "forced":
        assert (row["prediction"], row["entropy"]) == fake_ask(expected[1], 0, ALL)


def test_a_forced_exit_comes_exactly_at_the_limit():
    script = [down("cloud")]
    row = only(tiered_scenario("devices+cloud", thresholds=0.0, cloud_limit=0.3, script=script))
    assert row["latency"] == pytest.approx(0.0215 + 0.3, abs=EXACT)


@st.composite
def broken_worlds(draw: st.DrawFn) -> Scenario:
    tiers = draw(st.sampled_from(list(TIERS)))
    base = tiered_scenario(
        tiers,
        gateway=tiers == "devices+cloud" or draw(st.booleans()),
        thresholds=draw(st.sampled_from([0.0, 0.3, 0.7, 1.0])),
        wait=draw(st.sampled_from([0.0, 0.02, 0.3])),
        cloud_limit=draw(st.sampled_from([0.0, 0.05, 1.0])),
        samples=draw(st.integers(1, 15)),
        workload=draw(st.sampled_from([Periodic(every=0.1, jitter=0.09), Periodic(every=0.015)])),
    )
    ends = st.sampled_from([(spec.source, spec.target) for spec in base.links])
    when = {
        "at": st.integers(0, 150).map(lambda n: n / 100 + 0.00137),
        "lasts": st.none() | st.sampled_from([0.02, 0.5]),
    }
    fault = st.builds(Fault, node=st.sampled_from(list(base.nodes)), action=st.just("down"), **when) | st.builds(
        Fault, link=ends, action=st.just("down"), **when
    )
    return base.model_copy(update={"faults": draw(st.lists(fault, max_size=5))})


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(broken_worlds())
def test_whatever_breaks_every_sample_has_one_outcome(scenario: Scenario):
    world = play(scenario)
    table = rows(world, scenario)
    counts = Counter(row["outcome"] for row in table)
    assert set(counts) <= {"finished", "forced", "dropped"} and len(table) == scenario.samples
    used = defaultdict(int)
    for sample, _, kind, *_, size, _ in world.network.spans:
        used[sample] += size * (kind == "transfer")
    (spec,) = scenario.systems.values()
    exits = SYSTEMS["ddnn-2017"].exits_of(spec, None) or ()
    for row in table:
        assert row["bytes"] == used[row["sample"]]
        if row["outcome"] == "dropped":
            assert row["reason"] in (
                "no report arrived",
                *(f"{t} down" for t in ("device", "gateway", "edge", "cloud")),
            )
            continue
        assert (row["prediction"], row["entropy"]) == fake_ask(row["exit"], row["sample"], row["views"])
        assert row["views"] and row["exit"] in exits
        assert row["outcome"] == "finished" or row["exit"] != exits[-1]
        if row["exit"] != exits[-1]:
            assert (row["entropy"] < spec.thresholds) == (row["outcome"] == "finished")
    again = play(scenario)
    assert again.network.spans == world.network.spans and again.endings == world.endings


# The real network ----------------------------------------------------------------------------------------------------

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "device+cloud": {"devices": (2,)},
    "devices+cloud": {},
    "device+edge+cloud": {"devices": (2,), "edges": ((2,),)},
    "devices+edge+cloud": {"edges": (tuple(range(6)),), "local_fusion": "concat", "cloud_fusion": "max"},
    "devices+edges+cloud": {"edges": ((0, 1, 2), (3, 4, 5)), "local_fusion": "mean"},
}


def write_weights(path: Path, **changes: Any) -> Path:
    """An untrained network and its card."""
    torch.manual_seed(0)
    network = Ddnn2017(Ddnn2017Architecture(**{"classes": 3, **changes})).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
        elif isinstance(module, torch.nn.Linear):
            module.weight.data *= 3  # entropies that differ
    return write_network(network, "ddnn-2017", "plaza", path, threshold=0.5)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("ddnn-2017")
    made: dict[str, Path] = {}

    def of(tiers: str) -> Path:
        tiers = "devices+edges+cloud" if tiers == "cloud only" else tiers
        if tiers not in made:
            made[tiers] = write_weights(folder / f"{tiers}.safetensors", **ARCHITECTURES[tiers])
        return made[tiers]

    return of


@pytest.fixture(scope="module")
def plaza() -> Dataset:
    return open_dataset("plaza", "test")


def real(tiers: str, path: Path, thresholds: Any, **values: Any) -> Scenario:
    """A tiered world with these weights; spec keys may be given as `spec`."""
    change = {"weights": str(path), **values.pop("spec", {})}
    made = tiered_scenario(
        tiers, thresholds=thresholds, **{"samples": COUNT, "workload": Periodic(every=0.2), **values}
    )
    if tiers.startswith("device+"):
        nodes = {**made.nodes, "camera1": node("device", view=3)}
        made = made.model_copy(update={"nodes": nodes})
    spec = made.systems["ddnn-2017"].model_copy(update=change)
    return made.model_copy(update={"systems": {"ddnn-2017": spec}})


def run(scenario: Scenario, data: Dataset, batch: int = 256) -> SystemResult:
    (plan,) = plans_of(scenario).values()
    return run_system(scenario, plan, data, Options(device="cpu", memo=False, batch=batch))


def plain(path: Path, data: Dataset, views: int = ALL, black: bool = False) -> dict[str, np.ndarray]:
    """The whole network's scores at its exits; the views not in the mask left out, or `black`."""
    pixels = data.pixels(np.arange(COUNT))
    here = np.array([bool(views >> view & 1) for view in range(6)])
    if black:
        pixels[:, ~here] = 0
    present = torch.from_numpy(here | black).expand(COUNT, -1)
    with torch.no_grad():
        network = load_network(read_card(str(path)))
        found = network(network.prepare(torch.from_numpy(pixels)), present)
    return {name: found[segment.name].numpy() for name, segment in network.graph.exits.items()}


def limits(at: dict[str, np.ndarray]) -> dict[str, float]:
    """T that half of the samples pass at each exit."""
    middle = slice(COUNT // 2 - 1, COUNT // 2 + 1)
    return {name: float(np.sort(normalized_entropy(at[name]))[middle].mean()) for name in list(at)[:-1]}


def agree(result: SystemResult, at: dict[str, np.ndarray], thresholds: dict[str, float]) -> None:
    entropies = {name: normalized_entropy(scores) for name, scores in at.items()}
    early = [entropies[name] for name in thresholds]
    taken = taken_exit(early, list(thresholds.values()), COUNT)
    for row in result.samples.to_pylist():
        name = list(at)[taken[row["sample"]]]
        assert (row["exit"], row["prediction"]) == (name, at[name][row["sample"]].argmax())
        assert row["entropy"] == pytest.approx(entropies[name][row["sample"]], abs=1e-4)


@pytest.mark.parametrize("tiers", ARCHITECTURES)
def test_a_run_answers_as_the_whole_network_does(tiers: str, weights: Callable[[str], Path], plaza: Dataset):
    at = plain(weights(tiers), plaza)
    thresholds = limits(at)
    scenario = real(tiers, weights(tiers), thresholds)
    result = run(scenario, plaza)
    assert {row["exit"] for row in result.samples.to_pylist()} == set(at) and result.codec == "binary"
    agree(result, at, thresholds)
    assert run(scenario, plaza, batch=5).samples.equals(result.samples)


@pytest.mark.parametrize("tiers", ["devices+cloud", "devices+edges+cloud"])
def test_the_cloud_alone_answers_as_the_whole_network_does(tiers: str, weights: Callable[[str], Path], plaza: Dataset):
    result = run(real("cloud only", weights(tiers), {}), plaza)
    at = plain(weights(tiers), plaza)
    assert result.exits == ("cloud",) and result.thresholds == {}
    agree(result, {"cloud": at["cloud"]}, {})
    busy = [span["ended_at"] - span["started_at"] for span in result.spans.to_pylist() if span["place"] == "cloud"]
    flop = {name: one.flop for name, one in read_card(str(weights(tiers))).graph.segments.items()}
    edges = 2 if "edges" in tiers else 0
    assert busy == pytest.approx([(6 * flop["device"] + edges * flop.get("edge", 0) + flop["cloud"]) / 1e9] * COUNT)


@pytest.mark.parametrize("missing", ["zero features", "zero input"])
@pytest.mark.parametrize("tiers", ["devices+cloud", "devices+edge+cloud", "devices+edges+cloud"])
def test_missing_cameras_are_left_out_or_black_at_every_exit(
    tiers: str, missing: str, weights: Callable[[str], Path], plaza: Dataset
):
    """Among them all three of the second edge."""
    left = 0b000101
    script = [down(f"camera{number}") for number in (2, 4, 5, 6)]
    at = plain(weights(tiers), plaza, left, black=missing == "zero input")
    thresholds = limits(at)
    result = run(real(tiers, weights(tiers), thresholds, script=script, spec={"missing": missing}), plaza)
    assert set(result.samples["views"].to_pylist()) == {left}
    agree(result, at, thresholds)


# The published formula -----------------------------------------------------------------------------------------------


def test_a_device_sends_the_published_bytes_for_every_threshold(weights: Callable[[str], Path], plaza: Dataset):
    """c = 4·|C| + (1 − l)·f·o/8 to the byte, l the run's own share; |C| = 3, f = 4, o = 256: from 140 B to 12 B."""
    path = weights("devices+cloud")
    entropies = np.sort(normalized_entropy(plain(path, plaza)["local"]))
    found = {}
    for limit in (0.0, *(float(entropies[n : n + 2].mean()) for n in (4, 11, 23, 40)), 1.0):
        result = run(real("devices+cloud", path, limit), plaza)
        left = sum(row["exit"] == "local" for row in result.samples.to_pylist())
        sizes = defaultdict(int)
        for span in result.spans.to_pylist():
            if span["kind"] == "transfer" and span["place"].startswith("camera"):
                sizes[span["place"]] += span["bytes"]
        share = Fraction(left, COUNT)
        for total in sizes.values():
            assert Fraction(total, COUNT) == 4 * 3 + (1 - share) * 4 * 256 / 8
            assert total / COUNT == pytest.approx(bytes_per_device(3, float(share)))
            assert total * 20 < raw_bytes((32, 32)) * COUNT == 3072 * COUNT
        found[share] = {Fraction(total, COUNT) for total in sizes.values()}
        assert len(sizes) == 6
    assert len(found) == 6 and found[Fraction(0)] == {140} and found[Fraction(1)] == {12}


def test_cloud_only_sends_the_raw_views(weights: Callable[[str], Path], plaza: Dataset):
    result = run(real("cloud only", weights("devices+cloud"), {}, samples=3), plaza)
    assert [row["bytes"] for row in result.samples.to_pylist()] == [6 * 3072] * 3 == [result.raw_sample_bytes[None]] * 3


@pytest.mark.parametrize("tiers", ARCHITECTURES)
def test_bytes_until_each_exit_are_those_of_a_sample_that_leaves_there(
    tiers: str, weights: Callable[[str], Path], plaza: Dataset
):
    """Payload from the devices and edges upward; links have no headers, requests no bytes, no way is longer than one."""
    path = weights(tiers)
    until = bytes_until("ddnn-2017", read_card(str(path)).graph, "binary")
    devices = 1 if tiers.startswith("device+") else 6
    features, upload = 4 * 256 // 8, 8 * 64 // 8
    edges = {"devices+edges+cloud": 2}.get(tiers, int("edge" in tiers))
    wanted = {"local": devices * 12, "edge": devices * (12 + features)}
    wanted["cloud"] = wanted["edge"] + edges * upload
    assert dict(until) == {name: wanted[name] for name in until}


# What fits, and what does not ---------------------------------------------------------------------------------------

FILE = """\
data: plaza
samples: 3
workload: {every: 200 ms}
nodes:
  camera[1..6]: {tier: device, speed: 1 GFLOP/s}
  gateway: {tier: gateway, speed: 1 GFLOP/s}
  edge[1..2]: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 TFLOP/s}
links:
  - {between: [camera*, gateway], bandwidth: 1 Mbit/s, latency: 1 ms}
  - {between: [gateway, edge*], bandwidth: 1 Mbit/s, latency: 1 ms}
  - {between: [edge*, cloud], bandwidth: 1 Mbit/s, latency: 1 ms}
systems:
  ddnn-2017: {tiers: devices+edges+cloud, weights: EDGES}
"""
LINE = 14
ONE_EDGE = ("edge[1..2]", "edge")
# What is replaced, by what, and what the one message says.
# ruff: noqa: E501
WRONG = {
    "unknown tiers": ("tiers: devices+edges+cloud", "tiers: devices+fog+cloud", LINE, "tiers: unknown value 'devices+fog+cloud'; did you mean 'devices+cloud'?"),
    "codec": ("weights: EDGES", "weights: EDGES, codec: int8", LINE, "codec: unknown codec of ddnn-2017 'int8' (allowed: binary)"),
    "upload": ("weights: EDGES", "weights: EDGES, upload: on_request", LINE, "upload: unknown key 'upload'"),
    "unknown missing": ("weights: EDGES", "weights: EDGES, missing: nothing", LINE, "missing: unknown value 'nothing'"),
    "one edge for two": ("edge[1..2]", "edge", LINE, "role 'edges' needs at least two nodes of tier 'edge', found 1: edge"),
    "two edges for one": ("devices+edges+cloud", "devices+edge+cloud", LINE, "role 'edge' needs exactly one node of tier 'edge', found 2: edge1, edge2"),
    "many devices for one": ("devices+edges+cloud", "device+cloud", LINE, "role 'device' needs exactly one node of tier 'device', found 6: camera1"),
    "one device for many": ("camera[1..6]", "camera1", LINE, "role 'device' needs at least two nodes of tier 'device', found 1: camera1"),
    "weights for other tiers": ("weights: EDGES", "weights: ALL", LINE, "weights: ddnn-2017 needs an exit 'edge'; devices+cloud has exits local, cloud"),
    "a third edge": ("edge[1..2]", "edge[1..3]", LINE, "devices+edges+cloud: the weights need 2 nodes of tier 'edge', found 3: edge1, edge2, edge3"),
    "a view too few": ("camera[1..6]", "camera[1..5]", LINE, "devices+edges+cloud: the weights are for views 1, 2, 3, 4, 5, 6; the devices see 1, 2, 3, 4, 5"),
    "edges of other sizes": ("weights: EDGES", "weights: UNEVEN", LINE, "weights: uneven: the weights have edges of different size"),
    "exit that the tiers have not": ("tiers: devices+edges+cloud", "tiers: cloud only, thresholds: {local: 0.5}", LINE, "thresholds.local: unknown exit 'local'"),
    "memory": ("cloud: {tier", "cloud: {memory: 1 kB, tier", 8, "nodes.cloud.memory: the cloud segment of ddnn-2017 needs"),
    "memory of the gateway": ("gateway: {tier", "gateway: {memory: 1 B, tier", 6, "nodes.gateway.memory: the local segment of ddnn-2017 needs"),
    "gateway off the net": ("[camera*, gateway], bandwidth: 1 Mbit/s, latency: 1 ms}\n  - {between: [gateway, edge*]", "[camera*, edge*]", 5, "no path of links leads from 'camera1' to the gateway 'gateway'"),
    "tiers of another system": ("ddnn-2017: {tiers: devices+edges+cloud, weights: EDGES}", "ddnn: {tiers: cloud only}", LINE, "tiers: unknown key 'tiers'"),
    "codec that is none": ("ddnn-2017: {tiers: devices+edges+cloud, weights: EDGES}", "ddnn: {codec: int4}", LINE, "codec: unknown codec of ddnn 'int4'; did you mean 'int8'? (allowed: fp32, fp16, int8, 1bit)"),
    "upload of ddnn": ("ddnn-2017: {tiers: devices+edges+cloud, weights: EDGES}", "ddnn: {upload: on_request}", LINE, "upload: unknown key 'upload'"),
}  # fmt: skip


@dataclass
class Files:
    """Writes scenarios that name real weights."""

    folder: Path
    weights: Callable[[str], Path]

    def load(self, text: str) -> Scenario:
        if "UNEVEN" in text:
            write_weights(self.folder / "uneven.safetensors", edges=((0, 1), (2, 3, 4, 5)))
        places = {
            "EDGES": self.weights(EDGES),
            "ALL": self.weights("devices+cloud"),
            "UNEVEN": self.folder / "uneven.safetensors",
        }
        for word, path in places.items():
            text = text.replace(word, str(path))
        file = self.folder / "x.yaml"
        file.write_text(text, encoding="utf-8")
        return load_scenario(file)


@pytest.fixture
def files(tmp_path: Path, weights: Callable[[str], Path]) -> Files:
    return Files(tmp_path, weights)


def test_the_scenario_that_the_cases_break_is_good(files: Files):
    scenario = files.load(FILE)
    assert list(plans_of(scenario)) == ["ddnn-2017"] and remarks(scenario, plans_of(scenario)) == []
    again = files.load(scenario.to_yaml())
    assert again == scenario and again.systems["ddnn-2017"].tiers == EDGES


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_one_message_with_its_line(case: str, files: Files):
    old, new, line, says = WRONG[case]
    assert FILE.count(old) == 1
    with pytest.raises(ScenarioError) as caught:
        plans_of(files.load(FILE.replace(old, new)))
    several = "ddnn: {" in new or case == "gateway off the net"
    (problem,) = caught.value.problems[:1] if several else caught.value.problems
    assert says in str(problem) and problem.line == line, str(caught.value)


def test_a_card_without_a_segment_that_the_system_needs_is_one_message(files: Files, tmp_path: Path):
    weights = write_weights(tmp_path / "less.safetensors", **ARCHITECTURES[EDGES])
    card = json.loads(weights.with_suffix(".json").read_text())
    card["graph"]["segments"] = [one for one in card["graph"]["segments"] if one["name"] != "local"]
    weights.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(ScenarioError, match="needs an exit 'local'; less has exits edge, cloud") as caught:
        plans_of(files.load(FILE.replace("EDGES", str(weights))))
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("tiers", "gateways", "says"),
    [
        ("devices+cloud, weights: ALL", "gateway[1..2]: {tier: gateway", "exactly one node of tier 'gateway', found 2"),
        (
            "devices+cloud, weights: ALL",
            "gateway[1..2]: {tier: router",
            "exactly one node of tier 'gateway', found none",
        ),
        (f"{EDGES}, weights: EDGES", "gateway[1..2]: {tier: gateway", "at most one node of tier 'gateway', found 2"),
    ],
)
def test_there_is_one_place_for_the_local_aggregator(tiers: str, gateways: str, says: str, files: Files):
    text = FILE.replace("gateway]", "gateway*]").replace("[gateway,", "[gateway*,")
    text = text.replace("gateway: {tier: gateway", gateways).replace(f"{EDGES}, weights: EDGES", tiers)
    with pytest.raises(ScenarioError) as caught:
        files.load(text)
    (problem,) = caught.value.problems
    assert says in str(problem) and problem.line == LINE


def test_nodes_without_a_part_are_mentioned(files: Files):
    scenario = files.load(FILE.replace("devices+edges+cloud", "cloud only"))
    assert remarks(scenario, plans_of(scenario)) == ["ddnn-2017: gateway, edge1, edge2 only forward"]


def test_weights_run_on_the_tiers_that_they_were_made_for():
    assert {tiers_for(d, e) for d, e in ((1, 0), (6, 0), (1, 1), (6, 1), (6, 2), (6, 3))} == set(TIERS) - {"cloud only"}
