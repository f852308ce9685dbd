"""One capture after another."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from simnet.language import units
from simnet.language.quantities import Time
from simnet.times import seconds, ticks, ticks_of
from simnet.workloads.spec import Demand, Draws, Times


class Periodic(Demand):
    """One sample every `every` s, each shifted by up to `jitter` s (0 ≤ jitter < every)."""

    every: Annotated[Time, Field(gt=0)]
    """Time between two samples."""
    jitter: Time = 0.0
    """Each is up to so much later; less than `every`."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.jitter >= self.every:
            every, jitter = units.format_time(self.every), units.format_time(self.jitter)
            raise ValueError(f"jitter ({jitter}) must be smaller than every ({every})")
        return self

    @property
    def captures_per_second(self) -> float:
        """One in `every` s."""
        return 1 / self.every

    def arrivals(self, draws: Draws, count: int | None, duration: float | None) -> Times:
        """The n-th at n · every + U(0, jitter)."""
        return np.array([seconds(time) for time in self.captures(draws, count, duration)])

    def captures(self, draws: Draws, count: int | None, duration: float | None) -> list[int]:
        """See `Demand.captures`: whole multiples of `every` as it was written."""
        every = ticks(self.every)
        number = -(-ticks(duration or 0.0) // every) if count is None else count
        shifts = ticks_of(draws().uniform(0.0, self.jitter, number)) if self.jitter else [0] * number
        return [n * every + shift for n, shift in enumerate(shifts)]
