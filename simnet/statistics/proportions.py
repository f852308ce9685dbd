"""Intervals of proportions, and of the difference of two that were counted on the same units; an exact test of it.

None of them is narrow only because nothing, or everything, was counted: 8 right of 8 is no certainty.
"""

from __future__ import annotations

from math import exp, lgamma, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

from simnet.statistics.differences import Known, joined
from simnet.statistics.student import LEVEL


class Pairs(NamedTuple):
    """How two classifications of the same units agree; numbers of units, which may be fractions (see `wilson`)."""

    both: float
    only_first: float
    only_second: float
    neither: float


def wilson(count: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """The score interval of a proportion: `count` of `n` units; (0, 1) of none.

    An effective number of units, where they are not independent, need not be whole.
    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 22
    (1927).
    """
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    p, z2 = count / n, z * z / n
    middle, half = (p + z2 / 2) / (1 + z2), sqrt(z2) * sqrt(p * (1 - p) + z2 / 4) / (1 + z2)
    # at the ends the sum is exact but for rounding
    return 0.0 if count == 0 else middle - half, 1.0 if count == n else middle + half


def newcombe(pairs: Pairs, level: float = LEVEL) -> tuple[float, float]:
    """Interval of the difference first − second of two proportions of the same units.

    Source: R. G. Newcombe, Improved confidence intervals for the difference between binomial proportions based on
    paired data, Statistics in Medicine 17 (1998), method 10: Wilson's limits, joined with the correlation of the two,
    which is corrected for continuity where it is positive.
    """
    both, only_first, only_second, neither = pairs
    n = sum(pairs)
    first, second = both + only_first, both + only_second
    product = first * (n - first) * second * (n - second)
    excess = both * neither - only_first * only_second
    phi = 0.0 if product == 0 else (excess if excess <= 0 else max(excess - n / 2, 0.0)) / sqrt(product)
    return joined(Known(first / n, *wilson(first, n, level)), Known(second / n, *wilson(second, n, level)), phi)


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p-value of McNemar's test that two proportions of the same units are equal; 1 of no such units.

    Of the units on which the two differ, half fall to either side: 2·P(X ≤ the fewer), X binomial with p = 1/2.
    Source: Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12 (1947).
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    term = exp(lgamma(n + 1) - lgamma(fewer + 1) - lgamma(n - fewer + 1) - n * log(2))
    total = 0.0
    for k in range(fewer, -1, -1):  # downward the terms get smaller
        total += term
        term *= k / (n - k + 1)
        if term < 1e-18 * total:
            break
    return min(1.0, 2 * total)
