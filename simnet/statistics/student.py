"""Student's t, without SciPy: its distribution, quantiles, and the interval of a mean of independent values."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin, sqrt, tan
from statistics import fmean, variance

LEVEL = 0.95
"""Of an interval, unless told otherwise: of all in the results."""


def t_inside(angle: float, df: int) -> float:
    """P(|t| ≤ tan(angle)·√df) of Student's t with `df` degrees of freedom.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 (odd) and 26.7.4 (even).
    """
    across, up = cos(angle), sin(angle)
    odd = df % 2
    term, total = (across, 0.0) if odd else (1.0, 0.0)
    for power in range(2 + odd, df + 1, 2):
        total += term
        term *= across * across * (power - 1) / power
    if not odd:
        return up * total
    return 2 / pi * (angle + up * total)


def t_quantile(level: float, df: int) -> float:
    """t such that P(|t| ≤ t) = level: 2.262 for 95 % and 9 degrees of freedom."""
    low, high = 0.0, pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_inside(middle, df) < level else (low, middle)
    return tan(low) * sqrt(df)


def t_interval(values: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Mean of two or more independent values, and the half width of its t-interval (Student 1908)."""
    half = t_quantile(level, len(values) - 1) * sqrt(variance(values) / len(values))
    return fmean(values), half


def welch_interval(first: Sequence[float], second: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Difference of the means of two sets of independent values, two or more each, and its half width (Welch 1947)."""
    errors = [variance(values) / len(values) for values in (first, second)]
    freedom = sum(errors) ** 2 / sum(
        error**2 / (len(values) - 1) for error, values in zip(errors, (first, second), strict=True)
    )
    return fmean(first) - fmean(second), t_quantile(level, int(freedom)) * sqrt(sum(errors))
