"""Captures by the time of day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from simnet.language.quantities import Model, Rate, Share, Time
from simnet.workloads.processes import BLOCK, collect, walk
from simnet.workloads.spec import Demand, Draws, Times


class Day(Model):
    """Rate mean · (1 + swing · cos(2π (t − peak) / period)) per second."""

    mean: Rate
    """Mean rate over a period."""
    swing: Share = 0.5
    """How much the rate rises and falls about its mean."""
    period: Annotated[Time, Field(gt=0)] = 86_400.0
    """Length of a period."""
    peak: Time = 0.0
    """When the rate is highest."""


class Diurnal(Demand):
    """A Poisson process whose rate follows the time of day."""

    diurnal: Day
    """A Poisson process whose rate follows the time of day."""

    @property
    def captures_per_second(self) -> float:
        """Over a period."""
        return self.diurnal.mean

    def arrivals(self, draws: Draws, count: int | None, duration: float | None) -> Times:
        """Thinning (Lewis & Shedler 1979): of a process with the peak rate each arrival stays with rate / peak."""
        day, draw, keep = self.diurnal, draws(), draws("thinning")

        def kept() -> Iterator[Times]:
            for times in walk(draw, 1 / (day.mean * (1 + day.swing))):
                wave = 1 + day.swing * np.cos(2 * np.pi * (times - day.peak) / day.period)
                stays = keep.random(BLOCK) * (1 + day.swing) < wave
                yield times[stays]

        if duration is None:
            return collect(kept(), lambda last, found: found >= (count or 0))
        return collect(kept(), lambda last, found: last >= duration)
