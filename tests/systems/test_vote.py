"""What answers at edge exit 1: the surest device, a vote or the mean; which T belong to it and to an exit's rule."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from paths import ROOT
from weights import write_random_weights

import simnet
from simnet.language.errors import ScenarioError
from simnet.models.cards.card import WEIGHTS, read_card
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.rules import normalized_entropy
from simnet.world.plan import plans_of

SCENARIO = ROOT / "scenarios" / "vote.yaml"
NAME = "ada-ddnn-plaza"


def votes(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Scores of the vote: the sum of log-probabilities of `[n, devices, classes]`, divided by the temperature."""
    return np.log(np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)).sum(1) / temperature


def run(samples: int, **changes: Any) -> list[dict[str, Any]]:
    overrides = [f"{key}={value}" for key, value in changes.items()]
    only = "systems={vote: {system: ada-ddnn, edge_1: vote}}"
    made = simnet.run(simnet.load(SCENARIO, samples=samples, overrides=["faults=[]", only, *overrides]))
    return list(made.samples("vote").to_pylist())


@pytest.mark.parametrize("missing", [None, 1])
def test_a_run_with_a_vote_leaves_where_the_vote_by_hand_is_sure(missing: int | None) -> None:
    """The network runs as a whole; the vote is written out again here. A camera that is down drops one factor."""
    count = 40
    changes = {"data": "{set: plaza, order: file}"}
    if missing is not None:
        changes["faults"] = f"[{{at: 0 s, node: camera{missing + 1}, is: down}}]"
    samples = run(count, **changes)
    card = read_card(NAME)
    pixels = torch.from_numpy(open_dataset("plaza", "test").pixels(range(count)))
    present = torch.ones(count, 6, dtype=torch.bool)
    if missing is not None:
        present[:, missing] = False
    network = load_network(card)
    with torch.no_grad():
        scores = {name: s.double().numpy() for name, s in network(network.prepare(pixels), present).items()}
    known = card.calibrated("entropy", {"edge-1": "vote"})
    assert known is not None
    there = [view for view in range(6) if view != missing]
    here = votes(scores["device"][:, there], card.temperatures["vote"])
    unsure = normalized_entropy(here)
    leaving = unsure < known["thresholds"]["edge-1"]
    assert 0 < leaving.sum() < count, "the case must use both"
    assert [row["exit"] == "edge-1" for row in samples] == leaving.tolist()
    for row, at, sure in zip(samples, here, leaving, strict=True):
        if sure:
            assert row["prediction"] == at.argmax()
            assert row["entropy"] == pytest.approx(normalized_entropy(at), abs=1e-4)


@pytest.fixture
def plans(tmp_path: Path) -> Any:
    """Plans of a scenario with the system `vote` on a copy of the shipped weights whose card is changed."""

    def made(change: Any, **keys: Any) -> Mapping[str, Any]:
        shutil.copy(WEIGHTS / f"{NAME}.safetensors", tmp_path)
        values = json.loads((WEIGHTS / f"{NAME}.json").read_text(encoding="utf-8"))
        change(values)
        (tmp_path / f"{NAME}.json").write_text(json.dumps(values), encoding="utf-8")
        spec = {"system": "ada-ddnn", "weights": str(tmp_path / f"{NAME}.json"), **keys}
        scenario = simnet.load(SCENARIO, overrides=[f"systems={json.dumps({'vote': spec})}"])
        return plans_of(scenario)

    return made


def test_every_exit_has_the_threshold_of_its_own_rule(plans: Any) -> None:
    plan = plans(lambda values: None, edge_1="vote", rule={"edge-1": "margin"})["vote"]
    card = plan.card
    by = {rule: card.calibrated(rule, {"edge-1": "vote"})["thresholds"] for rule in ("margin", "entropy")}
    assert plan.thresholds == {"edge-1": by["margin"]["edge-1"], "edge-2": by["entropy"]["edge-2"]}
    assert plan.instead == {"edge-1": "vote"}
    assert by["entropy"] != card.thresholds


def test_a_rule_that_learns_has_what_it_learned(plans: Any) -> None:
    plan = plans(lambda values: None, rule="recycling")["vote"]
    known = plan.card.calibrated("recycling", {})["parameters"]
    assert {name: dict(rule.parameters) for name, rule in plan.rules.items()} == known
    assert [len(one["weights"]) for one in known.values()] == [1, 2]


def without(*rules: str) -> Any:
    def change(values: dict[str, Any]) -> None:
        entries = values["calibration"]["alternatives"]
        values["calibration"]["alternatives"] = [e for e in entries if e["exit_rule"] not in rules]

    return change


def no_vote(values: dict[str, Any]) -> None:
    values["graph"]["segments"] = [s for s in values["graph"]["segments"] if "instead" not in s]


@pytest.mark.parametrize(
    ("change", "keys", "message"),
    [
        (without("margin"), {"rule": "margin"}, "has no calibrated threshold for edge-1 by the rule margin; give "),
        (without("entropy"), {"edge_1": "vote"}, "has no calibrated threshold for edge-1 with vote; give 'thresholds'"),
        (
            without("recycling"),
            {"rule": "recycling", "thresholds": 0.3},
            "does not say what the rule recycling has learned",
        ),
        (
            no_vote,
            {"edge_1": "mean"},
            "has no segment 'mean'; 'python -m models calibrate .*ada-ddnn-plaza.safetensors' adds it",
        ),
    ],
)
def test_what_the_card_does_not_have_is_one_message(plans: Any, change: Any, keys: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message) as told:
        plans(change, **keys)
    assert len(told.value.problems) == 1 and "python -m models calibrate" in str(told.value)


def test_thresholds_of_the_users_own_need_no_calibration(plans: Any) -> None:
    plan = plans(without("margin"), rule="margin", thresholds={"edge-1": 0.2, "edge-2": 0.4})["vote"]
    assert plan.thresholds == {"edge-1": 0.2, "edge-2": 0.4}


def test_a_card_of_before_there_was_a_vote_still_runs(tmp_path: Path) -> None:
    weights = write_random_weights(tmp_path, "ada-ddnn", "plaza")
    card = weights.with_suffix(".json")
    values = json.loads(card.read_text(encoding="utf-8"))
    no_vote(values)
    card.write_text(json.dumps(values), encoding="utf-8")
    assert "vote" not in read_card(str(card)).graph.segments
    assert "vote" in load_network(read_card(str(card))).graph.segments
