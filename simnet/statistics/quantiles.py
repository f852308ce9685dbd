"""Intervals of quantiles of a series that is correlated, and of the difference of two.

A quantile's interval is that of the share of values up to it, carried back to the values (R. S. Woodruff, Confidence
intervals for medians and other position measures, J. Am. Stat. Assoc. 47 (1952)). Here the share's interval is that of
`simnet.statistics.batches.of_share`, which knows of values that come in blocks (our choice).
"""

from __future__ import annotations

import numpy as np

from simnet.statistics.batches import LEAST, Floats, Interval, means_of, none, of_mean
from simnet.statistics.differences import Known, joined
from simnet.statistics.proportions import wilson
from simnet.statistics.student import LEVEL


def of_quantile(values: Floats, share: float, level: float = LEVEL) -> Interval:
    """Interval of the quantile below which `share` of a series lies; in the values' unit, of `LEAST` or more."""
    if len(values) < LEAST:
        return none(f"fewer than {LEAST} samples")
    below = values <= np.quantile(values, share)
    found = of_mean(below.astype(float), level)
    if found.low is None or found.high is None:
        return found
    alone = wilson(share * len(values), len(values), level)
    half = max(found.high - found.low, alone[1] - alone[0]) / 2
    low, high = share - half, share + half
    if low <= 0 or high >= 1:
        return none("too few samples lie beyond it")
    return Interval(float(np.quantile(values, low)), float(np.quantile(values, high)))


def of_quantiles(first: Floats, second: Floats, share: float, paired: bool, level: float = LEVEL) -> Interval:
    """Interval of the difference first − second of two series' quantiles.

    Args:
        first: A series.
        second: Another one; if `paired`, of the same units in the same order.
        share: Which quantile, in (0, 1).
        paired: Whether the correlation between the two, that of the shares up to the quantile in the batches of the
            series, makes the interval narrower; else they are taken as independent.
        level: Of the interval.
    """
    known = []
    for values in (first, second):
        found = of_quantile(values, share, level)
        if found.low is None or found.high is None:
            return found
        known.append(Known(float(np.quantile(values, share)), found.low, found.high))
    return Interval(*joined(known[0], known[1], _together(first, second, share) if paired else 0.0))


def _together(first: Floats, second: Floats, share: float) -> float:
    """Correlation of the batches' shares of values up to the quantile; 0 where one of them is the same in all."""
    one, other = (means_of((values <= np.quantile(values, share)).astype(float)) for values in (first, second))
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
