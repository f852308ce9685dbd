"""Samples at the times of a trace."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, PlainSerializer, ValidationInfo, field_validator

from simnet.language.checks import Checks, Raw
from simnet.language.errors import Path
from simnet.language.quantities import Time
from simnet.language.schedule import LONG
from simnet.language.traces import InPlaceOf, TimesEntry, Traces
from simnet.language.units import format_time
from simnet.times import seconds, ticks
from simnet.workloads.spec import Demand, Draws, Times


def _written(times: Sequence[float]) -> Any:
    if len(times) > LONG:
        return "\n".join(["time_s", *map(repr, times)])
    return [format_time(time) for time in times]


class Recorded(Demand):
    """Captures at the times of a trace; with `repeat` again and again."""

    trace: Annotated[
        tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...],
        Field(min_length=1),
        PlainSerializer(_written, when_used="json"),
        InPlaceOf(TimesEntry),
    ]
    """When samples are captured, ascending: a file, its name or what to read of it, a list, or CSV as text."""
    repeat: Annotated[Time, Field(gt=0)] | None = None
    """Time after which the trace begins anew, later than its last."""

    @field_validator("trace")
    @classmethod
    def _ordered(cls, times: tuple[float, ...]) -> tuple[float, ...]:
        if any(later < earlier for earlier, later in pairwise(times)):
            raise ValueError("times must ascend")
        return times

    @field_validator("repeat")
    @classmethod
    def _later(cls, repeat: float | None, info: ValidationInfo) -> float | None:
        times = info.data.get("trace")
        if repeat is not None and times and repeat <= times[-1]:
            said, last = format_time(repeat), format_time(times[-1])
            raise ValueError(f"repeat ({said}) must be later than the last time ({last})")
        return repeat

    @classmethod
    def read(cls, checks: Checks, traces: Traces, raw: Raw, path: Path) -> Self | None:
        """With the times that the trace has."""
        if "trace" not in raw:
            return checks.check(cls, raw, path)
        times = traces.captures(raw["trace"], (*path, "trace"))
        found = checks.check(cls, {**raw, "trace": (0.0,) if times is None else times}, path)
        return None if times is None else found

    @property
    def times(self) -> tuple[float, ...]:
        """When samples are captured, in s."""
        return self.trace

    @property
    def most(self) -> int | None:
        """Those of the trace, unless it repeats."""
        return len(self.times) if self.repeat is None else None

    @property
    def captures_per_second(self) -> float | None:
        """Those of the trace over its length, or over the time after which it begins anew."""
        length = self.trace[-1] if self.repeat is None else self.repeat
        return len(self.trace) / length if length > 0 else None

    def arrivals(self, draws: Draws, count: int | None, duration: float | None) -> Times:
        """The trace's times, once or again and again; fewer than `count` if it is not repeated."""
        return np.array([seconds(time) for time in self.captures(draws, count, duration)])

    def captures(self, draws: Draws, count: int | None, duration: float | None) -> list[int]:
        """See `Demand.captures`."""
        times = [ticks(time) for time in self.trace]
        if self.repeat is None:
            return times
        repeat = ticks(self.repeat)
        rounds = -(-ticks(duration or 0.0) // repeat) if count is None else -(-count // len(times))
        return [turn * repeat + time for turn in range(rounds) for time in times]
