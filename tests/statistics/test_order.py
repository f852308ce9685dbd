"""Limits of a quantile by order statistics, against binomial probabilities worked out in whole numbers."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from simnet.statistics.order import order_limits


@pytest.mark.parametrize(
    ("n", "share", "expected"),
    [
        (5, 0.5, (None, None)),  # all 5 on one side: 1/32 > 2.5 %
        (6, 0.5, (0, 5)),  # 1/64
        (10, 0.5, (1, 8)),  # (1 + 10)/1024 = 1.1 %, with 45 more 5.5 %
        (71, 0.95, (62, None)),  # 0.95^71 = 2.62 %
        (72, 0.95, (63, 71)),  # 0.95^72 = 2.49 %
        (0, 0.5, (None, None)),
    ],
)
def test_limits_by_hand(n: int, share: float, expected: tuple[int | None, int | None]) -> None:
    assert order_limits(n, share) == expected


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("n", [7, 40, 150])
def test_limits_are_the_tightest_that_hold(n: int, share: float) -> None:
    """The quantile is below value i (from 0) with the probability that at most i values lie below it."""
    p, tail = Fraction(share), Fraction(25, 1000)
    at_most = [sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(i + 1)) for i in range(n)]
    low, high = order_limits(n, share)
    held = [i for i in range(n) if at_most[i] <= tail]
    assert low == (held[-1] if held else None)
    above = [i for i in range(n) if 1 - at_most[i] <= tail]
    assert high == (above[0] if above else None)
