"""The rule of leaving: entropy, thresholds, the surest device, calibration; by hand and by brute force."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import exit_scores
from simnet.models.networks import NETWORKS
from simnet.models.networks.ada_ddnn import mean, surest, vote
from simnet.models.networks.base import Network
from simnet.models.rules import RULES, normalized_entropy, probabilities, taken_exit
from simnet.systems import SYSTEMS


def network_of(kind: str, **architecture: Any) -> Network:
    """A small network, asked for its graph, and for what it chooses of scores that come from elsewhere."""
    values = {"view": (8, 8), "classes": 3, **architecture}
    return NETWORKS[kind](NETWORKS[kind].Architecture(**values)).eval()


def surest_of(scores: NDArray[np.float64], present: list[bool] | None = None) -> NDArray[np.float64]:
    """The surest device's scores of `[n, d, classes]`."""
    there = torch.ones(scores.shape[:2], dtype=torch.bool) if present is None else torch.tensor([present] * len(scores))
    return surest(torch.from_numpy(scores), there).numpy()


def scores_of(*probabilities: float) -> NDArray[np.float64]:
    """Scores whose softmax gives these probabilities."""
    with np.errstate(divide="ignore"):
        return np.log(np.array(probabilities))


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_entropy_of_nothing_known_and_everything_known(classes: int) -> None:
    assert normalized_entropy(np.zeros(classes)) == pytest.approx(1, abs=1e-12)
    assert normalized_entropy(1000 * np.eye(classes)).tolist() == [0] * classes


def test_entropy_by_hand() -> None:
    assert normalized_entropy(scores_of(0.25, 0.75)) == pytest.approx(
        (0.25 * math.log(4) + 0.75 * math.log(4 / 3)) / math.log(2)
    )
    assert normalized_entropy(scores_of(0.5, 0.5, 1e-300, 1e-300)) == pytest.approx(0.5)
    assert normalized_entropy(scores_of(0.5, 0.5, 0, 0)) == pytest.approx(0.5)  # 0 log 0 = 0


def measured(rule: str, *scores: NDArray[np.float64], **parameters: Any) -> list[float]:
    """What a rule measures at the last of several exits, of the scores `[n, classes]` of each."""
    made = RULES[rule]()
    made.parameters = parameters
    return made.measure(scores[-1], scores[:-1]).tolist()


def test_measures_by_hand() -> None:
    here = np.stack([scores_of(0.5, 0.3, 0.2), scores_of(0.1, 0.1, 0.8)])
    assert measured("max", here) == pytest.approx([0.5, 0.2])
    assert measured("margin", here) == pytest.approx([0.8, 0.3])


def test_patience_counts_exits_that_agree_without_a_break() -> None:
    a, b = scores_of(0.9, 0.1)[None], scores_of(0.1, 0.9)[None]
    assert measured("patience", a) == [1]
    assert measured("patience", a, a) == [1 / 2] and measured("patience", b, a) == [1]
    assert measured("patience", a, a, a) == [1 / 3] and measured("patience", a, b, a) == [1]
    for patience in (1, 2, 3):  # T = 1 / P lets those leave of whom P exits before agree
        exits = [a] * patience
        assert measured("patience", *exits)[0] >= 1 / patience > measured("patience", *exits, a)[0]


def test_recycling_joins_what_the_exits_said() -> None:
    """Weights 1 and 2 and no bias: q ∝ 0.5·0.8², 0.5·0.2²; the answer is of q, not of the last exit."""
    first, second = scores_of(0.99, 0.01)[None], scores_of(0.4, 0.6)[None]
    joined = RULES["recycling"]()
    joined.parameters = {"weights": [1, 2], "bias": [0, 0]}
    p, q = 0.99 * 0.4**2, 0.01 * 0.6**2
    np.testing.assert_allclose(probabilities(joined.answers(second, [first])), [[p / (p + q), q / (p + q)]])
    entropy = float(normalized_entropy(scores_of(p / (p + q), q / (p + q))))
    assert joined.measure(second, [first]).tolist() == pytest.approx([entropy])


