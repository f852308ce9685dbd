"""Values that change at given times."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from simnet.language.quantities import Model, Time


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
