"""Rules that read features: which ones, the same in batches of any size, and in calibration as in a run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from paths import ROOT
from PIL import Image
from torch import Tensor, nn
from weights import write_random_weights

import simnet
from simnet.cli.models.app import main as models_main
from simnet.inference.answers import Answers
from simnet.inference.batches import Batches
from simnet.models.cards.card import Card, read_card
from simnet.models.cards.costs import measured
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import exit_features, exit_scores, segment_scores
from simnet.models.networks.base import Architecture, Given, Network, Output
from simnet.models.networks.passes import Pass
from simnet.models.rules import RULES, FeatureRule
from simnet.models.rules.checked import judged, learned, learns
from simnet.registry import PluginError

LABELS = np.array([0, 1, 0])
SCORES = np.zeros((3, 2))
FEATURES = np.array([[1.0], [2.0], [4.0]], np.float32)


class Level(FeatureRule):
    """The mean feature; 0.5 where there are none."""

    def measure(self, here: Any, before: Any, features: Any = None) -> Any:
        if features is None:
            return np.full(len(here), 0.5)
        return features.reshape(len(here), -1).mean(-1, dtype=np.float64)

    @classmethod
    def fit(cls, here: Any, before: Any, labels: Any, features: Any = None) -> Any:
        return None if features is None else {"sum": float(features[labels == 0].sum())}


class Sums(Network):
    """Two devices tell the mean of their view; the edge adds these up; three segments that make no features."""

    def __init__(self, arch: Any) -> None:
        super().__init__(arch)
        self.nothing = nn.Linear(1, 2)
        device = simnet.Segment("device", (simnet.Take("input", groups=((0,), (1,))),), copies=2, scores=False)
        edge = simnet.Segment("edge", (simnet.Take("device"),), exit="first")
        head = simnet.Segment("head", (simnet.Take("edge"),), exit="second")
        both = simnet.Segment("both", (simnet.Take("device"),), exit="third")
        choice = simnet.Segment("choice", (simnet.Take("edge", "scores"),), exit="last")
        self.graph = simnet.Graph(2, (3, *arch.view), [device, edge, head, both, choice], arch.classes)

    def prepare(self, pixels: Tensor) -> Tensor:
        return pixels.float()

    def run(self, part: simnet.Part, given: Sequence[Given]) -> Output:
        values, _ = given[0]
        if part.segment == "device":
            return Output(values.mean((1, 2, 3, 4), keepdim=True)[:, 0, 0, 0])
        total = values.sum((1, 2))[:, None]
        scores = torch.cat([total, -total], dim=1)
        return Output(total, scores) if part.segment == "edge" else Output(None, scores)

    def module(self, part: simnet.Part) -> nn.Module | None:
        return self.nothing if part.segment == "edge" else None


def test_features_are_those_that_an_exit_makes_else_those_that_it_is_given() -> None:
    """Views of 3 and 5, 10 and 20; without the second view its sender gives zeros."""
    network = Sums(Architecture(view=(2, 2), classes=2, views=2)).eval()
    views = torch.tensor([[3.0, 5.0], [10.0, 20.0]])[:, :, None, None, None].expand(-1, -1, 3, 2, 2)
    for mask, sums, each in (
        (0b11, [[8], [30]], [[[3], [5]], [[10], [20]]]),
        (0b01, [[3], [10]], [[[3], [0]], [[10], [0]]]),
    ):
        walk, upstream = Pass(network, views), network.graph.of_views(mask)
        found = {name: walk.features(simnet.Part(name), upstream) for name in ("edge", "head", "both", "choice")}
        told = {name: None if one is None else one.tolist() for name, one in found.items()}
        assert told == {"edge": sums, "head": sums, "both": each, "choice": None}


class Levels(simnet.Dataset):
    """Two views of one level each: 3 and 5, 10 and 20, 0 and 0."""

    name, licence, split = "levels", "made up", "test"
    class_names = ("a", "b")
    views, view_shape = 2, (3, 2, 2)
    labels = np.zeros(3, np.int64)
    all = np.array([[3, 5], [10, 20], [0, 0]], np.uint8)

    @classmethod
    def open(cls, options: Any, split: str, data_dir: Path | None) -> Levels:
        return cls()

    @property
    def checksum(self) -> str:
        return "0" * 64

    def pixels(self, rows: Any) -> NDArray[np.uint8]:
        return np.broadcast_to(self.all[rows][:, :, None, None, None], (len(rows), 2, 3, 2, 2)).copy()


def test_in_batches_they_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone or together, of what is held or made anew; of a choice, which is told the scores, there are none."""
    network = Sums(Architecture(view=(2, 2), classes=2, views=2)).eval()
    monkeypatch.setattr("simnet.inference.batches.load_network", lambda card, device: network)
    values = {"network": "sums", "graph": measured(network).as_dict(), "class_names": ["a", "b"]}
    card = Card(Path("none.json"), values)
    one, both = network.graph.of_views(0b01), network.graph.all
    for chunks in ([[0, 1, 2]], [[2], [0], [1]], [[1, 0], [2]]):
        batches = Batches(card, Levels(), "cpu")
        for rows in (np.array(chunk) for chunk in chunks):
            north, south = Levels.all[rows].astype(float).T
            found = {name: batches.read(simnet.Part(name), both, rows, {}) for name in ("edge", "head", "both")}
            told = {name: None if read is None else read.tolist() for name, read in found.items()}
            sums = (north + south)[:, None].tolist()
            assert told == {"edge": sums, "head": sums, "both": np.stack([north, south], 1)[..., None].tolist()}
            alone = batches.read(simnet.Part("both"), one, rows, {})
            assert alone is not None and alone[:, :, 0].T.tolist() == [north.tolist(), [0] * len(rows)]
            scores = {simnet.Part("edge"): batches.run(simnet.Part("edge"), both, rows, {})}
            assert batches.read(simnet.Part("choice"), both, rows, scores) is None


