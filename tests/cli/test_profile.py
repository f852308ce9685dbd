"""`simnet profile`: what it writes, what it refuses, and that a run with it charges just what was measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from simnet.cli.profile import _table, efficiency, settings
from simnet.inference.profiling import Timing, _walk, partition_calls, profile_file, segment_calls
from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.network.work import Work, joined, partition
from simnet.results.run import read_run
from simnet.scenario import ScenarioError, load_scenario
from simnet.world.plan import plans_of

SCENARIO = """\
data: plaza
samples: 12
workload: {every: 1 s}
nodes:
  camera[1..6]: {tier: device, speed: 1 GFLOP/s, profile: measured.json}
  edge: {tier: edge, speed: 1 GFLOP/s, profile: measured.json}
  cloud: {tier: cloud, speed: 1 GFLOP/s, overhead: 3 ms}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], preset: wan}
systems:
  ddnn: {thresholds: 0.0, weights: WEIGHTS}
"""
EDGE_LINE, CAMERA_LINE = 6, 5


@pytest.fixture(autouse=True)
def wide_and_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A wide terminal; the number of threads, which `profile` sets, is put back."""
    threads = torch.get_num_threads()
    monkeypatch.setenv("COLUMNS", "160")
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def scenario(tmp_path: Path, random_weights: Callable[..., Path]) -> Path:
    file = tmp_path / "profiled.yaml"
    file.write_text(SCENARIO.replace("WEIGHTS", str(random_weights("ddnn"))), encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def any_machine_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine of a test may be busy: times are told however much they spread."""
    monkeypatch.setattr("simnet.cli.profile.NOISY", float("inf"))


def hand_made(folder: Path, weights: dict) -> None:
    (folder / "measured.json").write_text(json.dumps({"weights": weights, "provenance": {}}), encoding="utf-8")


def test_the_command_writes_every_segment_and_size_with_where_they_come_from(
    simnet, scenario: Path, random_weights: Callable[..., Path], tmp_path: Path
):
    weights, out = random_weights("ddnn"), tmp_path / "measured.json"
    status, printed, _ = simnet("profile", weights, "--out", out, "--batches", "3,2", "--repeats", 2, "--threads", 1)
    assert status == 0
    written = json.loads(out.read_text(encoding="utf-8"))
    times = written["weights"]["ddnn-plaza"]
    assert set(times) == {"device", "edge", "cloud", "device*6+edge", "edge+cloud", "device*6+edge+cloud"}
    assert all(list(sizes) == ["1", "2", "3"] for sizes in times.values())
    assert all(0 < seconds < 60 for sizes in times.values() for seconds in sizes.values())
    birth = written["provenance"]
    assert birth["weights"] == {"ddnn-plaza": read_card(str(weights)).sha256}
    assert (birth["device"], birth["threads"], birth["repeats"]) == ("cpu", 1, 2)
    assert birth["torch"] == torch.__version__
    assert {"created_at", "simnet", "machine", "processor", "python", "source", "warm_up"} <= set(birth)
    assert set(birth["spread"]["ddnn-plaza"]["edge"]) == {"1", "2", "3"}
    assert not list(tmp_path.glob("*.partial"))
    for name, sizes in written["quantiles"]["ddnn-plaza"].items():
        for size, quantiles in sizes.items():
            assert len(quantiles) == 21 and quantiles == sorted(quantiles)
            assert quantiles[0] <= times[name][size] <= quantiles[20]
    for segment in ("device", "edge", "cloud"):
        assert f"{segment}: speed: " in printed
    assert "efficiency: {1: 1, 2: " in printed

    loaded = load_scenario(scenario)
    profile = loaded.nodes["edge"].profile
    assert profile is not None
    assert profile["ddnn-plaza"]["edge"] == {int(size): seconds for size, seconds in times["edge"].items()}


def test_a_run_with_a_profile_charges_exactly_those_seconds(simnet, scenario: Path, tmp_path: Path):
    """The cloud has none: FLOP / speed + overhead."""
    hand_made(tmp_path, {"ddnn-plaza": {"device": {"1": 0.007}, "edge": {"2": 0.2, "1": 0.0123}}})
    status, _, _ = simnet("run", scenario, "--out", tmp_path / "run", "--no-figures", "--quiet")
    assert status == 0
    spans = read_run(tmp_path / "run").spans("ddnn").to_pylist()
    flop = read_card(load_scenario(scenario).systems["ddnn"].weights).graph.segments["cloud"].flop
    wanted = {"camera1": 0.007, "camera6": 0.007, "edge": 0.0123, "cloud": flop / 1e9 + 0.003}
    for place, seconds in wanted.items():
        taken = [span["ended_at"] - span["started_at"] for span in spans if span["place"] == place]
        assert taken == pytest.approx([seconds] * 12)


@pytest.mark.parametrize(
    ("weights", "line", "message"),
    [
        (
            {"other": {"edge": {"1": 1.0}}},
            CAMERA_LINE,
            "nodes.camera1.profile: has no times of ddnn-plaza, only of other",
        ),
        (
            {"ddnn-plaza": {}},
            CAMERA_LINE,
            "nodes.camera1.profile: has no times of ddnn-plaza, only of none; measure them: python",
        ),
        (
            {"ddnn-plaza": {"device": {"1": 1.0}}},
            EDGE_LINE,
            "nodes.edge.profile: has no times of ddnn-plaza's edge segment, only of device; measure them: "
            "python -m simnet profile ddnn-plaza",
        ),
    ],
)
def test_a_profile_without_what_a_node_runs_is_refused_before_the_run(
    simnet, scenario: Path, tmp_path: Path, weights: dict, line: int, message: str
):
    hand_made(tmp_path, weights)
    for command in (("check", scenario), ("run", scenario, "--out", tmp_path / "run")):
        status, _, error = simnet(*command)
        assert status == 2
        assert error.count("\n") == 1
        assert f"{scenario}:{line}: {message}" in error
    assert not (tmp_path / "run").exists()


def test_memory_counts_the_activations_of_whole_batches_on_all_workers(scenario: Path, tmp_path: Path):
    """Weights, once, and one sample's activations fit; four samples' do, five do not."""
    hand_made(tmp_path, {"ddnn-plaza": {segment: {"1": 1.0} for segment in ("device", "edge")}})
    edge = read_card(load_scenario(scenario).systems["ddnn"].weights).graph.segments["edge"]
    activations = edge.activations
    room = [f"nodes.edge.memory={edge.memory + 3 * activations} B"]
    plans_of(load_scenario(scenario, room))
    plans_of(load_scenario(scenario, [*room, "nodes.edge.batch={size: 4}"]))
    plans_of(load_scenario(scenario, [*room, "nodes.edge.workers=4"]))
    plans_of(load_scenario(scenario, [*room, "nodes.edge.workers=2", "nodes.edge.batch={size: 2}"]))
    for values, samples in (
        (["nodes.edge.batch={size: 5}"], 5),
        (["nodes.edge.workers=5"], 5),
        (["nodes.edge.workers=2", "nodes.edge.batch={size: 3}"], 6),
    ):
        message = rf"nodes\.edge\.memory: the edge segment of ddnn needs .* for {samples} samples at a time, not"
        with pytest.raises(ScenarioError, match=message):
            plans_of(load_scenario(scenario, [*room, *values]))


def test_bad_wishes_are_one_message_and_no_file(simnet, random_weights: Callable[..., Path], tmp_path: Path):
    weights, out = random_weights("ddnn"), tmp_path / "p.json"
    for arguments, message in [
        (["ada-ddnn-plazza"], "no weights 'ada-ddnn-plazza'"),
        ([weights, "--batches", "1,x"], "'1,x': batch sizes are whole numbers from 1"),
        ([weights, "--batches", "0,2"], "batch sizes are whole numbers from 1"),
        ([weights, "--device", "tpu"], "'tpu' is none of auto, cpu, cuda"),
        ([weights, "--repeats", "0"], "--repeats"),
        ([weights, "--batches", 10**13], "no memory to run ddnn-plaza with 10000000000000 samples at a time"),
    ]:
        status, _, error = simnet("profile", *arguments, "--out", out)
        assert status == 2, arguments
        assert message in " ".join(error.split())
        assert not out.exists()


@pytest.mark.parametrize("content", ["notes", '{"weights": 1}', "[1, 2]"])
def test_a_file_that_is_no_profile_is_left_alone(
    simnet, random_weights: Callable[..., Path], tmp_path: Path, content: str
):
    out = tmp_path / "precious"
    out.write_text(content, encoding="utf-8")
    status, _, error = simnet("profile", random_weights("ddnn"), "--out", out)
    assert status == 2
    assert "is no profile, so it is left alone" in " ".join(error.split())
    assert out.read_text(encoding="utf-8") == content


def test_a_former_profile_is_replaced(simnet, random_weights: Callable[..., Path], tmp_path: Path):
    hand_made(tmp_path, {"other": {}})
    out = tmp_path / "measured.json"
    status, *_ = simnet("profile", random_weights("ddnn"), "--out", out, "--batches", "1", "--repeats", 1)
    assert status == 0
    assert set(json.loads(out.read_text(encoding="utf-8"))["weights"]) == {"ddnn-plaza"}


@pytest.mark.parametrize(
    ("name", "segments"),
    [
        ("ada-ddnn-plaza", {"device", "edge", "cloud"}),
        ("ddnn-2017-mvmc", {"device", "local", "cloud"}),
        ("ddnn-2017-mvmc-one-edge", {"device", "local", "edge", "cloud"}),
        ("ddnn-2017-mvmc-edges", {"device", "local", "edge", "edges", "cloud"}),
    ],
)
@torch.inference_mode()
def test_every_segment_of_the_shipped_networks_runs_on_a_batch(name: str, segments: set[str]):
    """All but what joins the devices' results, which is no work; each with as many results as the batch has samples."""
    card = read_card(name)
    network = load_network(card)
    calls = segment_calls(network, _walk(network, 3))
    assert set(calls) == segments == set(card.graph.segments) - {"surest", "vote", "mean"}
    classes = len(card.values["class_names"])
    for segment, call in calls.items():
        made, told = call(), card.graph.segments[segment]
        assert not told.scores or made.scores.shape == (3, classes), segment
        assert told.sends is None or made.features.shape == (3, *told.sends), segment


@pytest.mark.parametrize(
    ("name", "partitions"),
    [
        ("ddnn-plaza", {"device*6+edge", "edge+cloud", "device*6+edge+cloud"}),
        (
            "ada-ddnn-plaza",
            {"device*6+edge", "edge+cloud", "device*6+edge+cloud"},
        ),  # the choice of the surest is no work
        ("ddnn-2017-mvmc", {"device*6+local", "device*6+cloud"}),
        ("ddnn-2017-mvmc-one-edge", {"device+local", "device+edge", "edge+cloud", "device+edge+cloud"}),
    ],
)
@torch.inference_mode()
def test_partitions_run_just_their_parts(name: str, partitions: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every copy of every segment of a chain once and nothing else, again at the next call."""
    network = load_network(read_card(name))
    calls = partition_calls(network, _walk(network, 2))
    assert set(calls) == partitions
    ran: list[str] = []
    run = network.run
    monkeypatch.setattr(network, "run", lambda part, given: (ran.append(part.segment), run(part, given))[1])
    for called, call in calls.items():
        for _ in range(2):
            ran.clear()
            call()
            assert partition(ran) == called


def test_the_calls_of_our_systems_have_the_names_of_partitions() -> None:
    """Of a single device in DDNN of 2017, and of the cloud when all is done there."""
    work = {name: Work(1.0, (name,)) for name in ("device", "local", "cloud")}
    assert partition(joined([work["device"], work["local"]]).segments) == "device+local"
    assert partition(joined(work[name] for name in ["device"] * 6 + ["cloud"]).segments) == "device*6+cloud"


TIMES = {"edge": {1: Timing(0.2, 0.1), 4: Timing(0.4, 0.0)}}


def test_efficiency_is_that_of_a_sample_in_a_batch():
    assert efficiency(TIMES, "edge") == {1: 1.0, 4: pytest.approx(2.0)}


FASTER_THAN_ALONE = {"edge": {1: Timing(0.2, 3.0), 4: Timing(0.05, 0.0)}}
"""What a busy machine may give; a scenario refuses an efficiency above the batch's size."""


@pytest.mark.parametrize(
    ("measured", "seconds"), [(TIMES, [0.2, 0.4]), (FASTER_THAN_ALONE, [0.2, 0.2])], ids=["usual", "busy machine"]
)
def test_the_printed_settings_give_the_measured_times(
    random_weights: Callable[..., Path], tmp_path: Path, measured: dict, seconds: list[float]
):
    """Pasted into a node, they make a call of one and of four as long as measured, or as a scenario may say."""
    import yaml

    from simnet.network.nodes.service import ServiceTime

    card = read_card(str(random_weights("ddnn")))
    (line,) = settings(card, measured)
    segment, _, keys = line.partition(": ")
    assert segment == "edge"
    text = SCENARIO.replace(", profile: measured.json", "").replace("WEIGHTS", str(card.weights))
    file = tmp_path / "pasted.yaml"
    file.write_text(text.replace("{tier: edge, speed: 1 GFLOP/s}", f"{{tier: edge, {keys}}}"), encoding="utf-8")
    times = ServiceTime(load_scenario(file).nodes["edge"], "")
    work = Work(float(card.graph.segments["edge"].flop))
    assert yaml.safe_load(f"{{{keys}}}")["batch"]["size"] == 4
    assert [times.seconds(work, size) for size in (1, 4)] == pytest.approx(seconds, rel=1e-3)


def test_the_file_has_seconds_and_spread_by_size(random_weights: Callable[..., Path]):
    card = read_card(str(random_weights("ddnn")))
    values = profile_file([(card, TIMES)], "cpu", 5)
    assert values["weights"] == {"ddnn-plaza": {"edge": {"1": 0.2, "4": 0.4}}}
    assert values["provenance"]["spread"] == {"ddnn-plaza": {"edge": {"1": 0.1, "4": 0.0}}}
    assert json.loads(json.dumps(values)) == values


def test_nothing_is_derived_from_times_that_spread(
    monkeypatch: pytest.MonkeyPatch, random_weights: Callable[..., Path]
):
    """Half of the median is the most: 4 · 10 ms / 20 ms = 2; two at a time spread by 60 %, the cloud's by 1,799 %."""
    monkeypatch.setattr("simnet.cli.profile.NOISY", 0.5)
    card = read_card(str(random_weights("ddnn")))
    calm = {1: Timing(0.010, 0.5), 2: Timing(0.1, 0.6), 4: Timing(0.020, 0.1)}
    wild = {1: Timing(0.010, 17.99), 2: Timing(0.1, 0.0)}
    times = {"device": calm, "edge": calm, "cloud": wild}
    assert efficiency(times, "edge") == {1: 1.0, 4: 2.0} and efficiency(times, "cloud") == {}
    device, edge, cloud = settings(card, times)
    assert edge.endswith("batch: {size: 4, efficiency: {1: 1, 4: 2}}") and device.startswith("device: speed: ")
    assert cloud == (
        "cloud: no keys can be told: the time of one sample spreads by 1,799 %; measure again on an idle machine"
    )
    rows = [[*column.cells] for column in _table(card, times).columns]
    assert rows[4] == ["1.00", "–", "2.00"] * 2 + ["–", "–"]
    assert rows[5] == ["50%", "60%", "10%"] * 2 + ["1,799%", "0%"]
