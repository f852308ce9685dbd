"""The network's answers in a run against plain PyTorch: the whole network, in float32, on the same samples.

The decision rule is written out again here, in a few lines of its own, so that the engine's is not tested with itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from worlds import node, world_scenario

from simnet.inference.answers import Answers
from simnet.inference.batches import Batches
from simnet.inference.memo import Table
from simnet.models.cards.card import Card, WeightsError, read_card
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset, DatasetOptions
from simnet.models.graph import Part
from simnet.models.networks.passes import Pass
from simnet.network.faults.spec import Fault
from simnet.results.result import SystemResult
from simnet.scenario import Scenario, ScenarioError
from simnet.systems import SYSTEMS, bytes_until
from simnet.workloads.periodic import Periodic
from simnet.workloads.poisson import Poisson
from simnet.world.plan import plans_of
from simnet.world.run import Options, run, run_system

ALL = 0b111111
COUNT = 60
FREE = {"bandwidth": 1e18, "latency": 0.0}
SCORES = 1e-4
"""How far scores may be apart when the batch size changes."""


@dataclass(frozen=True)
class Case:
    """Weights, the data that they are for, and thresholds that leave samples at every exit."""

    system: str
    weights: Path | str
    data: Dataset
    thresholds: Any

    @property
    def card(self) -> Card:
        return read_card(str(self.weights))

    def scenario(self, samples: int | None = COUNT, thresholds: Any = None, **values: Any) -> Scenario:
        """With free links and fast nodes, unless `values` say otherwise."""
        fast = {name: node(tier, speed=1e18) for name, tier in (("edge", "edge"), ("cloud", "cloud"))}
        fast |= {f"camera{n}": node("device", speed=1e18, view=n) for n in range(1, 7)}
        given = {"workload": Periodic(every=0.2), "uplink": FREE, "backbone": FREE, "nodes": fast, **values}
        made = world_scenario(samples=samples, system=self.system, **given)
        spec = made.systems[self.system].model_copy(
            update={"weights": str(self.weights), "thresholds": self.thresholds if thresholds is None else thresholds}
        )
        return made.model_copy(
            update={"data": DatasetOptions(set=self.data.name, order="file"), "systems": {self.system: spec}}
        )

    def run(self, scenario: Scenario, **options: Any) -> list[dict[str, Any]]:
        return self.result(scenario, **options).samples.to_pylist()

    def result(self, scenario: Scenario, **options: Any) -> SystemResult:
        chosen = Options(device="cpu", memo=False, **options)
        return run_system(scenario, plans_of(scenario)[self.system], self.data, chosen)

    def plain(self, views: int = ALL, samples: int = COUNT) -> dict[str, np.ndarray]:
        return plain_scores(str(self.weights), self.data.name, id(self.data), views, samples)


DATA: dict[int, Dataset] = {}


@cache
def plain_scores(weights: str, data: str, key: int, views: int, samples: int) -> dict[str, np.ndarray]:
    """Class scores of every classifier: the whole network at once, the views not in the mask left out."""
    network = load_network(read_card(weights))
    pixels = torch.from_numpy(DATA[key].pixels(np.arange(samples))).to(torch.float32) / 127.5 - 1
    present = torch.tensor([[bool(views & 1 << view) for view in range(6)]]).repeat(samples, 1)
    with torch.no_grad():
        return {name: scores.numpy() for name, scores in network(pixels, present).items()}


def entropy(scores: np.ndarray) -> float:
    """Normalized entropy of one sample's class scores."""
    p = torch.softmax(torch.tensor(scores, dtype=torch.float64), 0)
    return float(torch.distributions.Categorical(probs=p).entropy() / np.log(len(scores)))


def at_exits(system: str, scores: dict[str, np.ndarray], sample: int, views: int) -> list[tuple[str, int, float]]:
    """Exit, prediction and entropy at each exit of one sample."""
    ways = [("edge" if system == "ddnn" else "edge-2", scores["edge"][sample]), ("cloud", scores["cloud"][sample])]
    if system == "ada-ddnn":  # the device of minimum entropy, written out again
        here = [scores["device"][sample, view] for view in range(6) if views & 1 << view]
        ways.insert(0, ("edge-1", min(here, key=entropy)))
    return [(name, int(one.argmax()), entropy(one)) for name, one in ways]


def rule(case: Case, views: int = ALL) -> list[tuple[str, int, float]]:
    """Where plain PyTorch has each sample leave, and with what."""
    scores, limits = case.plain(views), case.thresholds
    decided = []
    for sample in range(COUNT):
        for name, prediction, unsure in at_exits(case.system, scores, sample, views):
            if name == "cloud" or unsure < limits[name]:
                decided.append((name, prediction, unsure))
                break
    return decided


