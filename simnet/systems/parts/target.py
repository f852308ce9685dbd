"""Thresholds that follow the load: looser while answers take longer than is wanted, as given otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from simnet.clock import seconds, ticks
from simnet.language.quantities import Model, Time

if TYPE_CHECKING:
    from simnet.clock import Clock


class LatencyTarget(Model):
    """A mean latency that is held at the cost of accuracy."""

    mean: Annotated[Time, Field(gt=0)]
    """Wanted mean of the latencies of answers."""
    every: Annotated[Time, Field(gt=0)] = 1.0
    """Time after which the thresholds are set anew, by the answers since."""
    gain: Annotated[float, Field(gt=0, le=0.3, strict=True)] = 0.3
    """κ: how strongly they follow."""


def in_short(value: object) -> object:
    """The mean alone may stand for the whole."""
    return {"mean": value} if isinstance(value, str | int | float) and not isinstance(value, bool) else value


class Pressure:
    """A factor f ≥ 1 on all thresholds: after each period f ← f · exp(κ · (mean − target) / target) [I].

    The form is that of a budget rule online. The error is taken as ±1 at most, so that one late answer moves
    little; f stays between 1 (never stricter than the thresholds given) and where the least threshold above 0 becomes 1
    (all leave). A period ends with the first answer after it; without an answer there is none.
    """

    def __init__(self, env: Clock, spec: LatencyTarget, thresholds: Iterable[float]) -> None:
        self._env, self._spec = env, spec
        self.factor = 1.0
        self._most = max(1.0, 1.0 / min((one for one in thresholds if one > 0), default=1.0))
        self._period = ticks(spec.every)
        self._ends = self._period
        self._sum, self._count = 0, 0
        self._periods = self._above = 0

    def answered(self, latency: int) -> None:
        """An answer is there, `latency` picoseconds after its capture."""
        self._sum += latency
        self._count += 1
        if self._env.now < self._ends:
            return
        error = seconds(self._sum) / self._count / self._spec.mean - 1
        step = exp(self._spec.gain * max(-1.0, min(1.0, error)))
        self.factor = min(self._most, max(1.0, self.factor * step))
        self._periods += 1
        self._above += error > 0
        self._sum = self._count = 0
        self._ends = self._env.now + self._period

    def report(self) -> Mapping[str, Any]:
        """Periods, and how many of them had a mean above the target."""
        return {"periods": self._periods, "above": self._above}
