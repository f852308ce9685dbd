"""The study of policies: its points by hand, Random beside every one, and a whole run on a small network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from students import DATA, small, write_students

from simnet.models.cards.card import WeightsError, read_card
from simnet.models.cards.costs import measured
from simnet.models.criteria import CRITERIA, Stage
from simnet.models.data import open_dataset
from simnet.models.networks.students.stages import costs, policies, stages_of
from simnet.models.studies import early_stop, early_stop_page
from simnet.models.studies.early_stop import SAVINGS, Split, areas, useless


def test_a_point_by_hand() -> None:
    """Two of four leave after stage 2, one of them wrong; the last exit is right for three, Random for two."""
    right = np.array([[False] * 4, [True, False, False, False], [True] * 4, [True, True, True, False]])
    split = Split([], right)
    found = np.array([[np.inf] * 4, [0.1, 0.2, 0.8, 0.9], [1.0] * 4])
    made = early_stop._point(found, (0.0, 0.5, 0.0), split, [1, 2, 3, 4], [1, 2, 3, 4])
    assert made["shares"] == [0, 0.5, 0, 0.5]
    assert made["saving"]["mean"] == pytest.approx(0.25) and made["accuracy"]["mean"] == 0.5
    assert made["over_last"]["mean"] == pytest.approx(-0.25)
    at_random = [0.5 * (1 + 1), 0.5 * (0 + 1), 0.5 * (0 + 1), 0]
    each = np.array([1, 0, 1, 0]) - np.array(at_random)
    half = 1.959964 * each.std(ddof=1) / 2
    assert made["over_random"] == pytest.approx({"mean": 0.0, "low": -half, "high": half}, abs=1e-9)


def test_a_criterion_that_tells_nothing_is_told() -> None:
    """The measure is high where the prediction is right: worse than chance."""
    aligned = np.zeros((40, 2))
    aligned[:, 0] = 1
    turned = aligned.copy()
    turned[:20] = (0.0, 1.0)
    stages = [Stage(np.zeros((40, 3)), one) for one in (aligned, turned, aligned, aligned)]
    right = np.array([[True] * 20 + [False] * 20] * 4)
    exits = ["exit-1", "exit-2", "exit-3", "exit-4"]
    found = areas(CRITERIA["feature-difference"], Split(stages, right), exits)
    assert list(found) == ["exit-2", "exit-3"] and found["exit-2"]["auc"] == 0
    study = {"auc": {"feature-difference": {"validation": found}}}
    assert useless(study, "feature-difference") == ["exit-2", "exit-3"]
    good = {"auc": {"feature-difference": {"validation": {"exit-2": {"auc": 0.56}, "exit-3": {"auc": 0.54}}}}}
    assert useless(good, "feature-difference") == ["exit-3"]


def test_random_with_shares_of_its_own_is_the_best_mixture() -> None:
    """Stages cost 1 to 4 and are right for 0, 6, 8, 9 of 10: to save 1/8 half leave after stage 3."""
    right = np.zeros((4, 10), bool)
    for number, count in enumerate((0, 6, 8, 9)):
        right[number, :count] = True
    split = Split([], right)
    points = {one["wanted"]: one for one in early_stop._random_curve(split, split, [1, 2, 3, 4])}
    assert points[0.1]["shares"] == pytest.approx([0, 0, 0.4, 0.6])
    assert points[0.25]["shares"] == pytest.approx([0, 0, 1, 0]) and points[0.25]["accuracy"]["mean"] == 0.8
    assert points[0.25]["over_last"]["mean"] == pytest.approx(-0.1)


def test_a_whole_run(tmp_path: Path) -> None:
    network = small()
    write_students(tmp_path, network)
    graph = measured(network)
    validation, test = (open_dataset(DATA, split, None, tmp_path) for split in ("validation", "test"))
    found = policies(graph, stages_of(network, validation), validation.labels)
    card = read_card(str(write_students(tmp_path, network, policies=found)))
    study = early_stop.run(card, test, validation)
    assert study["samples"] == {"validation": 60, "test": 60} and study["sha256"] == card.sha256
    assert list(study["costs"].values()) == costs(graph, reads_features=False)
    assert set(study["curves"]) == {*CRITERIA, "random"}
    for name, points in study["curves"].items():
        assert [one["wanted"] for one in points] == [s for s in SAVINGS if s in {p["wanted"] for p in points}]
        assert points, name
        for one in points:
            assert one["accuracy"]["low"] <= one["accuracy"]["mean"] <= one["accuracy"]["high"]
            assert sum(one["shares"]) == pytest.approx(1) and one["shares"][0] == 0
    assert set(study["calibrated"]) == set(CRITERIA)
    assert set(study["unaligned"]) == {"feature-difference", "relative-difference"}
    log = [{"validation_accuracy": {"exit-4": accuracy}} for accuracy in (0.5, 0.6, 0.625)]
    told = early_stop_page.parts(study, {"log": log, "epochs": 3, "recipe": {"teacher": "itself"}})
    assert "3 epochs with itself as teacher" in told["distree trained"] and "exit-4 +2.50." in told["distree trained"]
    lines = told["distree curves"].splitlines()
    assert len(lines) == 2 + sum(map(len, study["curves"].values()))
    one = study["curves"]["entropy"][0]["accuracy"]
    assert f"{100 * one['mean']:.2f} ({100 * one['low']:.2f} to {100 * one['high']:.2f})" in told["distree curves"]
    assert len(told["distree forced"].splitlines()) == 2 + 4


def test_a_network_without_stages_is_refused(tmp_path: Path) -> None:
    from weights import write_random_weights

    card = read_card(str(write_random_weights(tmp_path, "ddnn", "plaza")))
    data = open_dataset("plaza", "validation")
    with pytest.raises(WeightsError, match="whose stages have a common space"):
        early_stop.run(card, data, data)
