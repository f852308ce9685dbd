"""The interval of a difference, made of the intervals of the two values.

Source: G. Y. Zou and A. Donner, Construction of confidence limits about effect measures: a general approach, Statistics
in Medicine 27 (2008): the squares of the distances from each value to its limit are added, less what the correlation of
the two takes away. Of two proportions it is Newcombe's method 10.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple


class Known(NamedTuple):
    """A value and the limits of its interval."""

    value: float
    low: float
    high: float


def joined(first: Known, second: Known, correlation: float = 0.0) -> tuple[float, float]:
    """Interval of first − second, whose estimates are so correlated; 0 of independent ones."""

    def distance(one: float, other: float) -> float:
        return sqrt(max(one * one - 2 * correlation * one * other + other * other, 0.0))

    apart = first.value - second.value
    return (
        apart - distance(first.value - first.low, second.high - second.value),
        apart + distance(first.high - first.value, second.value - second.low),
    )
