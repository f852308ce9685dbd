"""The resolved scenario's workloads: when samples are captured, of which class they are, when they must be answered."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from simnet.language import units
from simnet.language.quantities import Model, Rate, RateOrZero, Share, Time


class SampleClass(Model):
    """`share` of the samples: `priority` (higher goes first where a queue heeds it), `deadline` in s after capture."""

    share: Annotated[Share, Field(gt=0)]
    priority: Annotated[int, Field(strict=True)] = 0
    deadline: Annotated[Time, Field(gt=0)] | None = None


class Demand(Model):
    """What all workloads have: `deadline` in s (of samples whose class has none), `classes` whose shares sum to 1.

    `skew`: each camera is up to so many s late, a fixed time drawn for each (0: cameras are synchronous).
    """

    deadline: Annotated[Time, Field(gt=0)] | None = None
    classes: dict[str, SampleClass] = Field(default_factory=dict)
    skew: Time = 0.0

    @model_validator(mode="after")
    def _shares(self) -> Self:
        whole = sum(one.share for one in self.classes.values())
        if self.classes and abs(whole - 1) > 1e-9:
            raise ValueError(f"the shares of the classes must sum to 1 (100 %), found {100 * whole:.6g} %")
        return self


class Periodic(Demand):
    """One sample every `every` s, each shifted by up to `jitter` s (0 ≤ jitter < every)."""

    every: Annotated[Time, Field(gt=0)]
    jitter: Time = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.jitter >= self.every:
            every, jitter = units.format_time(self.every), units.format_time(self.jitter)
            raise ValueError(f"jitter ({jitter}) must be smaller than every ({every})")
        return self


class Poisson(Demand):
    """Arrivals of a Poisson process, `poisson` samples per second."""

    poisson: Rate


class Phase(Model):
    """A state of a Markov-modulated Poisson process: its rate, and how many s it lasts on average (exponential)."""

    rate: RateOrZero
    stay: Annotated[Time, Field(gt=0)]


class Bursty(Demand):
    """Markov-modulated Poisson process (MMPP): its `mmpp` states follow one another in turn, from the first on."""

    mmpp: Annotated[tuple[Phase, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not any(phase.rate for phase in self.mmpp):
            raise ValueError("one of the rates must be more than 0")
        return self


class Day(Model):
    """Rate mean · (1 + swing · cos(2π (t − peak) / period)) per second."""

    mean: Rate
    swing: Share = 0.5
    period: Annotated[Time, Field(gt=0)] = 86_400.0
    peak: Time = 0.0


class Diurnal(Demand):
    """A Poisson process whose rate follows the time of day."""

    diurnal: Day


class Recorded(Demand):
    """Captures at the times of a trace, in s, ascending; with `repeat` (s, later than the last) again and again."""

    times: Annotated[tuple[Time, ...], Field(min_length=1)]
    repeat: Annotated[Time, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if any(later < earlier for earlier, later in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("times must ascend")
        if self.repeat is not None and self.repeat <= self.times[-1]:
            raise ValueError("repeat must be later than the last time")
        return self


Workload = Periodic | Poisson | Bursty | Diurnal | Recorded
