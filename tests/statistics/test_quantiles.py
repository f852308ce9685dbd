"""Intervals of differences: of two values with intervals, and of two series' quantiles."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest

from simnet.statistics.batches import LEAST, of_shares
from simnet.statistics.differences import Known, joined
from simnet.statistics.proportions import newcombe
from simnet.statistics.quantiles import of_quantiles


def test_limits_of_a_difference_are_the_roots_of_squares() -> None:
    """10 (8 to 13) less 4 (3 to 6): down by √(2² + 2²), up by √(3² + 1²); correlation ½ takes away 2·2 and 3·1."""
    first, second = Known(10, 8, 13), Known(4, 3, 6)
    assert joined(first, second) == pytest.approx((6 - sqrt(8), 6 + sqrt(10)))
    assert joined(first, second, 0.5) == pytest.approx((6 - sqrt(8 - 4), 6 + sqrt(10 - 3)))


def test_shares_of_few_units_have_newcombes_interval() -> None:
    """8 of 10 and 6 of 10, 6 of them in both."""
    hits = np.array([True] * 8 + [False] * 2)
    others = np.array([True] * 6 + [False] * 4)
    found = of_shares(hits, others)
    assert (found.low, found.high) == pytest.approx(newcombe((6, 2, 0, 2)))  # type: ignore[arg-type]
    assert of_shares(hits[:0], others[:0]).reason == "no samples"


def test_what_is_the_same_in_both_does_not_differ() -> None:
    values = np.random.default_rng(1).exponential(size=200)
    found = of_quantiles(values, values, 0.95, paired=True)
    assert (found.low, found.high) == (0.0, 0.0)


def test_a_constant_apart_is_known_of_pairs_and_not_else() -> None:
    values = np.random.default_rng(2).normal(size=200)
    pairs, others = (of_quantiles(values + 5, values, 0.5, paired) for paired in (True, False))
    assert (pairs.low, pairs.high) == pytest.approx((5, 5))
    assert others.low < 5 < others.high and others.high - others.low > 0.1


def test_it_is_the_same_every_time() -> None:
    values = np.random.default_rng(3).normal(size=(2, 100))
    assert of_quantiles(*values, 0.95, paired=True) == of_quantiles(*values, 0.95, paired=True)


def test_no_interval_of_few_values_or_of_a_series_that_drifts() -> None:
    rising = np.arange(100.0)
    assert of_quantiles(rising[: LEAST - 1], rising, 0.5, paired=False).reason == "fewer than 40 samples"
    assert "too short" in str(of_quantiles(rising, np.zeros(100), 0.5, paired=False).reason)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_they_hold_as_often_as_they_say(share: float) -> None:
    """100 pairs of normal series, correlated by 0.8, one of them 1 higher: 95 less four standard errors of a count."""
    random, held = np.random.default_rng(4), 0
    for _ in range(100):
        second = random.normal(size=200)
        first = 1 + 0.8 * second + 0.6 * random.normal(size=200)
        found = of_quantiles(first, second, share, paired=True)
        assert found.low is not None and found.high is not None
        assert found.high - found.low < 8 / sqrt(200) / NormalDist().pdf(NormalDist().inv_cdf(share))
        held += found.low <= 1 <= found.high
    assert held >= 87
