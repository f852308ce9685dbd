"""Computing times that vary from call to call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log1p, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from simnet.network.work import Work
from simnet.streams import keyed

if TYPE_CHECKING:
    from simnet.network.nodes.service import ServiceTime
    from simnet.network.nodes.spec import Jitter

LEAST = 2.0**-54
"""Half of the least step between draws: in place of 0, whose normal quantile is no number."""


class Draws:
    """A number from (0, 1) for every call of a node, by sample and how many calls of this sample it had.

    So it does not depend on what else the node does. A batch takes that of its first call (our choice).
    """

    def __init__(self, seed: int, node: str) -> None:
        self._keyed = keyed(seed, f"computing/{node}")
        self._numbers: dict[int, int] = {}

    def next(self, samples: Sequence[int]) -> float:
        """The number of a call of these samples, which is counted."""
        for sample in samples:
            self._numbers[sample] = self._numbers.get(sample, -1) + 1
        return max(self._keyed.uniform(samples[0], self._numbers[samples[0]]), LEAST)


def varied(times: ServiceTime, jitter: Jitter, draws: Draws) -> Callable[[Work, Sequence[int]], float]:
    """What a call takes that would take `times.seconds`: measured quantiles, or log-normal with that as its mean."""

    def measured(work: Work, samples: Sequence[int]) -> float:
        return times.seconds(work, len(samples), draws.next(samples))

    def drawn(work: Work, samples: Sequence[int]) -> float:
        mean = times.seconds(work, len(samples))
        draw = draws.next(samples)
        cv = jitter.cv if jitter.sd is None else jitter.sd / mean if mean > 0 else 0.0
        return mean * log_normal(draw, cv or 0.0)

    return measured if jitter.measured else drawn


def log_normal(draw: float, cv: float) -> float:
    """The quantile `draw` of a log-normal variable with mean 1 and this coefficient of variation."""
    variance = log1p(cv * cv)
    return exp(sqrt(variance) * NormalDist().inv_cdf(draw) - variance / 2)
