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
from simnet.inference.cost import Cost
from worlds import node, world_scenario

from simnet.inference.answers import Answers
from simnet.inference.batches import Segments
from simnet.inference.memo import Table
from simnet.models.cards.card import Card, WeightsError, read_card
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset
from simnet.network.faults.spec import Fault
from simnet.scenario import Scenario
from simnet.systems import SYSTEMS
from simnet.systems.options import SystemSpec
from simnet.workloads.spec import Periodic, Poisson
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
        return made.model_copy(update={"data": self.data.name, "systems": {self.system: spec}})

    def run(self, scenario: Scenario, **options: Any) -> list[dict[str, Any]]:
        chosen = Options(device="cpu", memo=False, **options)
        return run_system(scenario, self.system, self.card, self.data, chosen).samples.to_pylist()

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
    if system == "ada-ddnn":
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


@pytest.mark.parametrize("views", [ALL, 0b101001])
@pytest.mark.parametrize("case", RANDOM, indirect=True)
def test_segments_in_batches_give_the_scores_of_the_whole_network(case: Case, views: int):
    whole = case.plain(views)
    rows = np.arange(12)
    for batch in (256, 5, 1):
        segments = Segments(case.card, case.data, "cpu", batch)
        for name, classifier in (("device", "device"), ("edge", "edge"), ("cloud", "cloud")):
            scores = segments.run(name, views, rows)
            if classifier in whole:
                assert np.abs(scores - whole[classifier][rows]).max() < SCORES
            else:
                assert scores.shape == (12, 0)
        assert segments.batches == 3 * -(-12 // batch) and segments.samples == 36


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_segments_recompute_features_that_they_no_longer_hold(case: Case, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("simnet.inference.batches.FEATURE_BYTES", 20_000)
    segments = Segments(case.card, case.data, "cpu", 4)
    assert np.abs(segments.run("cloud", ALL, np.arange(20)) - case.plain()["cloud"][:20]).max() < SCORES


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
    chosen = Options(device="cpu", memo=False)
    assert run_system(scenario, case.system, case.card, case.data, chosen).forced is None
    forced = run_system(scenario, case.system, case.card, case.data, Options(device="cpu", memo=False, forced=True))
    assert forced.forced == pytest.approx(expected)
    assert forced.raw_sample_bytes == {None: 6 * case.data[0][0][0].size}


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_a_run_without_samples_has_no_accuracies(case: Case):
    nothing = case.scenario(samples=None, duration=1e-3, workload=Poisson(poisson=1e-9))
    options = Options(device="cpu", memo=False, forced=True)
    result = run_system(nothing, case.system, case.card, case.data, options)
    assert result.samples.num_rows == 0 and result.forced is None


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_deeper_segments_run_only_for_samples_that_go_on(case: Case):
    expected = rule(case)
    scenario = case.scenario()
    result = run_system(scenario, case.system, case.card, case.data, Options(device="cpu", memo=False))
    reached = {"ddnn": ["edge", "cloud"], "ada-ddnn": ["edge-1", "edge-2", "cloud"]}[case.system]
    deepest = [reached.index(name) for name, *_ in expected]
    ran = sum(d + 1 for d in deepest) + (COUNT if case.system == "ddnn" else 0)  # DDNN's devices only extract
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

    def answers(expected: int = ALL) -> Answers:
        steps = SYSTEMS[case.system].steps
        guess = np.full(COUNT, expected)
        return Answers(case.card, case.data, steps, limits, guess, device="cpu", memo=tmp_path / "memo")

    last = SYSTEMS[case.system].exits[-2]
    cold = answers()
    first = [cold.get(last, sample, ALL) for sample in range(COUNT)]
    cold.save()
    warm = answers()
    assert [warm.get(last, sample, ALL) for sample in range(COUNT)] == first
    report = warm.report()
    assert (report["batches"], report["device"]) == (0, None) and report["recalled"] >= COUNT
    # a damaged file is no answer
    for file in (tmp_path / "memo").iterdir():
        file.write_bytes(b"\x93NUMPY rubbish")
    again = answers()
    assert [again.get(last, sample, ALL) for sample in range(COUNT)] == first
    assert again.report()["batches"] > 0 and again.report()["recalled"] == 0


def test_two_runs_that_fill_the_same_memo_do_not_undo_each_other(tmp_path: Path):
    file = tmp_path / "edge.npy"
    one, other = Table((4, 2), file), Table((4, 2), file)
    one.put(np.array([0]), np.ones((1, 2), np.float32))
    other.put(np.array([3]), np.ones((1, 2), np.float32))
    one.save()
    other.save()
    assert Table((4, 2), file).known(np.arange(4)).tolist() == [True, False, False, True]
    assert [path.name for path in tmp_path.iterdir()] == ["edge.npy"]


@pytest.mark.parametrize("case", RANDOM, indirect=True)
def test_messages_cost_the_bytes_of_the_tensors_they_carry(case: Case):
    network = load_network(case.card)
    views = torch.from_numpy(case.data.pixels([0])).float()
    with torch.no_grad():
        features, scores = network.devices[0](views[:, 0])
        fused, _ = network.edge(torch.stack([features] * 6, dim=1), torch.ones(1, 6, dtype=torch.bool))
    cost = Cost(case.card)
    assert cost.report == features.nbytes + (0 if scores is None else scores.nbytes + 4)
    assert cost.upload == fused.nbytes
    assert 6 * cost.raw_view == case.data.pixels([0]).nbytes
    samples = case.run(case.scenario(5, thresholds=0.0))
    assert [row["bytes"] for row in samples] == [6 * cost.report + cost.upload] * 5


@pytest.mark.parametrize("case", RANDOM_PLAZA, indirect=True)
def test_weights_that_are_not_what_their_card_says_are_refused(case: Case, tmp_path: Path):
    for name, change in (
        ("missing", lambda weights, card: weights.unlink()),
        ("checksum", lambda weights, card: weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")),
        ("costs", lambda weights, card: card.write_text(card.read_text().replace('"parameters": ', '"parameters": 1'))),
        (
            "features",
            lambda weights, card: card.write_text(card.read_text().replace('"features": [', '"features": [3,')),
        ),
    ):
        folder = tmp_path / name
        folder.mkdir()
        weights = folder / Path(case.weights).name
        weights.write_bytes(Path(case.weights).read_bytes())
        weights.with_suffix(".json").write_bytes(Path(case.weights).with_suffix(".json").read_bytes())
        change(weights, weights.with_suffix(".json"))
        with pytest.raises(WeightsError, match=name):
            Case(case.system, weights, case.data, case.thresholds).run(case.scenario(3))


def test_two_systems_of_a_scenario_see_the_same_samples_at_the_same_times(random_weights: Callable[[str, str], Path]):
    made = world_scenario(samples=40, workload=Periodic(every=0.05, jitter=0.04), script=[FAULTS["camera down"]])
    specs = {
        name: SystemSpec(system=name, weights=str(random_weights(name, "plaza")), thresholds=0.9)
        for name in ("ddnn", "ada-ddnn")
    }
    first, second = run(made.model_copy(update={"systems": specs}), Options(device="cpu"))[0]
    for column in ("sample", "captured_at", "label"):
        assert first.samples[column].to_pylist() == second.samples[column].to_pylist()
    other = run(made.model_copy(update={"systems": specs, "seed": 2}), Options(device="cpu"))[0][0]
    assert first.samples["captured_at"].to_pylist() != other.samples["captured_at"].to_pylist()