def test_recycling_fits_better_than_the_exit_alone() -> None:
    """Two exits that see the truth through independent noise: both count, and together they are right more often."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 2_000)
    first, second = (3 * (np.eye(3)[labels] + random.normal(0, 0.7, (2_000, 3))) for _ in range(2))
    found = RULES["recycling"].fit(second, [first], labels)
    assert found is not None and min(found["weights"]) > 0.2 and abs(found["weights"][0] - found["weights"][1]) < 0.1
    joined = RULES["recycling"]()
    joined.parameters = found
    right = (joined.answers(second, [first]).argmax(-1) == labels).mean()
    assert right > (second.argmax(-1) == labels).mean() + 0.03


@pytest.mark.parametrize("rule", [name for name in RULES if name != "recycling"])
def test_a_rule_treats_every_sample_alone(rule: str) -> None:
    scores = np.random.default_rng(1).normal(size=(3, 20, 4))
    kind = RULES[rule]()
    together = kind.measure(scores[2], list(scores[:2]))
    alone = [kind.measure(scores[2, n : n + 1], [s[n : n + 1] for s in scores[:2]])[0] for n in range(20)]
    np.testing.assert_array_equal(together, alone)
    grid = kind.grid()
    assert (np.diff(grid) > 0).all() and kind.least == grid[0] and grid[-1] == kind.most
    assert not (together < grid[0]).any()


def joined_of(kind: Any, scores: NDArray[np.float64], present: list[bool]) -> NDArray[np.float64]:
    """Probabilities of the vote or the mean of `[d, classes]`."""
    made = kind(torch.from_numpy(scores)[None], torch.tensor([present]))
    return probabilities(made[0].numpy())


def test_vote_is_the_product_of_those_present() -> None:
    scores = np.stack([scores_of(0.5, 0.3, 0.2), scores_of(0.2, 0.6, 0.2) + 7, scores_of(0.0, 0.0, 1.0)])
    product = np.array([0.5 * 0.2, 0.3 * 0.6, 0.2 * 0.2])
    np.testing.assert_allclose(joined_of(vote, scores, [True, True, False]), product / product.sum())
    np.testing.assert_allclose(joined_of(vote, scores, [True, False, False]), [0.5, 0.3, 0.2])


def test_mean_is_of_the_probabilities_of_those_present() -> None:
    scores = np.stack([scores_of(0.5, 0.3, 0.2), scores_of(0.2, 0.6, 0.2) + 7, scores_of(0.0, 0.0, 1.0)])
    np.testing.assert_allclose(joined_of(mean, scores, [True, True, False]), [0.35, 0.45, 0.2])
    np.testing.assert_allclose(joined_of(mean, scores, [False, True, False]), [0.2, 0.6, 0.2])


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=2, max_size=12))
def test_entropy_lies_in_the_unit_interval(scores: list[float]) -> None:
    for dtype in (np.float32, np.float64):
        assert 0 <= normalized_entropy(np.array(scores, dtype)) <= 1
        assert probabilities(np.array(scores, dtype)).sum() == pytest.approx(1)


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=12), st.floats(-5, 5), st.randoms())
def test_entropy_ignores_order_and_offset(scores: list[float], offset: float, random: object) -> None:
    shuffled = list(scores)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    known = normalized_entropy(np.array(scores))
    assert normalized_entropy(np.array(shuffled) + offset) == pytest.approx(float(known), abs=1e-9)


def test_scores_that_are_not_finite_leave_nowhere() -> None:
    entropy = normalized_entropy(np.array([[math.nan, 0.0], [math.inf, 0.0]]))
    assert np.isnan(entropy).all()
    assert taken_exit([entropy], [1.0], 2).tolist() == [1, 1]


def test_exit_is_strict_and_the_first_one_counts() -> None:
    first, second = np.array([0.2, 0.3, 0.3, 0.9]), np.array([0.0, 0.1, 0.5, 0.9])
    assert taken_exit([first, second], [0.3, 0.5], 4).tolist() == [0, 1, 2, 2]
    assert taken_exit([first, second], [0.0, 0.0], 4).tolist() == [2] * 4  # nothing is below zero
    assert taken_exit([first], [0.95], 4).tolist() == [0] * 4


def test_surest_device_is_the_one_of_minimum_entropy() -> None:
    sure, wide, unsure = scores_of(0.1, 0.8, 0.1), scores_of(0.7, 0.15, 0.15), scores_of(0.3, 0.3, 0.4)
    scores = np.stack([np.stack([unsure, wide, sure]), np.stack([sure, unsure, wide])])
    np.testing.assert_array_equal(surest_of(scores), np.stack([sure, sure]))
    np.testing.assert_array_equal(surest_of(scores, [False, True, True]), np.stack([sure, wide]))


def test_of_equally_sure_devices_the_first_answers() -> None:
    scores = np.stack([scores_of(0.2, 0.8), scores_of(0.8, 0.2), scores_of(0.2, 0.8)])[None]
    np.testing.assert_array_equal(surest_of(scores), scores[:, 0])
    np.testing.assert_array_equal(surest_of(scores, [False, True, True]), scores[:, 1])


@given(st.lists(st.lists(st.floats(-30, 30, width=32), min_size=3, max_size=3), min_size=2, max_size=12), st.data())
def test_the_surest_is_the_one_whose_measured_entropy_is_least(rows: list[list[float]], data: st.DataObject) -> None:
    """The network chooses by what `rules` measures, among those that are there."""
    scores = np.array([rows], np.float32)
    present = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)).filter(any))
    chosen = surest(torch.from_numpy(scores), torch.tensor([present])).numpy()
    entropies = np.where(present, normalized_entropy(scores)[0], np.inf)
    assert normalized_entropy(chosen)[0] == pytest.approx(entropies.min(), abs=1e-9)
    assert any(np.array_equal(chosen[0], scores[0, n]) for n in np.flatnonzero(present))


@pytest.mark.parametrize("name", ["ddnn", "ada-ddnn"])
def test_networks_and_simulated_systems_name_the_same_exits(name: str) -> None:
    assert SYSTEMS[name].exits == tuple(network_of(name).graph.exits)


def test_rules_measure_in_their_range() -> None:
    scores = np.random.default_rng(0).normal(scale=3, size=(100, 4))
    for name in RULES:
        rule = RULES[name]()
        measured = rule.measure(scores, [])
        assert measured.shape == (100,) and (rule.least <= measured).all() and (measured <= rule.most).all()
        assert name == "patience" or rule.grid(0.25).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert RULES["max"]().measure(np.log([[0.7, 0.2, 0.1]]), [])[0] == pytest.approx(0.3)


def test_exits_of_both_systems() -> None:
    given_scores = {
        "device": np.zeros((2, 6, 3)),
        "surest": np.zeros((2, 3)),
        "edge": np.ones((2, 3)),
        "cloud": np.full((2, 3), 2.0),
    }
    ada, ddnn = network_of("ada-ddnn"), network_of("ddnn")
    assert list(exit_scores(ada, given_scores)) == ["edge-1", "edge-2", "cloud"]
    assert list(exit_scores(ddnn, given_scores)) == ["edge", "cloud"]
    np.testing.assert_array_equal(exit_scores(ada, given_scores)["edge-2"], given_scores["edge"])


def test_exits_of_ddnn_2017_with_and_without_an_edge() -> None:
    scores = {name: np.full((2, 3), float(n)) for n, name in enumerate(("cloud", "edge", "local", "edges"))}
    scores["device"] = np.zeros((2, 6, 3))
    one, two = ((0, 1, 2, 3, 4, 5),), ((0, 1, 2), (3, 4, 5))
    for edges, value in ((one, 1), (two, 3)):
        exits = exit_scores(network_of("ddnn-2017", edges=edges), scores)
        assert list(exits) == ["local", "edge", "cloud"] and (exits["edge"] == value).all()
    exits = exit_scores(network_of("ddnn-2017"), scores)
    assert list(exits) == ["local", "cloud"] and (exits["local"] == 2).all()


def test_temperatures_change_entropies_of_the_segment_that_they_name() -> None:
    random = np.random.default_rng(0)
    scores = {"edge": random.normal(size=(5, 3)), "cloud": random.normal(size=(5, 3))}
    exits = exit_scores(network_of("ddnn"), scores, {"edge": 2.0})
    np.testing.assert_array_equal(exits["edge"], scores["edge"] / 2)
    np.testing.assert_array_equal(exits["cloud"], scores["cloud"])
    assert (normalized_entropy(exits["edge"]) > normalized_entropy(scores["edge"])).all()
    measured = Exits(exits, np.zeros(5, int)).measures[0]
    np.testing.assert_array_equal(measured, normalized_entropy(scores["edge"] / 2))


def test_the_surest_device_is_chosen_after_the_temperature() -> None:
    """A clear winner against two equal scores far above a third: heat levels the former's lead first."""
    wide, narrow = np.array([9.0, 9.0, 0.0]), np.array([3.0, 0.0, 0.0])
    device = np.stack([wide, narrow])[None]
    assert normalized_entropy(narrow) < normalized_entropy(wide)
    assert normalized_entropy(narrow / 6) > normalized_entropy(wide / 6)
    scores = {"device": device, "surest": narrow[None], "edge": device[:, 0], "cloud": device[:, 0]}
    network = network_of("ada-ddnn")
    np.testing.assert_array_equal(exit_scores(network, scores)["edge-1"], narrow[None])
    np.testing.assert_array_equal(exit_scores(network, scores, {"device": 6.0})["edge-1"], wide[None] / 6)


def test_outcome_by_hand() -> None:
    scores = {
        "edge": np.stack([scores_of(0.9, 0.1), scores_of(0.9, 0.1), scores_of(0.5, 0.5), scores_of(0.4, 0.6)]),
        "cloud": np.stack([scores_of(0.9, 0.1), scores_of(0.1, 0.9), scores_of(0.1, 0.9), scores_of(0.1, 0.9)]),
    }
    exits = Exits(scores, np.array([0, 1, 1, 0]))
    assert exits.forced_accuracies == {"edge": 0.25, "cloud": 0.75}
    outcome = exits.outcome([0.6])
    assert outcome.shares == (0.5, 0.5)
    assert outcome.exit_accuracies == (0.5, 0.5)
    assert outcome.system_accuracy == 0.5
    nobody = exits.outcome([0.0])
    assert nobody.shares == (0, 1) and nobody.system_accuracy == 0.75 and math.isnan(nobody.exit_accuracies[0])
