"""Captures at the times of a trace."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from simnet.language.checks import Checks, Raw
from simnet.language.errors import Path
from simnet.language.quantities import Time
from simnet.language.traces import LONG, Traces
from simnet.language.units import format_time
from simnet.workloads.spec import Demand, DemandKeys, Draws, Times


class RecordedEntry(DemandKeys):
    """A workload from a trace: a file's name, a list of times, or CSV as text."""

    trace: Any
    """Times of captures: a file's name, a list, or CSV as text."""
    repeat: Annotated[Time, Field(gt=0)] | None = None
    """After so long the trace begins anew."""


class Recorded(Demand):
    """Captures at the times of a trace, in s, ascending; with `repeat` (s, later than the last) again and again."""

    times: Annotated[tuple[Time, ...], Field(min_length=1)]
    """When samples are captured."""
    repeat: Annotated[Time, Field(gt=0)] | None = None
    """After so long the times begin anew."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if any(later < earlier for earlier, later in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("times must ascend")
        if self.repeat is not None and self.repeat <= self.times[-1]:
            raise ValueError("repeat must be later than the last time")
        return self

    def arrivals(self, draws: Draws, count: int | None, duration: float | None) -> Times:
        """The trace's times, once or again and again."""
        times = np.array(self.times)
        if self.repeat is None:
            return times
        rounds = ceil((duration or 0.0) / self.repeat) if count is None else ceil(count / len(times))
        again: Times = np.repeat(np.arange(rounds) * self.repeat, len(times)) + np.tile(times, rounds)
        return again

    @classmethod
    def file_keys(cls) -> list[str]:
        """See `Demand.file_keys`."""
        return list(RecordedEntry.model_fields)

    @classmethod
    def read(cls, checks: Checks, traces: Traces, raw: Raw, path: Path) -> Self | None:
        """See `Demand.read`: the file names a trace instead of the times."""
        entry = checks.check(RecordedEntry, raw, path)
        times = traces.captures(raw["trace"], (*path, "trace")) if "trace" in raw else None
        if entry is None or times is None:
            return None
        if entry.repeat is not None and entry.repeat <= times[-1]:
            repeat, last = format_time(entry.repeat), format_time(times[-1])
            checks.wrong((*path, "repeat"), f"repeat ({repeat}) must be later than the last time ({last})")
            return None
        given = {key: getattr(entry, key) for key in RecordedEntry.model_fields if key != "trace"}
        return cls(times=times, **given)

    def written(self) -> Raw:
        """See `Demand.written`."""
        repeat = {} if self.repeat is None else {"repeat": format_time(self.repeat)}
        if len(self.times) > LONG:
            return {"trace": "\n".join(["time_s", *map(repr, self.times)]), **repeat}
        return {"trace": [format_time(time) for time in self.times], **repeat}
