"""Confidence intervals over independent replications."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, variance

from simnet.statistics.student import t_interval, t_quantile

LEVEL = 0.999
"""Of every interval. About 20 are compared, so by Bonferroni a flawless simulator fails one of them in 2 % of seeds."""


def interval(values: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Mean of independent replications, and the half width of its t-interval."""
    return t_interval(values, level)


def difference(first: Sequence[float], second: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Difference of the means of two independent sets of replications, and its half width (Welch 1947)."""
    errors = [variance(values) / len(values) for values in (first, second)]
    freedom = sum(errors) ** 2 / sum(
        error**2 / (len(values) - 1) for error, values in zip(errors, (first, second), strict=True)
    )
    return fmean(first) - fmean(second), t_quantile(level, int(freedom)) * sqrt(sum(errors))
