"""Captures at a rate that changes in steps, as counts of a measured demand give it."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import field_validator

from simnet.language.checks import Checks, Raw
from simnet.language.errors import Path
from simnet.language.schedule import RateTrace, Steps
from simnet.language.traces import InPlaceOf, TraceEntry, Traces
from simnet.workloads.processes import collect, walk
from simnet.workloads.spec import Demand, Draws, Times


class Changing(Demand):
    """A Poisson process whose rate changes at given times, and may be 0 between them."""

    rate: Annotated[RateTrace, InPlaceOf(TraceEntry)]
    """A Poisson process whose rate changes at given times: a file, its name or what to read of it, or pairs."""

    @field_validator("rate")
    @classmethod
    def _some(cls, rate: Steps) -> Steps:
        if min(rate.values) < 0 or max(rate.values) == 0:
            raise ValueError("a rate is never below 0, and at some time more")
        return rate

    @classmethod
    def read(cls, checks: Checks, traces: Traces, raw: Raw, path: Path) -> Self | None:
        """With the steps that the trace has."""
        if "rate" not in raw:
            return checks.check(cls, raw, path)
        rate = traces.rate(raw["rate"], (*path, "rate"))
        found = checks.check(cls, {**raw, "rate": Steps(times=(0,), values=(1,)) if rate is None else rate}, path)
        return None if rate is None else found

    def arrivals(self, draws: Draws, count: int | None, duration: float | None) -> Times:
        """Arrivals of a process of rate 1, laid on the integral of the rate over time (inversion; Çinlar 1975).

        If the rate ends at 0 for good, these are all there are, maybe fewer than `count`.
        """
        draw, mass = draws(), _Mass(self.rate)
        if duration is None:
            units: Times = np.cumsum(draw.exponential(1.0, count))
        else:
            most = mass.until(duration)
            units = collect(walk(draw, 1.0), lambda last, _: last > most)
            units = units[units <= most]
        return mass.times(units)


class _Mass:
    """The integral of a rate over time, and its inverse."""

    def __init__(self, rate: Steps) -> None:
        ends = (*rate.times[1:], np.inf if rate.repeat is None else rate.repeat)
        self._begins, self._ends, self._rates = (np.array(each, float) for each in (rate.times, ends, rate.values))
        self._round = rate.repeat
        with np.errstate(invalid="ignore"):  # the last of a rate that does not repeat is 0 for ever
            steps = np.where(self._rates > 0, self._rates * (self._ends - self._begins), 0.0)
        self._after = np.cumsum(steps)
        self._before = np.concatenate([[0.0], self._after[:-1]])

    def until(self, time: float) -> float:
        """How many arrivals are expected before `time` s."""
        rounds, rest = (0.0, time) if self._round is None else divmod(time, self._round)
        step = np.searchsorted(self._begins, rest, side="right") - 1
        within = self._before[step] + self._rates[step] * (rest - self._begins[step])
        return float(within + (rounds * self._after[-1] if rounds else 0.0))

    def times(self, units: Times) -> Times:
        """When the integral reaches each of `units`; without those that it never reaches."""
        rounds: Times = np.zeros(len(units))
        if self._round is None:
            units = units[units < self._after[-1]]
            rounds = rounds[: len(units)]
        else:
            rounds = np.floor(units / self._after[-1])
            units = np.clip(units - rounds * self._after[-1], 0.0, self._after[-1])
        step = np.minimum(np.searchsorted(self._after, units), len(self._rates) - 1)
        step = np.maximum(step, np.argmax(self._rates > 0))  # 0 arrivals are reached before the first that counts
        times = self._begins[step] + (units - self._before[step]) / self._rates[step]
        times = np.minimum(times, self._ends[step])  # rounding must not overtake the next step's
        found: Times = times if self._round is None else rounds * self._round + times
        return found
