"""Criteria between stages by hand, thresholds that are searched, shares that are drawn, areas under the curve."""

from __future__ import annotations

import numpy as np
import pytest

from simnet.models.criteria import (
    CRITERIA,
    Stage,
    auc,
    auc_error,
    cheapest,
    leaving_rates,
    left_at,
    measures,
    settings,
    thresholds_of,
    tried,
)


def stage(scores: list[list[float]], aligned: list[list[float]]) -> Stage:
    return Stage(np.array(scores, np.float32), np.array(aligned, np.float32))


def test_the_difference_of_features_is_one_minus_the_cosine() -> None:
    here, before = (
        stage([[0, 0]] * 4, [[3, 4], [1, 0], [1, 0], [0, 0]]),
        stage([[0, 0]] * 4, [[6, 8], [0, 2], [-1, 0], [1, 1]]),
    )
    assert CRITERIA["feature-difference"].measure(here, before) == pytest.approx([0, 1, 2, 1])


def test_the_relative_difference_is_of_the_new_norm() -> None:
    here, before = stage([[0, 0]] * 3, [[3, 4], [1, 0], [0, 0]]), stage([[0, 0]] * 3, [[0, 0], [1, 2], [1, 1]])
    assert CRITERIA["relative-difference"].measure(here, before).tolist() == pytest.approx([1, 2, np.inf])


def test_similarity_is_of_the_predictions() -> None:
    """σ = (3/4, 1/4) against (1/2, 1/2): the cosine is 1 / (2 · √(10)/4 · √2/2) = 2/√5."""
    here, before = stage([[np.log(3), 0]], [[0]]), stage([[0, 0]], [[0]])
    assert CRITERIA["similarity"].measure(here, before) == pytest.approx([1 - 2 / np.sqrt(5)], abs=1e-6)


def test_entropy_is_of_this_stage_alone() -> None:
    here, before = stage([[0, 0], [100, 0]], [[0]] * 2), stage([[5, 0]] * 2, [[0]] * 2)
    assert CRITERIA["entropy"].measure(here, before) == pytest.approx([1, 0], abs=1e-6)


def test_the_first_stage_has_no_predecessor_and_the_last_is_not_measured() -> None:
    stages = [stage([[0, 0]], [[1, number]]) for number in range(4)]
    found = measures(CRITERIA["feature-difference"], stages)
    assert found.shape == (3, 1) and found[0, 0] == np.inf
    assert found[1, 0] == pytest.approx(1 - 1 / np.sqrt(2))


def test_a_sample_leaves_where_it_is_below_strictly() -> None:
    found = np.array([[np.inf] * 4, [0.1, 0.2, 0.3, 0.1], [0.5, 0.1, 0.6, 0.0]])
    assert left_at(found, (9.0, 0.2, 0.6)).tolist() == [1, 2, 3, 1]


FOUND = np.array([[np.inf] * 10, np.linspace(0, 0.9, 10), np.linspace(0.9, 0, 10)])
RIGHT = np.array([[False] * 10, [True] * 5 + [False] * 5, [True] * 9 + [False], [True] * 10])


def test_what_thresholds_do_by_hand() -> None:
    """Four leave after stage 2, of the others the three with least measure after stage 3: one of them is wrong."""
    one = tried(FOUND, RIGHT, [1, 2, 3, 4], (0.0, 0.4, 0.25))
    assert one.shares == (0.0, 0.4, 0.3, 0.3)
    assert one.cost == pytest.approx(0.4 * 2 + 0.3 * 3 + 0.3 * 4) and one.accuracy == pytest.approx(0.9)


def test_the_cheapest_thresholds_within_a_point_of_the_last_exit() -> None:
    """Without a loss five can leave after stage 2; of the others none after stage 3, where the surest is wrong."""
    best = cheapest(FOUND, RIGHT, [1, 2, 3, 4])
    assert best.accuracy == 1 and best.shares[0] == 0 and best.shares[1] == 0.5
    brute = [
        one for one in (tried(FOUND, RIGHT, [1, 2, 3, 4], each) for each in settings(FOUND)) if one.accuracy >= 0.99
    ]
    assert best.cost == min(one.cost for one in brute) == 3.0
    assert len(settings(FOUND)) == 21 * 21


def test_where_nothing_is_within_it_nobody_leaves() -> None:
    wrong_early = np.array([[False] * 10, [False] * 10, [False] * 10, [True] * 10])
    best = cheapest(FOUND, wrong_early, [1, 2, 3, 4])
    assert best.shares == (0.0, 0.0, 0.0, 1.0) and best.cost == 4


def test_rates_of_leaving_give_the_shares() -> None:
    assert leaving_rates((0.0, 0.25, 0.25, 0.5)) == pytest.approx((0, 0.25, 1 / 3))
    assert leaving_rates((0.0, 1.0, 0.0, 0.0)) == pytest.approx((0, 1, 0))


def test_area_under_the_curve_by_hand() -> None:
    """Right: 1, 2, 4; wrong: 2, 5. Pairs in which the right one is lower: 5 of 6, and a tie."""
    measure, right = np.array([1.0, 2.0, 4.0, 2.0, 5.0]), np.array([True, True, True, False, False])
    assert auc(measure, right) == pytest.approx((3 + 1 + 0.5) / 6)
    assert auc(-measure, right) == pytest.approx(1.5 / 6)
    assert np.isnan(auc(measure, np.ones(5, bool)))
    # Hanley and McNeil: A = 0.75, Q1 = 0.6, Q2 = 9/14.
    expected = np.sqrt((0.1875 + 1 * (0.6 - 0.5625) + 2 * (1.125 / 1.75 - 0.5625)) / 6)
    assert auc_error(0.75, 3, 2) == pytest.approx(expected)


@pytest.mark.parametrize("card", [{}, {"policies": 3}, {"policies": {"entropy": {}}}, {"policies": {"entropy": 2}}])
def test_a_card_that_says_nothing_of_a_policy(card: dict[str, object]) -> None:
    assert thresholds_of(card, "entropy") == {}


def test_what_a_card_says_of_a_policy() -> None:
    card = {"policies": {"entropy": {"thresholds": {"exit-1": 0, "exit-2": 0.5, "exit-3": "high"}}}}
    assert thresholds_of(card, "entropy") == {"exit-1": 0.0, "exit-2": 0.5}
