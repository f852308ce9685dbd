"""What happened in windows of the time of capture: shares, quantiles and means, each with its 95 % interval.

The intervals are those of independent samples: Wilson's of shares, order statistics' of quantiles, Student's of means.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.analysis.stories.record import Floats, Record
from simnet.statistics.order import order_limits
from simnet.statistics.proportions import wilson
from simnet.statistics.student import LEVEL, t_quantile


class Curve(NamedTuple):
    """A value for each window with the limits of its interval; not a number where there is none, `[windows]`.

    An infinite limit: so few samples have none.
    """

    value: Floats
    low: Floats
    high: Floats


class Windows:
    """The samples of a record by the windows between `edges` (s, ascending); others are left out."""

    def __init__(self, record: Record, edges: Floats) -> None:
        self.record, self.edges = record, edges
        self.count = len(edges) - 1
        place = np.searchsorted(edges, record.captured, side="right") - 1
        self.inside = (place >= 0) & (place < self.count)
        self.place: NDArray[np.int64] = place[self.inside]

    @property
    def captured(self) -> NDArray[np.int64]:
        """Samples of each window."""
        return np.bincount(self.place, minlength=self.count)

    def right(self) -> Curve:
        """Share answered rightly of those captured; dropped ones count as wrong."""
        return self._share(self.record.correct)

    def exit(self, name: str) -> Curve:
        """Share of those captured that was answered at an exit."""
        return self._share(np.asarray(self.record.exit == name, bool))

    def latency(self, share: float) -> Curve:
        """The quantile of latency in s of those answered, as an order statistic or between two of them."""

        def of(values: Floats) -> tuple[float, float, float]:
            ordered = np.sort(values[np.isfinite(values)])
            if not len(ordered):
                return (np.nan,) * 3
            low, high = order_limits(len(ordered), share)
            return (
                float(np.quantile(ordered, share)),
                -np.inf if low is None else float(ordered[low]),
                np.inf if high is None else float(ordered[high]),
            )

        return self._each(self.record.latency, of)

    def bytes(self) -> Curve:
        """Mean bytes of the samples captured."""

        def of(values: Floats) -> tuple[float, float, float]:
            if not len(values):
                return (np.nan,) * 3
            mean, n = float(values.mean()), len(values)
            if n < 2:
                return mean, -np.inf, np.inf
            half = t_quantile(LEVEL, n - 1) * float(values.std(ddof=1)) / sqrt(n)
            return mean, mean - half, mean + half

        return self._each(self.record.bytes, of)

    def _share(self, flags: NDArray[np.bool_]) -> Curve:
        n, found = self.captured, np.bincount(self.place, flags[self.inside], minlength=self.count)
        limits = [wilson(c, m) if m else (np.nan, np.nan) for c, m in zip(found.tolist(), n.tolist(), strict=True)]
        low, high = np.array(limits, float).reshape(-1, 2).T
        with np.errstate(invalid="ignore"):
            return Curve(found / np.where(n, n, np.nan), low, high)

    def _each(self, values: Floats, of: Callable[[Floats], tuple[float, float, float]]) -> Curve:
        mine = values[self.inside]
        order = np.argsort(self.place, kind="stable")
        parts = np.split(mine[order], np.cumsum(self.captured)[:-1])
        return Curve(*np.array([of(part) for part in parts], float).reshape(-1, 3).T)
