"""Captures that come in bursts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from simnet.language.quantities import Model, RateOrZero, Time
from simnet.workloads.processes import BLOCK, collect, sums, walk
from simnet.workloads.spec import Demand, Draws, Times


class Phase(Model):
    """A state of a Markov-modulated Poisson process."""

    rate: RateOrZero
    """Mean rate of captures in this state."""
    stay: Annotated[Time, Field(gt=0)]
    """How long it lasts on average (exponential)."""


class Bursty(Demand):
    """Markov-modulated Poisson process (MMPP): its `mmpp` states follow one another in turn, from the first on."""

    mmpp: Annotated[tuple[Phase, ...], Field(min_length=2)]
    """The states, which follow one another in turn."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not any(phase.rate for phase in self.mmpp):
            raise ValueError("one of the rates must be more than 0")
        return self

    @property
    def captures_per_second(self) -> float:
        """Over all states, by the time that is spent in them."""
        return sum(phase.rate * phase.stay for phase in self.mmpp) / sum(phase.stay for phase in self.mmpp)

    @property
    def mean_stay(self) -> float:
        """Mean of a stay."""
        return sum(phase.stay for phase in self.mmpp) / len(self.mmpp)

    def arrivals(self, draws: Draws, count: int | None, duration: float | None) -> Times:
        """Markov-modulated Poisson process (Fischer & Meier-Hellstern 1993), its states in turn and from the first on.

        Arrivals of a process of rate 1 are laid on the integral of the rate over time, which grows by rate · stay in
        each stay; they come from a stream other than the stays.
        """
        draw, rates = draws(), np.array([phase.rate for phase in self.mmpp])
        stays = _Stays(draws("states"), np.array([phase.stay for phase in self.mmpp]), rates)
        if duration is None:
            assert count is not None  # the schema demands one of the two
            units = np.cumsum(draw.exponential(1.0, count))
            ends, expected = stays.until(lambda end, mass: mass >= units[-1])
        else:
            ends, expected = stays.until(lambda end, mass: end >= duration)
            most = np.interp(duration, np.concatenate([[0.0], ends]), np.concatenate([[0.0], expected]))
            units = collect(walk(draw, 1.0), lambda last, _: last > most)
            units = units[units <= most]
        stay = np.searchsorted(expected, units)  # the first that ends with at least so many: its rate is not 0
        began, before = (np.concatenate([[0.0], values[:-1]])[stay] for values in (ends, expected))
        times: Times = began + (units - before) / rates[stay % len(rates)]
        return np.minimum(times, ends[stay])  # rounding must not overtake the next stay's


class _Stays:
    """The stays of a modulating chain: when each ends, and how many arrivals are expected until then."""

    def __init__(self, draw: np.random.Generator, means: Times, rates: Times) -> None:
        self._draw, self._means, self._rates = draw, means, rates

    def until(self, enough: Callable[[float, float], bool]) -> tuple[Times, Times]:
        """Ends in s and expected arrivals of as many stays as make `enough(last end, arrivals until then)` true."""
        ends, expected, rounds = np.zeros(1), np.zeros(1), BLOCK
        while not enough(float(ends[-1]), float(expected[-1])):
            lengths = self._draw.exponential(self._means, (rounds, len(self._means)))
            ends = np.concatenate([ends, sums(ends[-1], lengths.ravel())])
            expected = np.concatenate([expected, sums(expected[-1], (lengths * self._rates).ravel())])
            rounds *= 2  # so that copying what there is stays cheap
        return ends[1:], expected[1:]