class Chosen(Sums):
    """The choice makes features of the scores that it is given."""

    def run(self, part: simnet.Part, given: Sequence[Given]) -> Output:
        if part.segment != "choice":
            return super().run(part, given)
        scores = given[0].values[:, 0]
        return Output(scores[:, :1], scores)


def test_what_features_are_made_of_need_not_be_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit's scores are known of an earlier run, those that it chose from are not: 3 + 5, 10 + 20, 0."""
    network = Chosen(Architecture(view=(2, 2), classes=2, views=2)).eval()
    monkeypatch.setattr("simnet.inference.batches.load_network", lambda card, device: network)
    values = {"network": "sums", "graph": measured(network).as_dict(), "class_names": ["a", "b"], "calibration": {}}

    def asked(rules: Any) -> list[float]:
        answers = Answers(
            Card(Path("none.json"), values), Levels(), ("last",), {}, np.zeros(3, np.int64), rules=rules,
            device="cpu", memo=tmp_path,
        )  # fmt: skip
        found = [answers.get("last", sample, network.graph.all)[1] for sample in range(3)]
        answers.save()
        return found

    asked({})
    for file in tmp_path.glob("edge-*"):
        file.unlink()
    assert [file.name.partition("-")[0] for file in tmp_path.glob("*.npz")] == ["choice"]
    assert asked({"last": Level()}) == [8, 30, 0]


def test_a_rule_is_handed_features_that_it_cannot_change() -> None:
    answered, measures = judged(Level(), SCORES, [], "here", range(3), FEATURES)
    assert measures.tolist() == [1, 2, 4] and answered is not None
    assert judged(Level(), SCORES, [], "here", range(3))[1].tolist() == [0.5] * 3
    assert learns(Level) and not learns(type("Plain", (FeatureRule,), {}))
    assert learned(Level, SCORES, [], LABELS, FEATURES) == {"sum": 5}  # the first and the third
    assert learned(Level, SCORES, [], LABELS) == {}

    def spoil(self: Any, here: Any, before: Any, features: Any = None) -> Any:
        features[...] = 0

    with pytest.raises(PluginError, match=r"here: .*read-only"):
        judged(type("Bad", (Level,), {"measure": spoil})(), SCORES, [], "here", range(3), FEATURES)


def test_the_rule_of_the_page_by_hand(tmp_path: Path) -> None:
    """Magnitudes 3 and 1: their mean is 2, and the measure 2/3; without features 1 - 0.75."""
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n# low_activity.py\n(.*?)```", page, re.DOTALL)
    (tmp_path / "low_activity.py").write_text(code, encoding="utf-8")
    rule, scores = RULES.get("low_activity.py:LowActivity", tmp_path)(), np.log([[0.25, 0.75]])
    assert judged(rule, scores, [], "here", [0], np.float32([[[3], [-1]]]))[1].tolist() == pytest.approx([2 / 3])
    assert judged(rule, scores, [], "here", [0])[1].tolist() == pytest.approx([0.25])


def test_features_without_a_default_are_told_with_the_line_as_it_should_be(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import simnet\n\n\nclass Mine(simnet.FeatureRule):\n    def measure(self, here, before, features):\n"
        "        return here[:, 0]\n",
        encoding="utf-8",
    )
    with pytest.raises(PluginError) as told:
        RULES.get("mine.py:Mine", tmp_path)
    assert "Mine.measure takes (self, here, before, features)" in str(told.value)
    assert "FeatureRule's is given (self, here, before, features=None)" in str(told.value)


COUNT = 40


