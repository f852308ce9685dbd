"""The interval of one quantile of independent values, by order statistics: it holds whatever their distribution."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simnet.statistics.student import LEVEL


@lru_cache(maxsize=4096)
def order_limits(n: int, share: float, level: float = LEVEL) -> tuple[int | None, int | None]:
    """Which of `n` independent values in ascending order, from 0, are the limits of the interval of a quantile.

    Of so few values that none is surely below (or above) the quantile there is no such limit: None. At either end the
    interval misses with a probability of (1 − `level`)/2 at most: the number of values below the quantile is binomial.
    10 values have the second and the ninth around their median (97.9 %).
    Source: H. A. David and H. N. Nagaraja, Order Statistics, 3rd ed. 2003, section 7.1.
    """
    if n < 1:
        return None, None
    k = np.arange(n)
    ratios = np.log((n - k) / (k + 1.0) * share / (1 - share))  # of each probability to the one before
    below = np.cumsum(np.exp(n * np.log1p(-share) + np.concatenate([[0.0], np.cumsum(ratios)])))
    tail = (1 - level) / 2
    low = int(np.searchsorted(below, tail, side="right"))  # so many values at least are below, but for the tail
    high = int(np.searchsorted(below, 1 - tail, side="left"))
    return (low - 1 if low > 0 else None), (high if high < n else None)
