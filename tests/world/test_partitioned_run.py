"""DAPDEE from file to results, with a real network: what is answered, and what is said of scenarios that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from weights import untrained

import simnet
from simnet.language.errors import ScenarioError
from simnet.models.cards.card import read_card
from simnet.models.cards.costs import measured
from simnet.models.cards.weights import load_network, save_weights
from simnet.models.data import open_dataset
from simnet.models.networks.dapdee import ResNetArchitecture

GREY = '''
"""Noise of one view."""
import hashlib
import numpy as np
from simnet import Dataset


class Noise(Dataset):
    name = "noise"
    licence = "made up"
    class_names = ("a", "b", "c")
    views = 1
    view_shape = (3, 16, 16)

    @classmethod
    def open(cls, options, split, data_dir):
        made = cls()
        made.split = split
        made.labels = np.arange(40) % 3
        return made

    @property
    def checksum(self):
        return hashlib.sha256(self.split.encode()).hexdigest()

    def pixels(self, rows):
        return np.stack([np.random.default_rng(int(row)).integers(0, 256, (1, 3, 16, 16), np.uint8) for row in rows])
'''
SCENARIO = """
data: {set: "noise.py:Noise", order: file}
samples: 40
workload: {every: 100 ms}
nodes:
  pi: {tier: device, speed: 0.1 GFLOP/s}
  server: {tier: edge, speed: 132 GFLOP/s}
links:
  - {between: [pi, server], preset: dads-3g}
systems:
  dapdee: {weights: small.safetensors, codec: int8, accuracy_loss: 1 %}
  device: {system: dapdee, planner: device-only, weights: small.safetensors}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    network = untrained("resnet14", ResNetArchitecture(view=(16, 16), stem=8, widths=(8, 8, 16), classes=3), seed=4)
    card = {
        "network": "resnet14",
        "data": "noise.py:Noise",
        "class_names": ["a", "b", "c"],
        "architecture": network.arch.as_dict(),
        "graph": measured(network).as_dict(),
        "calibration": {"thresholds": {"exit-1": 0.5, "exit-2": 0.5}},
        "forced_accuracy": {"validation": {"exit-1": 0.30, "exit-2": 0.395, "exit-3": 0.40}},
    }
    save_weights(network, card, tmp_path / "small.safetensors")
    (tmp_path / "noise.py").write_text(GREY)
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    return tmp_path


def test_it_answers_as_the_network_does(folder: Path) -> None:
    """Device-only is plain PyTorch; DAPDEE, which cuts inside and sends int8, may answer otherwise now and then."""
    run = simnet.run(simnet.load(folder / "scenario.yaml"), device="cpu")
    network = load_network(read_card(str(folder / "small.safetensors")))
    data = open_dataset("noise.py:Noise", "test", None, folder)
    with torch.inference_mode():
        views = network.prepare(torch.from_numpy(data.pixels(range(40))))
        expected = network(views)["exit-3"].argmax(1).tolist()
    assert run.samples("device")["prediction"].to_pylist() == expected
    summary = run.summary["systems"]
    told = summary["dapdee"]["policy"]["plans"]
    assert told["decisions"] > 0 and told["unmet"] == 0
    (plan,) = told["samples"]
    assert plan.startswith("exit-3, device ") and "sends" in plan
    coded = run.samples("dapdee")["prediction"].to_pylist()
    assert sum(a == b for a, b in zip(coded, expected, strict=True)) >= 34
    assert summary["dapdee"]["latency"]["mean"] < summary["device"]["latency"]["mean"]
    run.save(folder / "run")
    assert simnet.load(folder / "run" / "scenario.yaml").systems == simnet.load(folder / "scenario.yaml").systems


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ("accuracy_loss: 1 %", "deadlin: 5 ms", ["systems.dapdee.deadlin", "deadline"]),
        ("accuracy_loss: 1 %", "deadline: 5", ["systems.dapdee.deadline", "unit"]),
        ("accuracy_loss: 1 %", "accuracy_loss: 120 %", ["systems.dapdee.accuracy_loss"]),
        ("accuracy_loss: 1 %", "decision: 1 s", ["systems.dapdee.period", "must be longer than 'decision'"]),
        ("planner: device-only", "planner: device", ["systems.device.planner", "device-only"]),
        ("planner: device-only", "planner: edge-only, deadline: 1 s", ["deadline", "it always takes the last exit"]),
        ("planner: device-only", "planner: edge-only, period: 2 s", ["period", "nothing is decided"]),
        ("accuracy_loss: 1 %", "rule: max", ["rule", "without 'sample_exits': no exit is tested"]),
        ("tier: edge", "tier: cloud", ["role 'edge' needs exactly one node of tier 'edge'"]),
        ("preset: dads-3g", "preset: dads-5g", ["dads-5g", "dads-3g"]),
        ("weights: small.safetensors, codec", "weights: ada-ddnn-plaza, codec", ["ada-ddnn-plaza"]),
    ],
)
def test_what_is_wrong_is_told_with_its_line(folder: Path, old: str, new: str, messages: list[str]) -> None:
    assert old in SCENARIO
    (folder / "scenario.yaml").write_text(SCENARIO.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        simnet.check(simnet.load(folder / "scenario.yaml"))
    text = str(caught.value)
    assert "scenario.yaml:" in text and all(message in text for message in messages), text
