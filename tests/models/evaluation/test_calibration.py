"""Calibration by three rules against brute force, what a card says of it, reliability and temperatures by hand."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from simnet.analysis.networks.reliability import draw_reliability
from simnet.models.evaluation.calibration import (
    GRID_RULES,
    TOLERANCE,
    Rule,
    best_thresholds,
    calibrated,
    calibration,
    grid_counts,
)
from simnet.models.evaluation.outcome import Exits, Outcome
from simnet.models.evaluation.reliability import (
    BINS,
    bins,
    expected_calibration_error,
    fitted_temperatures,
    negative_log_likelihood,
    reliability,
)
from simnet.models.evaluation.scores import exit_scores
from simnet.models.graph import Graph
from simnet.models.networks import NETWORKS
from simnet.models.networks.ada_ddnn import mean, surest, vote
from simnet.models.networks.base import Network
from simnet.models.training import publish
from simnet.systems import bytes_per_segment, bytes_until

SENT = {"ada-ddnn": (60, 60, 100), "ddnn": (60, 100), "ddnn-2017": (10, 50, 90)}
"""Bytes until each exit."""


SMALL = {"view": (8, 8), "classes": 3}


def network_of(system: str) -> Network:
    """A small network of three classes; exits are told from its graph, and its scores from elsewhere."""
    kind = NETWORKS[system]
    edges = {"edges": ((0, 1, 2, 3, 4, 5),)} if system == "ddnn-2017" else {}
    return kind(kind.Architecture(**SMALL, **edges)).eval()


def made_up(seed: int, system: str = "ada-ddnn", n: int = 400) -> tuple[Exits, dict[str, NDArray[np.float64]]]:
    """Exits of made-up scores, the deeper the surer and the better."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, n)
    right = np.eye(3)[labels]
    scores = {
        "device": random.normal(size=(n, 6, 3)) + 0.8 * right[:, None],
        "local": random.normal(size=(n, 3)) + right,
        "edge": random.normal(size=(n, 3)) + 1.5 * right,
        "cloud": random.normal(size=(n, 3)) + 3 * right,
    }
    network = network_of(system)
    if system == "ada-ddnn":
        reports = torch.from_numpy(scores["device"]), torch.ones(n, 6, dtype=torch.bool)
        scores |= {kind.__name__: kind(*reports).numpy() for kind in (surest, vote, mean)}
    scores = {name: scores[name] for name, one in network.graph.segments.items() if one.scores}
    return Exits(exit_scores(network, scores), labels), scores


def sent_by(outcome: Outcome, sent: tuple[int, ...]) -> float:
    return float(np.dot(outcome.shares, sent))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("system", list(SENT))
@pytest.mark.parametrize("rule", GRID_RULES)
def test_calibration_is_the_best_on_its_grid(seed: int, system: str, rule: Rule) -> None:
    """Every rule finds what trying all combinations one by one finds."""
    exits, _ = made_up(seed, system)
    chosen = calibrated(exits, rule, SENT[system], step=0.1)
    everything = [exits.outcome(ts) for ts in product([i / 10 for i in range(11)], repeat=len(exits.names) - 1)]
    cloud = exits.forced_accuracies["cloud"]
    near = [o for o in everything if o.system_accuracy >= cloud - TOLERANCE - 1e-9]
    assert all(t == round(t, 1) and 0 <= t <= 1 for t in chosen.thresholds)
    assert any(o == chosen for o in everything)
    if rule == "accuracy":
        assert chosen.system_accuracy == max(o.system_accuracy for o in everything)
        return
    assert chosen in near and 0 < chosen.shares[-1] < 1
    if rule == "early":
        assert chosen.shares[-1] == min(o.shares[-1] for o in near)
        equals = [o for o in near if o.shares[-1] == chosen.shares[-1]]
    else:
        assert sent_by(chosen, SENT[system]) == pytest.approx(min(sent_by(o, SENT[system]) for o in near))
        equals = [o for o in near if sent_by(o, SENT[system]) == sent_by(chosen, SENT[system])]
    assert chosen.system_accuracy == max(o.system_accuracy for o in equals)