def levels(batch: int, weights: Path, missing: int | None, window: int = 1024) -> NDArray[np.float64]:
    """What `Level` measures at DDNN's edge exit for the first samples of plaza."""
    data = open_dataset("plaza", "test")
    answers = Answers(
        read_card(str(weights)),
        data,
        ("edge", "cloud"),
        {"edge": 0.0},
        np.zeros(COUNT, np.int64),
        rules={"edge": Level()},
        device="cpu",
        batch=batch,
        window=window,
    )
    graph = read_card(str(weights)).graph
    upstream = graph.of_views(0b111111 if missing is None else 0b111111 & ~(1 << missing))
    return np.array([answers.get("edge", sample, upstream)[1] for sample in range(COUNT)])


@pytest.mark.parametrize("missing", [None, 2])
def test_a_run_measures_what_the_network_makes_whatever_the_batch(tmp_path: Path, missing: int | None) -> None:
    """The whole network at once, its edge's output taken by a hook of torch."""
    weights = write_random_weights(tmp_path, "ddnn", "plaza")
    found = levels(256, weights, missing)
    assert (found == levels(1, weights, missing, window=1)).all() and (found == levels(7, weights, missing, 16)).all()
    card = read_card(str(weights))
    network, data = load_network(card), open_dataset("plaza", "test")
    views = network.prepare(torch.from_numpy(data.pixels(range(COUNT))))
    present = torch.ones(COUNT, 6, dtype=torch.bool)
    if missing is not None:
        present[:, missing] = False
    made: dict[str, Tensor] = {}
    honest = network.run

    def run(part: Any, given: Any) -> Output:
        output = honest(part, given)
        if part.segment == "edge" and output.features is not None:
            made["edge"] = output.features
        return output

    network.run = run  # type: ignore[method-assign]
    with torch.inference_mode():
        network(views, present)
    assert tuple(made["edge"].shape[1:]) == card.graph.segments["edge"].sends
    assert np.abs(found - made["edge"].double().flatten(1).mean(1).numpy()).max() < 1e-4


def test_calibration_measures_what_a_run_does(tmp_path: Path) -> None:
    weights = write_random_weights(tmp_path, "ddnn", "plaza")
    first = json.dumps({"set": "plaza", "samples": {"test": COUNT}})
    network, data = load_network(read_card(str(weights))), open_dataset(first, "test")
    features = exit_features(network, data)
    assert set(features) == {"edge"}, "the last exit has no rule"
    scores = exit_scores(network, segment_scores(network, data))
    exits = Exits(scores, data.labels, {"edge": Level()}, features)
    assert np.abs(exits.measures[0] - levels(256, weights, None)).max() < 1e-4


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def call(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["models", *arguments])
        with pytest.raises(SystemExit) as end:
            models_main()
        printed = capsys.readouterr()
        assert end.value.code == 0, printed.err
        return printed.out

    return call


SCENARIO = """\
data: {set: folder, path: photos, side: 16}
samples: 20
workload: {every: 1 s}
nodes:
  camera: {tier: device, speed: 1 GFLOP/s}
  edge: {tier: edge, speed: 1 GFLOP/s}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: [camera, edge], bandwidth: 1 Mbit/s, latency: 1 ms}
  - {between: [edge, cloud], bandwidth: 1 Mbit/s, latency: 1 ms}
systems:
  ada-ddnn: {weights: mine.safetensors, rule: "nearest_mean.py:NearestMean"}
"""


def test_the_example_is_calibrated_and_runs(
    tmp_path: Path, models: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its card has means for edge exit 2, whose segment makes features, and none for exit 1, which chooses."""
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    source = ROOT / "examples" / "simnet_examples" / "nearest_mean.py"
    (tmp_path / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    random = np.random.default_rng(1)
    for level, name in enumerate(("cup", "tin")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(60):
            pixels = random.integers(90 * level, 90 * level + 120, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    (tmp_path / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    photos = "{set: folder, path: photos, side: 16}"
    models("train", "ada-ddnn", photos, "--epochs", "2", "--batch", "16", "--out", "mine.safetensors")
    models("calibrate", "mine.safetensors", "--exit-rule", "nearest_mean.py:NearestMean")
    entries = json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))["calibration"]["alternatives"]
    own = {entry.get("instead", {}).get("edge-1"): entry for entry in entries if ":" in entry["exit_rule"]}
    assert set(own) == {None, "vote", "mean"}
    channels = read_card("mine.safetensors").graph.segments["edge"].sends
    assert channels is not None
    assert own[None]["parameters"]["edge-1"] == {}
    assert np.shape(own[None]["parameters"]["edge-2"]["means"]) == (2, channels[0])
    made = simnet.run(simnet.load(Path("scenario.yaml"))).samples("ada-ddnn").to_pylist()
    assert {row["outcome"] for row in made} == {"finished"}
    measured = [row["entropy"] for row in made if row["exit"] == "edge-2"]
    assert all(0 <= one < own[None]["thresholds"]["edge-2"] for one in measured)