def between(values: list[float], share: float) -> float:
    """A threshold that `share` of `values` lie below, in the widest gap near there: no rounding can cross it."""
    ordered = np.sort(values)
    place = int(share * len(ordered))
    gaps = np.diff(ordered)[place - 5 : place + 5]
    widest = place - 5 + int(gaps.argmax())
    return float(ordered[widest] + ordered[widest + 1]) / 2


CASES = [
    pytest.param((system, data, source), id=f"{system}-{data}-{source}")
    for data in ("plaza", "cifar10")
    for system in ("ddnn", "ada-ddnn")
    for source in ("random", "shipped")
]
RANDOM = [case for case in CASES if case.id.endswith("random")]
SHIPPED = [case for case in CASES if case.id.endswith("shipped")]
RANDOM_PLAZA = [case for case in CASES if case.id.endswith("plaza-random")]


@pytest.fixture
def case(request: pytest.FixtureRequest, random_weights: Callable[[str, str], Path]) -> Case:
    system, data, source = request.param
    folder = request.getfixturevalue("cifar10_folder") if data == "cifar10" else None
    opened = next((one for one in DATA.values() if one.name == data), None) or open_dataset(data, "test", folder)
    DATA[id(opened)] = opened
    weights = f"{system}-{data}" if source == "shipped" else random_weights(system, data)
    made = Case(system, weights, opened, None)  # calibrated thresholds leave some exits too few of COUNT samples
    scores = made.plain()
    ways = [at_exits(system, scores, sample, ALL) for sample in range(COUNT)]
    early = SYSTEMS[system].exits[:-1]
    limits = {name: between([way[number][2] for way in ways], 0.35) for number, name in enumerate(early)}
    return Case(system, made.weights, opened, limits)


def taken(samples: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(row["exit"], row["prediction"]) for row in samples]


def entropies(samples: list[dict[str, Any]]) -> np.ndarray:
    return np.array([row["entropy"] for row in samples])


@pytest.mark.parametrize("case", CASES, indirect=True)
def test_with_free_links_a_run_answers_as_plain_pytorch_does_and_the_batch_size_changes_nothing(case: Case):
    expected = rule(case)
    assert {name for name, *_ in expected} == set(SYSTEMS[case.system].exits), "the case must use every exit"
    for batch in (256, 7, 1) if case.data.name == "plaza" else (256,):
        samples = case.run(case.scenario(), batch=batch)
        assert {row["outcome"] for row in samples} == {"finished"} and {row["views"] for row in samples} == {ALL}
        assert taken(samples) == [(name, prediction) for name, prediction, _ in expected]
        assert np.abs(entropies(samples) - [unsure for *_, unsure in expected]).max() < SCORES
        assert [row["label"] for row in samples] == case.data.labels[:COUNT].tolist()
        assert all(row["correct"] == (row["prediction"] == row["label"]) for row in samples)


def run_parts(batches: Batches, segment: str, upstream: int, rows: np.ndarray, batch: int) -> np.ndarray:
    """Scores of all copies of a segment, `[n, copies, classes]`, in batches of that size."""
    parts = batches.graph.parts_of(segment)
    chunks = np.split(rows, range(batch, len(rows), batch))
    return np.stack([np.concatenate([batches.run(part, upstream, c, {}) for c in chunks]) for part in parts], axis=1)