@pytest.mark.parametrize("system", list(SENT))
def test_counts_on_the_grid_are_those_of_single_outcomes(system: str) -> None:
    exits, _ = made_up(7, system, n=150)
    exits.measures[0, :5] = np.nan  # scores that are not finite leave nowhere
    exits.measures[0, 5:9] = 0.3  # on the grid: strictly below only
    grid = np.linspace(0, 1, 11).round(6)
    left, right = grid_counts(exits.measures, exits.correct, grid)
    for place in product(range(11), repeat=len(exits.names) - 1):
        outcome = exits.outcome([float(grid[i]) for i in place])
        at = left[(slice(None), *place)]
        np.testing.assert_array_equal(at, np.round(np.array(outcome.shares) * 150))
        assert right[(slice(None), *place)].sum() == round(outcome.system_accuracy * 150)


def test_the_rules_differ_where_features_follow_only_on_request() -> None:
    """With DDNN of 2017 `bytes` may leave more to the cloud than `early`, if it saves more at the local exit."""
    exits, _ = made_up(0, "ddnn-2017", n=2000)
    sent = (10, 85, 90)
    early, least = calibrated(exits, "early"), calibrated(exits, "bytes", sent)
    assert sent_by(least, sent) < sent_by(early, sent)
    assert least.shares[0] > early.shares[0] and least.shares[-1] > early.shares[-1]


def test_calibration_depends_on_what_it_is_given_alone() -> None:
    exits, scores = made_up(4)
    before = {name: array.copy() for name, array in scores.items()}
    first = calibrated(exits)
    calibrated(made_up(5)[0])
    assert calibrated(exits) == first == calibrated(made_up(4)[0])
    assert all(np.array_equal(before[name], scores[name]) for name in scores)


def test_calibration_of_a_hopeless_edge_sends_everybody_on() -> None:
    labels = np.arange(50) % 2
    scores = {"edge": 100.0 * np.eye(2)[1 - labels], "cloud": 100.0 * np.eye(2)[labels]}
    exits = Exits(scores, labels)
    for rule in GRID_RULES:
        assert calibrated(exits, rule, (1, 2)).shares == (0, 1)


def test_with_many_exits_the_grid_is_coarser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five exits on a grid of 101 points each would be 104 million combinations; 36 of two are steps of a fifth."""
    random = np.random.default_rng(3)
    entropies, correct = random.random((5, 300)), random.random((5, 300)) < np.linspace(0.6, 0.9, 5)[:, None]
    found = best_thresholds(entropies[2:], correct[2:], step=0.2)
    monkeypatch.setattr("simnet.models.evaluation.calibration.MOST", 36)
    assert best_thresholds(entropies[2:], correct[2:]) == found
    monkeypatch.setattr("simnet.models.evaluation.calibration.MOST", 10_000)
    thresholds = best_thresholds(entropies, correct)
    assert len(thresholds) == 4 and all(0 <= threshold <= 1 for threshold in thresholds)
    left, right = grid_counts(entropies, correct, np.linspace(0, 1, 10))
    assert left.shape == (5, 10, 10, 10, 10) and (left.sum(0) == 300).all() and (right <= left).all()


def test_wrong_rules() -> None:
    exits, _ = made_up(0)
    with pytest.raises(ValueError, match="unknown rule 'luck'; known: accuracy, early, bytes"):
        calibrated(exits, "luck")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs the bytes sent"):
        calibrated(exits, "bytes")


def test_a_card_keeps_all_rules_with_thresholds_from_validation() -> None:
    validation, test = made_up(0)[0], made_up(1)[0]
    sent = dict(zip(validation.names, SENT["ada-ddnn"], strict=True))
    block = calibration(validation, test, sent, "bytes")
    assert tuple(block["rules"]) == (*GRID_RULES, "risk") and block["rule"] == "bytes" and block["temperatures"] == {}
    assert block["thresholds"] == block["rules"]["bytes"]["thresholds"]
    assert block["test"] == block["rules"]["bytes"]["test"]
    for rule, found in block["rules"].items():
        chosen = calibrated(validation, rule, SENT["ada-ddnn"])
        assert tuple(found["thresholds"].values()) == chosen.thresholds
        assert found["validation"]["system_accuracy"] == chosen.system_accuracy
        on_test = test.outcome(chosen.thresholds)
        assert tuple(found["test"]["shares"].values()) == on_test.shares
        assert found["test"]["bytes"] == pytest.approx(sent_by(on_test, SENT["ada-ddnn"]))


def test_early_means_half_a_point_at_most() -> None:
    """Of 1,000 samples five may be wrong that the cloud gets right; a sixth, the 600th surest, is one too many."""
    number = np.arange(1_000)
    correct = np.stack([number % 100 != 99, np.ones(1_000, bool)])
    entropies = np.stack([number / 1_000, np.zeros(1_000)])
    assert best_thresholds(entropies, correct, "early") == (0.59,)
    assert best_thresholds(entropies, correct, "bytes", (1, 2)) == (0.59,)
    assert best_thresholds(entropies, correct, "accuracy") == (0.09,)


class Split:
    """A split of made-up scores in place of one that a network would have to look at."""

    def __init__(self, seed: int) -> None:
        self.exits, self.scores = made_up(seed)
        self.labels = np.random.default_rng(seed).integers(0, 3, 400)


@pytest.mark.parametrize("temperature", [False, True])
def test_no_test_data_are_in_thresholds_and_temperatures(temperature: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the test data, a card has the same of them; and they are not those that test data would give."""
    monkeypatch.setattr(publish, "segment_scores", lambda network, data: data.scores)
    network, until = network_of("ada-ddnn"), {"edge-1": 1, "edge-2": 1, "cloud": 2}
    validation, tests = Split(0), (Split(1), Split(2))
    one, other = (publish.judged(network, validation, test, until, "early", temperature) for test in tests)  # type: ignore[arg-type]
    assert one["calibration"]["test"] != other["calibration"]["test"]
    fitted = fitted_temperatures(network, validation.scores, validation.labels)
    used = fitted if temperature else {name: fitted[name] for name in ("vote", "mean")}
    chosen = calibrated(Exits(exit_scores(network, validation.scores, used), validation.labels), "early").thresholds
    for test, found in zip(tests, (one, other), strict=True):
        block = found["calibration"]
        assert block["temperatures"] == used and tuple(block["thresholds"].values()) == chosen
        assert [block["rules"][r]["thresholds"] for r in GRID_RULES] == [
            one["calibration"]["rules"][r]["thresholds"] for r in GRID_RULES
        ]
        assert {e: v["scaled"]["temperature"] for e, v in found["reliability"].items()} == {
            "edge-1": fitted["device"],
            "edge-2": fitted["edge"],
            "cloud": fitted["cloud"],
        }
        assert fitted_temperatures(network, test.scores, test.labels) != fitted
        assert calibrated(Exits(exit_scores(network, test.scores, used), test.labels), "early").thresholds != chosen


