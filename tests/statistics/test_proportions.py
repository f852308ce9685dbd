"""Intervals of proportions and of their paired differences: by hand, and as published."""

from __future__ import annotations

from math import comb, sqrt

import numpy as np
import pytest

from simnet.statistics.proportions import Pairs, mcnemar, newcombe, wilson


def test_wilson_by_hand():
    """8 of 10 with z² = 3.8415: (9.9207 ± √(3.8415 · (1.6 + 0.9604))) / 13.8415, that is 0.7167 ± 0.2266."""
    low, high = wilson(8, 10)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=5e-5)
    middle, half = (8 + 3.8415 / 2) / 13.8415, sqrt(3.8415 * (1.6 + 3.8415 / 4)) / 13.8415
    assert (low, high) == pytest.approx((middle - half, middle + half), abs=1e-4)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_newcombe_published_it(count: int, n: int, low: float, high: float):
    """Statistics in Medicine 17, 857 (1998), table I, method 3."""
    assert wilson(count, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_covers():
    """95 % intervals hold the true proportion in about 95 % of 4,000 draws."""
    hits = np.random.default_rng(1).binomial(300, 0.87, 4_000)
    held = np.mean([low <= 0.87 <= high for low, high in (wilson(int(h), 300) for h in hits)])
    assert 0.935 < held < 0.97


def test_wilson_at_the_ends_is_exact_and_mirrored():
    assert wilson(0, 0) == (0.0, 1.0), "nothing is known"
    assert wilson(0, 7)[0] == 0.0 and wilson(7, 7)[1] == 1.0
    assert wilson(7, 7)[0] == pytest.approx(1 - wilson(0, 7)[1]) == pytest.approx(7 / (7 + 3.8415), abs=1e-4)


@pytest.mark.parametrize(
    ("pairs", "low", "high"),
    [
        (Pairs(36, 12, 2, 0), 0.0569, 0.3404),
        (Pairs(18, 12, 2, 18), 0.0562, 0.3290),
        (Pairs(53, 0, 0, 1), -0.0729, 0.0729),
        (Pairs(0, 30, 0, 0), 0.8395, 1.0),
    ],
)
def test_newcombe_as_published(pairs: Pairs, low: float, high: float):
    """Statistics in Medicine 17, 2635 (1998), method 10; the third has no pair that differs, and yet a width."""
    assert newcombe(pairs) == pytest.approx((low, high), abs=5e-5)


def test_newcombe_of_pairs_that_oppose():
    """Negative correlation is not corrected; the interval of second − first is the mirror image."""
    low, high = newcombe(Pairs(2, 20, 10, 1))
    assert newcombe(Pairs(2, 10, 20, 1)) == pytest.approx((-high, -low))
    assert low < 10 / 33 < high


def test_mcnemar_by_hand():
    """5 against none: 2 · (1/2)⁵ = 1/16. 8 against 2: 2 · (1 + 10 + 45) / 1024 = 7/64. None at all: no evidence."""
    assert mcnemar(5, 0) == mcnemar(0, 5) == pytest.approx(1 / 16)
    assert mcnemar(8, 2) == pytest.approx(7 / 64)
    assert mcnemar(0, 0) == mcnemar(3, 3) == 1.0


@pytest.mark.parametrize(("first", "second"), [(40, 60), (1, 500), (900, 1100), (30_000, 30_900)])
def test_mcnemar_of_many_is_the_sum_of_whole_numbers(first: int, second: int):
    n, term, total = first + second, 1, 0
    for k in range(min(first, second) + 1):
        total += term
        term = term * (n - k) // (k + 1)
    assert mcnemar(first, second) == pytest.approx(2 * total / 2**n, rel=1e-8)
    assert term == comb(n, min(first, second) + 1)
