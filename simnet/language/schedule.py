"""Values that change at given times, and how a file says them."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, PlainSerializer, model_validator

from simnet.language.quantities import Model, Time
from simnet.language.units import RATE, format_bandwidth, format_time

LONG = 200
"""Rows beyond which a trace is written as CSV in one text, which YAML writes and reads five times faster than lists."""


class Steps(Model):
    """A value that changes at given times: `values[i]` holds from `times[i]` s on; the first time is 0.

    With `repeat` (s, not before the last time) it begins anew after that time; else the last value stays.
    """

    times: tuple[Time, ...]
    """From when on each value holds; the first is 0."""
    values: tuple[float, ...]
    """The values."""
    repeat: Annotated[Time, Field(gt=0)] | None = None
    """After so long it begins anew."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.times or len(self.times) != len(self.values):
            raise ValueError("needs as many times as values, and one at least")
        if self.times[0] != 0:
            raise ValueError("must begin at time 0")
        if any(later <= earlier for earlier, later in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("times must ascend")
        if self.repeat is not None and self.repeat <= self.times[-1]:
            raise ValueError("repeat must be later than the last time")
        return self

    @property
    def changes(self) -> bool:
        """Whether there is more than one value."""
        return len(self.times) > 1


def _load(steps: Steps) -> Any:
    if not steps.changes and steps.repeat is None:
        return steps.values[0]
    return _written(steps, "time_s,load", list(steps.values))


def _bandwidth(steps: Steps) -> Any:
    return _written(steps, "time_s,bandwidth_B/s", [format_bandwidth(value) for value in steps.values])


def _rate(steps: Steps) -> Any:
    return _written(steps, "time_s,rate_/s", [RATE.format(value) for value in steps.values])


def _written(steps: Steps, heading: str, values: list[Any]) -> dict[str, Any]:
    if len(steps.times) > LONG:
        pairs = zip(steps.times, steps.values, strict=True)
        rows: Any = "\n".join([heading, *(f"{time!r},{value!r}" for time, value in pairs)])
    else:
        rows = [[format_time(time), value] for time, value in zip(steps.times, values, strict=True)]
    return {"steps": rows} if steps.repeat is None else {"steps": rows, "repeat": format_time(steps.repeat)}


Load = Annotated[Steps, PlainSerializer(_load, when_used="json")]
"""A share of a node's speed over time; in a file one that stays is a number."""
BandwidthTrace = Annotated[Steps, PlainSerializer(_bandwidth, when_used="json")]
"""Bytes/s over time."""
RateTrace = Annotated[Steps, PlainSerializer(_rate, when_used="json")]
"""Captures per second over time."""
