"""Kinds from files beside the scenario: found from wherever it is run, and by the resolved scenario of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from paths import ROOT
from weights import random_network, write_network

import simnet

KINDS = """
import numpy as np

from simnet import Codec, ExitRule, OneEdge
from simnet.models.data.plaza.plaza import Plaza


class EdgeOnly(OneEdge):
    exits = ("edge", "cloud")

    def classify(self, sample):
        reported = yield self.gather(sample)
        yield self.compute_at_edge(sample)
        return self.decide("edge", sample, reported)


class Never(ExitRule):
    def measure(self, here, before):
        return np.ones(len(here))


class Halves(Codec):
    name = "halves"

    def bytes(self, shape):
        return 2 * shape[0] * shape[1] * shape[2]

    def arrived(self, features):
        return features.half().float()


class Square(Plaza):
    name = "square"
"""


def test_what_lies_beside_a_scenario_is_found_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (home / "own.py").write_text(KINDS, encoding="utf-8")
    write_network(random_network("ddnn", "plaza"), "ddnn", "plaza", home / "w.safetensors")
    card = home / "w.json"
    card.write_text(
        card.read_text(encoding="utf-8").replace('"data": "plaza"', '"data": "own.py:Square"'), encoding="utf-8"
    )
    text = (ROOT / "scenarios" / "six_cameras.yaml").read_text(encoding="utf-8")
    systems = """systems:
  edge-only: {system: "own.py:EdgeOnly", weights: w.safetensors, thresholds: 0.5}
  never: {system: ddnn, rule: "own.py:Never", weights: w.safetensors, thresholds: 1}
  halves: {system: ddnn, codec: "own.py:Halves", weights: w.safetensors, thresholds: 0}
"""
    begin, end = text.index("systems:"), text.index("faults:")
    file = home / "own.yaml"
    text = (text[:begin] + systems + text[end:]).replace("data: plaza", 'data: "own.py:Square"')
    file.write_text(text, encoding="utf-8")
    monkeypatch.chdir(elsewhere)
    run = simnet.run(simnet.load(file, samples=20), out="run")
    exits = {name: {e: one["count"] for e, one in of["exits"].items()} for name, of in run.summary["systems"].items()}
    assert exits["edge-only"]["edge"] == 20
    assert exits["never"]["edge"] == exits["halves"]["edge"] == 0, "a measure of 1 is not below 1; nothing is below 0"
    sent = {name: of["bytes"]["device_to_edge"] for name, of in run.summary["systems"].items()}
    header = 78 * 20 * 6
    assert sent["halves"] - header == (sent["never"] - header) / 2
    (elsewhere / "deep").mkdir()
    monkeypatch.chdir(elsewhere / "deep")
    again = simnet.run(simnet.load(elsewhere / "run" / "scenario.yaml"))
    for name in run.summary["systems"]:
        assert again.samples(name).equals(run.samples(name))


def test_a_package_beside_the_scenario_is_one_still_when_it_is_named_by_its_place(tmp_path: Path) -> None:
    """Its parts import each other."""
    package = tmp_path / "ruled"
    package.mkdir()
    (package / "__init__.py").write_text("from .parts import Never\n", encoding="utf-8")
    text = "from simnet import ExitRule\n\n\nclass Never(ExitRule):\n    most = float('inf')\n\n"
    (package / "parts.py").write_text(f"{text}    def measure(self, here, before):\n        ...\n", encoding="utf-8")
    six = (ROOT / "scenarios" / "six_cameras.yaml").read_text(encoding="utf-8")
    file = tmp_path / "ruled.yaml"
    file.write_text(
        six.replace("ddnn:     {", 'ddnn:     {rule: "ruled:Never", thresholds: 7.5, ', 1), encoding="utf-8"
    )
    scenario = simnet.load(file)
    assert scenario.systems["ddnn"].rule == f"{package}/__init__.py:Never"
    assert simnet.load(scenario.to_yaml()) == scenario


def test_a_threshold_beyond_all_floats_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(simnet.ScenarioError, match=r"thresholds=.*: a number of more than 40 digits is too long"):
        simnet.load(ROOT / "scenarios" / "six_cameras.yaml", {"systems.ddnn.thresholds": 10**400})