def sending(system: str, classes: int, sends: Mapping[str, tuple[int, ...]], **architecture: Any) -> Graph:
    """A network's graph with features of these shapes."""
    kind = NETWORKS[system]
    graph = kind(kind.Architecture(view=(8, 8), classes=classes, **architecture)).graph
    return graph.with_costs({name: {"sends": shape} for name, shape in sends.items()})


def test_bytes_of_ada_ddnn_and_of_algorithm_1() -> None:
    """Entropy, scores and features together; the upload only for the cloud (SYSTEMS: 4 B + 4·C B + features)."""
    shapes = {"device": (16, 5, 8), "edge": (64, 8, 8)}
    graph = sending("ada-ddnn", 10, shapes)
    assert bytes_per_segment("ada-ddnn", graph, "fp32") == {"device": 4 + 40 + 4 * 640, "edge": 4 * 4096}
    until = bytes_until("ada-ddnn", graph, "fp32")
    assert until == {"edge-1": 15624, "edge-2": 15624, "cloud": 15624 + 16384}
    assert bytes_per_segment("ada-ddnn", graph, "int8") == {"device": 44 + 640 + 4 * 16, "edge": 4096 + 4 * 64}
    assert bytes_per_segment("ddnn", sending("ddnn", 10, shapes), "fp32") == {"device": 2560, "edge": 16384}


def test_bytes_of_ddnn_2017_are_those_of_the_formula() -> None:
    """4·|C| + (1 − l)·f·o/8 per device; with |C| = 3, f = 4, o = 256 12 B at the local exit and 140 B beyond."""
    graph = sending("ddnn-2017", 3, {"device": (4, 16, 16)})
    assert bytes_until("ddnn-2017", graph, "binary") == {"local": 6 * 12, "cloud": 6 * 140}
    shapes = {"device": (4, 16, 16), "edge": (8, 8, 8)}
    graph = sending("ddnn-2017", 3, shapes, devices=(0, 1, 2, 3), edges=((0, 1), (2, 3)))
    assert bytes_until("ddnn-2017", graph, "binary") == {"local": 48, "edge": 560, "cloud": 560 + 2 * 64}


