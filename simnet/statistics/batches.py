"""Means over a series whose values are not independent, such as the latencies of samples that queue one after another.

Taken as independent they give intervals that are many times too narrow. So the series is cut into `BATCHES` parts of
equal length, whose means are nearly independent (batch means; B. Schmeiser, Batch size effects in the analysis of
simulation output, Operations Research 30 (1982): 10 to 30 of them are enough). Two of their faults are mended as in
A. Tafazzoli, N. M. Steiger and J. R. Wilson, N-Skart, IEEE Transactions on Automatic Control 56 (2011):

* what correlation is left between neighbours widens the interval as in an autoregressive series of order 1; its
  estimate of so few values is too small by (1 + 4r)/k, which is added (F. H. C. Marriott and J. A. Pope, Bias in the
  estimation of autocorrelations, Biometrika 41 (1954)), and Student's t counts so many fewer batches (our choice);
* skewness (most batches quiet, few of them rush hours) bends it (R. Willink, A confidence interval and test for the
  mean of an asymmetric distribution, Communications in Statistics 34 (2005)).

`docs/validation.md` says how often such intervals hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cbrt, inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.statistics.proportions import Pairs, newcombe, wilson
from simnet.statistics.student import LEVEL, t_quantile

BATCHES = 20
LEAST = 2 * BATCHES
"""Values of which there is an interval."""
TOO_CLOSE = 0.75
"""Correlation of neighbouring batches above which a series is shorter than what happens in it (our choice)."""
MOST = 0.6
"""Correlation that is counted at most: 4 times the variance, 5 independent batches of 20 (our choice)."""

TOO_SHORT = "the run is too short: what happens in it lasts longer than a twentieth of it; repeat it (--repeats)"

ROUNDING = 1e-12
"""Share of a value by which means of equal values may differ: what is always the same must not look correlated."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A confidence interval, in the unit of what it is of; without one `reason` says why."""

    low: float | None
    high: float | None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"low": self.low, "high": self.high, "reason": self.reason}


@dataclass(frozen=True)
class Spread:
    """How a mean over a series may err: its standard error, degrees of freedom, and skewness of the batches."""

    error: float
    freedom: int
    skewness: float


def none(reason: str) -> Interval:
    """No interval."""
    return Interval(None, None, reason)


def of_mean(values: Floats, level: float = LEVEL, least: float = -inf) -> Interval:
    """Interval of the mean of a series, in its order; see the module. No mean can be below `least`."""
    spread = _spread(values)
    if isinstance(spread, str):
        return none(spread)
    mean, t = float(values.mean()), t_quantile(level, spread.freedom)
    beta = spread.skewness / (6 * sqrt(BATCHES))
    return Interval(max(least, mean - _bent(t, beta) * spread.error), mean - _bent(-t, beta) * spread.error)


def of_share(hits: NDArray[np.bool_], different: int | None = None, level: float = LEVEL) -> Interval:
    """Interval of the share of true values in a series, in its order, as `no_narrower` than Wilson's.

    `different` says how many of the values tell something new; None: all.
    """
    if not len(hits):
        return none("no samples")
    n = len(hits) if different is None else different
    return no_narrower(wilson(int(hits.sum()) * n / len(hits), n, level), hits.astype(float), (0.0, 1.0), level)


def of_shares(
    hits: NDArray[np.bool_], others: NDArray[np.bool_], different: int | None = None, level: float = LEVEL
) -> Interval:
    """Interval of the difference hits − others of the shares of true values among the same units, in their order, as
    `no_narrower` than Newcombe's.

    `different` says how many of the units tell something new; None: all.
    """
    if not len(hits):
        return none("no samples")
    counts = (hits & others).sum(), (hits & ~others).sum(), (others & ~hits).sum(), (~hits & ~others).sum()
    n = len(hits) if different is None else different
    limits = newcombe(Pairs(*(int(count) * n / len(hits) for count in counts)), level)
    return no_narrower(limits, hits.astype(float) - others, (-1.0, 1.0), level)


def no_narrower(
    independent: tuple[float, float], values: Floats, bounds: tuple[float, float], level: float = LEVEL
) -> Interval:
    """The interval of a series' mean within `bounds`, to either side at least as wide as that of independent values.

    The latter knows that what has not happened yet may happen; batch means see what comes in blocks (our choice). Below
    `LEAST` values it is the latter alone.
    """
    if len(values) < LEAST:
        return Interval(*independent)
    found = of_mean(values, level)
    if found.low is None or found.high is None:
        return found
    return Interval(max(bounds[0], min(independent[0], found.low)), min(bounds[1], max(independent[1], found.high)))


def means_of(values: Floats) -> Floats:
    """Means of `BATCHES` parts of a series, in its order; their lengths differ by one at most."""
    return np.array([part.mean() for part in np.array_split(values, BATCHES)])


def correlation(values: Floats) -> float:
    """Between each value of a series and the next; 0 where all are the same."""
    off = values - values.mean()
    square = float(off @ off)
    return float(off[1:] @ off[:-1]) / square if square > 0 else 0.0


def _spread(values: Floats) -> Spread | str:
    """Of the mean of a series; a text says why it cannot be told."""
    if len(values) < LEAST:
        return f"fewer than {LEAST} samples"
    means, k = means_of(values), BATCHES
    off = means - means.mean()
    variance = float(off @ off) / k
    if sqrt(variance) <= ROUNDING * float(np.abs(values).max()):
        return Spread(0.0, k - 1, 0.0)
    if (count := independent(means)) is None:
        return TOO_SHORT
    skewness = float((off**3).mean()) / variance**1.5 * sqrt(k * (k - 1)) / (k - 2)
    return Spread(sqrt(k / count * variance / (k - 1)), round(count) - 1, skewness)


def independent(means: Floats) -> float | None:
    """How many independent batches tell as much as these means, which are correlated; None: it cannot be told."""
    r = correlation(means)
    if r > TOO_CLOSE:
        return None
    r = min(max(r + (1 + 4 * r) / len(means), 0.0), MOST)
    return len(means) * (1 - r) / (1 + r)


def _bent(t: float, beta: float) -> float:
    """Willink's G: a quantile of Student's t for a mean whose values are skewed."""
    return t if abs(beta) < 1e-6 else (cbrt(1 + 6 * beta * (t - beta)) - 1) / (2 * beta)