@pytest.mark.parametrize("views", [ALL, 0b101001])
@pytest.mark.parametrize("case", RANDOM, indirect=True)
def test_segments_in_batches_give_the_scores_of_the_whole_network(case: Case, views: int):
    whole = case.plain(views)
    rows = np.arange(12)
    for batch in (256, 5, 1):
        batches = Batches(case.card, case.data, "cpu")
        upstream = batches.graph.of_views(views)
        for name in ("device", "edge", "cloud"):
            if name in whole:
                scores, wanted = run_parts(batches, name, upstream, rows, batch), whole[name][rows]
                seen = [view for view in range(6) if views >> view & 1] if name == "device" else [0]
                assert np.abs(scores - wanted.reshape(scores.shape))[:, seen].max() < SCORES
        chunks, devices = -(-12 // batch), 6 if "device" in whole else views.bit_count()
        assert batches.batches == chunks * (devices + 2), "nothing runs twice"
        assert batches.samples == 12 * (devices + 2)


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_segments_recompute_features_that_they_no_longer_hold(case: Case):
    batches = Batches(case.card, case.data, "cpu", room=20_000)
    found = run_parts(batches, "cloud", batches.graph.all, np.arange(20), 4)
    assert np.abs(found[:, 0] - case.plain()["cloud"][:20]).max() < SCORES


FAULTS = {
    "camera down": Fault(at=3.1, lasts=3.0, node="camera3", action="down"),  # announced by the script
    "link down": Fault(at=3.1, lasts=3.0, link=("camera3", "edge"), action="down"),  # comes as a surprise
    "link slow": Fault(at=3.1, lasts=3.0, link=("camera3", "edge"), action="bandwidth", value=10.0),  # reports are late
}


@pytest.mark.parametrize("case", SHIPPED, indirect=True)
def test_a_failing_camera_changes_only_the_answers_that_it_may_change(case: Case):
    """Samples 16 to 30 are captured during the fault; a slow link sends old reports for a while afterwards.

    Batches of one, so that the unaffected answers must be the very same floats.
    """
    network = {"uplink": {"bandwidth": 1e9, "latency": 0.001}, "wait": 0.02}
    sound = case.run(case.scenario(**network), batch=1)
    without = rule(case, ALL & ~0b100)
    answer = ("exit", "prediction", "entropy", "outcome", "views")
    for fault in FAULTS.values():
        broken = case.run(case.scenario(**network, script=[fault]), batch=1 if fault.node else 256)
        inside = [row["sample"] for row in broken if row["views"] != ALL]
        assert inside[:15] == list(range(16, 31)) and (fault.action == "bandwidth" or len(inside) == 15)
        for before, after in zip(sound, broken, strict=True):
            if after["views"] != ALL:
                name, prediction, unsure = without[after["sample"]]
                assert (after["views"], after["outcome"]) == (ALL & ~0b100, "finished")
                assert (after["exit"], after["prediction"]) == (name, prediction)
                assert after["entropy"] == pytest.approx(unsure, abs=SCORES)
            elif fault.node:
                assert [before[key] for key in answer] == [after[key] for key in answer]
            else:
                assert taken([before]) == taken([after])
                assert before["entropy"] == pytest.approx(after["entropy"], abs=SCORES)


@pytest.mark.parametrize("case", SHIPPED, indirect=True)
def test_forced_accuracy_is_that_of_plain_pytorch(case: Case):
    scores = case.plain()
    labels = case.data.labels[:COUNT]
    ways = [at_exits(case.system, scores, sample, ALL) for sample in range(COUNT)]
    expected = {
        name: np.mean([way[number][1] == label for way, label in zip(ways, labels, strict=True)])
        for number, name in enumerate(SYSTEMS[case.system].exits)
    }
    scenario = case.scenario(thresholds=1.0)  # everyone leaves at the first exit: the others are evaluated all the same
    assert case.result(scenario).forced is None
    forced = case.result(scenario, forced=True)
    assert forced.forced == pytest.approx(expected)
    classifiers = 6 + 2 + (case.system == "ada-ddnn")  # devices, edge and cloud, the choice among the devices
    assert forced.inference["samples"] == classifiers * COUNT, "nothing runs twice"
    assert forced.raw_sample_bytes == {None: 6 * case.data[0][0][0].size}


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_a_run_without_samples_has_no_accuracies(case: Case):
    nothing = case.scenario(samples=None, duration=1e-3, workload=Poisson(poisson=1e-9))
    result = case.result(nothing, forced=True)
    assert result.samples.num_rows == 0 and result.forced is None


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_deeper_segments_run_only_for_samples_that_go_on(case: Case):
    expected = rule(case)
    scenario = case.scenario()
    result = case.result(scenario)
    early = sum(name == "edge-1" for name, *_ in expected)
    deep = sum(name == "cloud" for name, *_ in expected)
    surest = COUNT if case.system == "ada-ddnn" else 0  # chosen among the devices' scores
    ran = 6 * COUNT + surest + (COUNT - early) + deep
    assert result.inference["samples"] == ran
    assert result.inference["mean_batch"] * result.inference["batches"] == pytest.approx(ran)
    assert result.inference["mean_batch"] > 10


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_more_samples_than_the_data_has_come_round_again(case: Case):
    class Few:
        """The first ten samples only."""

        name, split, class_names = case.data.name, case.data.split, case.data.class_names
        checksum, labels = "few", case.data.labels[:10]
        views, view_shape = case.data.views, case.data.view_shape
        pixels = staticmethod(case.data.pixels)

        def __len__(self) -> int:
            return 10

    samples = Case(case.system, case.weights, Few(), case.thresholds).run(case.scenario(35))
    expected = rule(case)
    assert taken(samples) == [expected[number % 10][:2] for number in range(35)]


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_a_memo_answers_without_the_network_and_the_same(case: Case, tmp_path: Path):
    limits = case.thresholds

    def answers() -> Answers:
        exits, alike = SYSTEMS[case.system].exits, np.zeros(COUNT, np.int64)
        return Answers(case.card, case.data, exits, limits, alike, device="cpu", memo=tmp_path / "memo")

    last, everything = SYSTEMS[case.system].exits[-2], case.card.graph.all
    cold = answers()
    first = [cold.get(last, sample, everything) for sample in range(COUNT)]
    cold.save()
    warm = answers()
    assert [warm.get(last, sample, everything) for sample in range(COUNT)] == first
    report = warm.report()
    assert (report["batches"], report["device"]) == (0, None) and report["recalled"] >= COUNT
    # a damaged file is no answer, and neither is one of another part or of other weights
    kept = {file.name: file.read_bytes() for file in (tmp_path / "memo").iterdir()}
    names = list(kept)
    for damage in (
        lambda name: b"PK rubbish",
        lambda name: kept[name][: len(kept[name]) // 2],
        lambda name: kept[names[names.index(name) - 1]] if len(names) > 1 else b"",
        lambda name: kept[name].replace(kept[name][400:440], bytes(40)),
    ):
        for name in kept:
            (tmp_path / "memo" / name).write_bytes(damage(name))
        again = answers()
        assert [again.get(last, sample, everything) for sample in range(COUNT)] == first
        assert again.report()["batches"] > 0 and again.report()["recalled"] == 0


def test_two_runs_that_fill_the_same_memo_do_not_undo_each_other(tmp_path: Path):
    key = Part("edge"), 0b11
    one, other = Table(key, 4, 2, tmp_path), Table(key, 4, 2, tmp_path)
    one.put(np.array([0]), np.ones((1, 2), np.float32))
    other.put(np.array([3]), np.ones((1, 2), np.float32))
    one.save()
    other.save()
    assert Table(key, 4, 2, tmp_path).known.tolist() == [True, False, False, True]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("case", RANDOM, indirect=True)
def test_messages_cost_the_bytes_of_the_tensors_they_carry(case: Case):
    network = load_network(case.card)
    walk = Pass(network, network.prepare(torch.from_numpy(case.data.pixels([0]))))
    with torch.no_grad():
        device, edge = (walk.output(Part(name), walk.usual) for name in ("device", "edge"))
    assert device.features is not None and edge.features is not None
    report = device.features.nbytes + (0 if device.scores is None else device.scores.nbytes + 4)
    samples = case.run(case.scenario(5, thresholds=0.0))
    assert [row["bytes"] for row in samples] == [6 * report + edge.features.nbytes] * 5
    until = bytes_until(case.system, case.card.graph, "fp32")
    assert (until["cloud"], next(iter(until.values()))) == (6 * report + edge.features.nbytes, 6 * report)
    assert 6 * case.card.graph.raw_view == case.data.pixels([0]).nbytes


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_weights_that_are_not_what_their_card_says_are_refused(case: Case, tmp_path: Path):
    for name, change in (
        ("missing", lambda weights, card: weights.unlink()),
        ("checksum", lambda weights, card: weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")),
        ("costs", lambda weights, card: card.write_text(card.read_text().replace('"parameters": ', '"parameters": 1'))),
        (
            "features",
            lambda weights, card: card.write_text(card.read_text().replace('"sends": [', '"sends": [3,')),
        ),
    ):
        folder = tmp_path / name
        folder.mkdir()
        weights = folder / Path(case.weights).name
        weights.write_bytes(Path(case.weights).read_bytes())
        weights.with_suffix(".json").write_bytes(Path(case.weights).with_suffix(".json").read_bytes())
        change(weights, weights.with_suffix(".json"))
        with pytest.raises((WeightsError, ScenarioError), match=name):
            broken = Case(case.system, weights, case.data, case.thresholds)
            broken.run(broken.scenario(3))


def test_two_systems_of_a_scenario_see_the_same_samples_at_the_same_times(random_weights: Callable[[str, str], Path]):
    made = world_scenario(samples=40, workload=Periodic(every=0.05, jitter=0.04), script=[FAULTS["camera down"]])
    specs = {
        name: SYSTEMS[name].Options(system=name, weights=str(random_weights(name, "plaza")), thresholds=0.9)
        for name in ("ddnn", "ada-ddnn")
    }
    first, second = run(made.model_copy(update={"systems": specs}), Options(device="cpu"))[0]
    for column in ("sample", "captured_at", "label"):
        assert first.samples[column].to_pylist() == second.samples[column].to_pylist()
    other = run(made.model_copy(update={"systems": specs, "seed": 2}), Options(device="cpu"))[0][0]
    assert first.samples["captured_at"].to_pylist() != other.samples["captured_at"].to_pylist()