def test_bytes_of_a_network_without_a_system_of_its_own() -> None:
    """Every feature and score that is taken is sent once, before the first exit that needs it."""
    graph = sending("ada-ddnn", 10, {"device": (16, 5, 8), "edge": (64, 8, 8)})
    assert bytes_until("mine.py:Net", graph, "fp32") == {"edge-1": 240, "edge-2": 15600, "cloud": 15600 + 16384}


def log_of(*probabilities: float) -> NDArray[np.float64]:
    return np.log(np.array(probabilities))


def test_calibration_error_by_hand() -> None:
    """Four answers in two bins: 0.9 sure and right half the time, 0.6 sure and always right."""
    scores = np.stack([log_of(0.9, 0.1), log_of(0.1, 0.9), log_of(0.6, 0.4), log_of(0.4, 0.6)])
    found = bins(scores, np.array([0, 0, 0, 1]))
    assert len(found["count"]) == BINS == 15 and sum(found["count"]) == 4
    assert found["count"][13] == 2 and found["accuracy"][13] == 0.5 and found["confidence"][13] == pytest.approx(0.9)
    assert found["count"][8] == 2 and found["accuracy"][8] == 1 and found["accuracy"][0] is None
    assert expected_calibration_error(found) == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)


def test_certain_answers_fall_in_the_last_bin() -> None:
    found = bins(1000 * np.eye(2), np.array([0, 1]))
    assert found["count"][-1] == 2 and expected_calibration_error(found) == 0


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_the_temperature_that_spoiled_the_scores_is_found(true: float) -> None:
    """Labels are drawn with the probabilities of the scores; scores times T then need the temperature T."""
    random = np.random.default_rng(1)
    scores = random.normal(scale=2, size=(20_000, 4))
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    labels = (random.random(20_000)[:, None] > p.cumsum(1)).sum(1)
    network = network_of("ddnn")
    found = fitted_temperatures(network, {"edge": true * scores, "cloud": scores}, labels)
    assert found == {"edge": pytest.approx(true, rel=0.05), "cloud": pytest.approx(1, rel=0.05)}
    block = reliability(network, {"test": ({"edge": true * scores, "cloud": scores}, labels)}, found)
    assert block["edge"]["scaled"]["temperature"] == found["edge"]
    assert block["edge"]["scaled"]["ece"]["test"] < 0.02
    if true != 1:
        assert block["edge"]["ece"]["test"] > 0.05


def test_of_ada_ddnn_the_surest_devices_answers_are_fitted() -> None:
    exits, scores = made_up(2, n=2000)
    labels = np.random.default_rng(2).integers(0, 3, 2000)  # as `made_up` drew them
    network = network_of("ada-ddnn")
    found = fitted_temperatures(network, scores, labels)
    assert set(found) == {"device", "edge", "cloud", "vote", "mean"}

    def loss(t: float) -> float:
        return negative_log_likelihood(exit_scores(network, scores, {"device": t})["edge-1"], labels)

    assert all(loss(found["device"]) <= loss(found["device"] * other) for other in (0.5, 0.9, 1.1, 2))
    assert exits.forced_accuracies["cloud"] > 0.9


def test_likelihood_by_hand() -> None:
    scores = np.stack([log_of(0.5, 0.5), log_of(0.25, 0.75)])
    assert negative_log_likelihood(scores, np.array([0, 1])) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)


def test_the_diagram_shows_every_exit_and_every_bin_that_has_samples() -> None:
    """Filled and hollow marks stand at the confidence and accuracy of the bins, plain and scaled."""
    _, scores = made_up(3)
    labels = np.random.default_rng(3).integers(0, 3, 400)
    block = reliability(network_of("ada-ddnn"), {"test": (scores, labels)}, {"device": 0.5, "edge": 0.8, "cloud": 1.0})
    figure = draw_reliability("made up", block)
    diagrams = figure.axes[:3]
    assert [ax.get_title(loc="left") for ax in diagrams] == ["edge-1", "edge-2", "cloud"]
    for ax, entry in zip(diagrams, block.values(), strict=True):
        drawn = {(float(x), float(y)) for line in ax.lines if len(line.get_xdata()) == 1 for x, y in line.get_xydata()}
        for found in (entry["bins"]["test"], entry["scaled"]["bins"]["test"]):
            pairs = zip(found["confidence"], found["accuracy"], strict=True)
            assert {(100 * c, 100 * a) for c, a in pairs if c is not None} <= drawn
        assert f"ECE {100 * entry['ece']['test']:.1f} %" in ax.texts[0].get_text()
