"""Failures at random: an alternating renewal process of times to failure and times to repair."""

from __future__ import annotations

from math import exp, lgamma

import numpy as np

from simnet.network.faults.spec import Fault


class Renewal:
    """One process: up for a Weibull time of mean `mtbf` s, then down for an exponential one of mean `mttr` s.

    The Weibull scale is mtbf / Γ(1 + 1/shape); with shape 1 the time to failure is exponential, above 1 parts wear
    out, below 1 they fail early (Weibull 1951; for the process Barlow and Proschan 1965). The clock of the next
    failure starts when the repair ends, whatever else holds the target down: the times depend on the stream only.
    """

    def __init__(self, random: np.random.Generator, fault: Fault) -> None:
        assert fault.mtbf is not None and fault.mttr is not None
        self._random, self._shape, self._mttr = random, fault.shape, fault.mttr
        self._scale = fault.mtbf * exp(-lgamma(1 + 1 / fault.shape))

    def time_to_failure(self) -> float:
        """The next draw, in seconds."""
        return float(self._scale * self._random.weibull(self._shape))

    def time_to_repair(self) -> float:
        """The next draw, in seconds."""
        return float(self._random.exponential(self._mttr))
