"""Captures independent of each other."""

from __future__ import annotations

import numpy as np

from simnet.language.quantities import Rate
from simnet.workloads.processes import BLOCK
from simnet.workloads.spec import Demand, Draws, Times


class Poisson(Demand):
    """Arrivals of a Poisson process, `poisson` samples per second."""

    poisson: Rate
    """Mean rate of a Poisson process."""

    @property
    def captures_per_second(self) -> float:
        """That of the process."""
        return self.poisson

    def arrivals(self, draws: Draws, count: int | None, duration: float | None) -> Times:
        """Exponential times between arrivals."""
        draw = draws()
        if duration is None:
            assert count is not None  # the schema demands one of the two
            return np.cumsum(draw.exponential(1 / self.poisson, count))
        blocks, last = [np.empty(0)], 0.0
        while last < duration:
            blocks.append(last + np.cumsum(draw.exponential(1 / self.poisson, BLOCK)))
            last = float(blocks[-1][-1])
        return np.concatenate(blocks)
