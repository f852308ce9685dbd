"""Budget: shares proportional to rᵏ with the wanted mean cost, and thresholds that keep it."""

from __future__ import annotations

import numpy as np
import pytest

from simnet.models.evaluation.budget import UnaffordableError, shares_for, within_budget
from simnet.models.rules import taken_exit


def test_shares_by_hand() -> None:
    """Costs 1, 2, 3: r = 1 costs 2; shares 4/7, 2/7, 1/7 (r = 1/2) cost 11/7."""
    assert shares_for([1, 2, 3], 2) == pytest.approx([1 / 3] * 3)
    assert shares_for([1, 2, 3], 11 / 7) == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert shares_for([1, 2, 3], 1).tolist() == pytest.approx([1, 0, 0])
    assert shares_for([1, 2, 3], 5).tolist() == [0, 0, 1]


def test_less_than_the_cheapest_exit_is_one_message() -> None:
    with pytest.raises(UnaffordableError, match=r"a budget of 0.5 is less than the 1 of the cheapest exit"):
        shares_for([1, 2], 0.5)


@pytest.mark.parametrize("budget", [120.0, 150.0, 200.0, 280.0, 300.0])
def test_mean_cost_is_within_the_budget_and_uses_it(budget: float) -> None:
    measures, costs = np.random.default_rng(1).random((3, 1_000)), [100.0, 200.0, 300.0]
    thresholds = within_budget(measures, costs, budget)
    taken = taken_exit(list(measures[:-1]), thresholds, 1_000)
    spent = np.asarray(costs)[taken].mean()
    assert budget - 0.5 <= spent <= budget


def test_of_equal_measures_all_leave_where_one_must() -> None:
    measures = np.array([[0.5, 0.5, 0.5, 0.9], [0.0] * 4])
    (t,) = within_budget(measures, [1, 2], 1.5)
    assert taken_exit([measures[0]], [t], 4).tolist() == [0, 0, 0, 1]
