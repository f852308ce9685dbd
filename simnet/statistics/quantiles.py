"""The interval of the difference of two series' quantiles, by the bootstrap of batches.

Batch means do not serve: a quantile is no mean, and that of a short batch is biased. So the batches themselves are
drawn anew, with replacement, `DRAWS` times (E. Carlstein, The use of subseries values for estimating the variance of a
general statistic from a stationary sequence, Annals of Statistics 14 (1986)); of pairs, the same ones of both series.
The distances from the estimate to the percentiles of what is drawn are widened for few batches and for what correlation
is left between neighbours, as in `simnet.statistics.batches`, but not beyond what was drawn at most (our choice).
`docs/validation.md` says how often such intervals hold.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from simnet.statistics.batches import BATCHES, LEAST, TOO_SHORT, Floats, Interval, independent, means_of, none
from simnet.statistics.student import LEVEL, t_quantile

DRAWS = 400
"""Of which the 2.5 % at either end are 10 (our choice)."""


def of_quantiles(first: Floats, second: Floats, share: float, paired: bool, level: float = LEVEL) -> Interval:
    """Interval of the difference first − second of the values below which `share` of each series lies.

    Args:
        first: A series, in its order, of `LEAST` values at least.
        second: Another one; if `paired`, of the same units in the same order.
        share: Which quantile, in (0, 1).
        paired: Whether what is common to both, such as a rush hour, is drawn for both.
        level: Of the interval.
    """
    if min(len(first), len(second)) < LEAST:
        return none(f"fewer than {LEAST} samples")
    estimate = float(np.quantile(first, share) - np.quantile(second, share))
    once = np.ones((1, BATCHES))
    below = [_below(values, share) for values in (first, second)]
    moved = below[0] - below[1] if paired else None
    drawn, widened = [], []
    for number, values in enumerate((first, second)):
        if (batches := independent(below[number] if moved is None else moved)) is None:
            return none(TOO_SHORT)
        t, z = t_quantile(level, round(batches) - 1), NormalDist().inv_cdf((1 + level) / 2)
        widening = t / z * sqrt(BATCHES / batches * BATCHES / (BATCHES - 1))
        off = _quantiles(values, share, _weights(0 if paired else number)) - _quantiles(values, share, once)
        drawn.append(off)
        widened.append(widening * off)
    apart = drawn[0] - drawn[1]
    ends = np.quantile(widened[0] - widened[1], ((1 - level) / 2, (1 + level) / 2))
    low, high = (float(end) for end in np.clip(ends, min(apart.min(), 0.0), max(apart.max(), 0.0)))
    return Interval(estimate + min(low, 0.0), estimate + max(high, 0.0))


def _below(values: Floats, share: float) -> Floats:
    """The part of each batch that lies at or below the quantile."""
    return means_of((values <= np.quantile(values, share)).astype(float))


def _weights(series: int) -> NDArray[np.float64]:
    """How often each batch is drawn, a row for each draw; the same every time."""
    random = np.random.Generator(np.random.Philox(key=series))
    return random.multinomial(BATCHES, np.full(BATCHES, 1 / BATCHES), DRAWS).astype(float)


def _quantiles(values: Floats, share: float, weights: NDArray[np.float64]) -> Floats:
    """The quantile of the values, each as often as its batch counts; the order statistic itself, one for each row."""
    order = np.argsort(values, kind="stable")
    lengths = [len(part) for part in np.array_split(values, BATCHES)]
    batch = np.repeat(np.arange(BATCHES), lengths)[order]
    found = np.empty(len(weights))
    for number, row in enumerate(weights):  # one at a time: all together would fill the memory
        counted = np.cumsum(row[batch])
        found[number] = values[order[np.searchsorted(counted, share * counted[-1])]]
    return found
