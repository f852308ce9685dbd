"""Arrival processes: the times at which one site captures samples, for every kind of workload.

Each takes either a `count` of arrivals or a `duration` in s, and draws in the order of time: fewer of them, or a
shorter time, give the first of the same arrivals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil

import numpy as np
from numpy.typing import NDArray

from simnet.streams import stream
from simnet.workloads.spec import Bursty, Diurnal, Periodic, Poisson, Recorded, Workload

Times = NDArray[np.float64]
BLOCK = 1024
"""How many draws are made at a time where it is not known how many will be needed."""


def arrival_times(workload: Workload, seed: int, name: str, count: int | None, duration: float | None) -> Times:
    """Arrival times in s, ascending: the first `count`, or all before `duration` (one of the two is None).

    `name` is that of the random stream; what else a process draws has streams of its own, below that name. A trace
    that is not repeated may have fewer arrivals than `count`.
    """
    draw = stream(seed, name)
    if isinstance(workload, Periodic):
        times = _periodic(workload, draw, count, duration)
    elif isinstance(workload, Poisson):
        times = _poisson(workload, draw, count, duration)
    elif isinstance(workload, Bursty):
        times = _bursty(workload, draw, stream(seed, f"{name}/states"), count, duration)
    elif isinstance(workload, Diurnal):
        times = _diurnal(workload, draw, stream(seed, f"{name}/thinning"), count, duration)
    else:
        times = _recorded(workload, count, duration)
    return times[:count] if duration is None else times[times < duration]


def _periodic(workload: Periodic, draw: np.random.Generator, count: int | None, duration: float | None) -> Times:
    """The n-th at n · every + U(0, jitter)."""
    number = ceil((duration or 0.0) / workload.every) if count is None else count
    return np.arange(number) * workload.every + draw.uniform(0.0, workload.jitter, number)


def _poisson(workload: Poisson, draw: np.random.Generator, count: int | None, duration: float | None) -> Times:
    """Exponential times between arrivals."""
    if duration is None:
        assert count is not None  # the schema demands one of the two
        return np.cumsum(draw.exponential(1 / workload.poisson, count))
    blocks, last = [np.empty(0)], 0.0
    while last < duration:
        blocks.append(last + np.cumsum(draw.exponential(1 / workload.poisson, BLOCK)))
        last = float(blocks[-1][-1])
    return np.concatenate(blocks)


def _bursty(
    workload: Bursty,
    draw: np.random.Generator,
    states: np.random.Generator,
    count: int | None,
    duration: float | None,
) -> Times:
    """Markov-modulated Poisson process (Fischer & Meier-Hellstern 1993), its states in turn and from the first on.

    Arrivals of a process of rate 1 are laid on the integral of the rate over time, which grows by rate · stay in each
    stay; they come from a stream other than the stays.
    """
    rates = np.array([phase.rate for phase in workload.mmpp])
    stays = _Stays(states, np.array([phase.stay for phase in workload.mmpp]), rates)
    if duration is None:
        assert count is not None  # the schema demands one of the two
        units = np.cumsum(draw.exponential(1.0, count))
        ends, expected = stays.until(lambda end, mass: mass >= units[-1])
    else:
        ends, expected = stays.until(lambda end, mass: end >= duration)
        most = np.interp(duration, np.concatenate([[0.0], ends]), np.concatenate([[0.0], expected]))
        units = _collect(_walk(draw, 1.0), lambda last, _: last > most)
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
            ends = np.concatenate([ends, _sums(ends[-1], lengths.ravel())])
            expected = np.concatenate([expected, _sums(expected[-1], (lengths * self._rates).ravel())])
            rounds *= 2  # so that copying what there is stays cheap
        return ends[1:], expected[1:]


def _diurnal(
    workload: Diurnal,
    draw: np.random.Generator,
    keep: np.random.Generator,
    count: int | None,
    duration: float | None,
) -> Times:
    """Thinning (Lewis & Shedler 1979): of a Poisson process with the peak rate each arrival stays with rate / peak."""
    day = workload.diurnal

    def kept() -> Iterator[Times]:
        for times in _walk(draw, 1 / (day.mean * (1 + day.swing))):
            wave = 1 + day.swing * np.cos(2 * np.pi * (times - day.peak) / day.period)
            stays = keep.random(BLOCK) * (1 + day.swing) < wave
            yield times[stays]

    if duration is None:
        return _collect(kept(), lambda last, found: found >= (count or 0))
    return _collect(kept(), lambda last, found: last >= duration)


def _recorded(workload: Recorded, count: int | None, duration: float | None) -> Times:
    """The trace's times, once or again and again."""
    times = np.array(workload.times)
    if workload.repeat is None:
        return times
    rounds = ceil((duration or 0.0) / workload.repeat) if count is None else ceil(count / len(times))
    again: Times = np.repeat(np.arange(rounds) * workload.repeat, len(times)) + np.tile(times, rounds)
    return again


def _walk(draw: np.random.Generator, mean: float) -> Iterator[Times]:
    """Arrival times of a Poisson process, block by block, without end."""
    last = 0.0
    while True:
        times = _sums(last, draw.exponential(mean, BLOCK))
        last = float(times[-1])
        yield times


def _sums(start: float, steps: Times) -> Times:
    """`start` plus the first step, the first two, …: added up as in one long block, to the last bit."""
    return np.cumsum(np.concatenate([[start], steps]))[1:]


def _collect(blocks: Iterator[Times], enough: Callable[[float, int], bool]) -> Times:
    """Blocks of arrivals until `enough(last of them, how many)`; blocks may be empty."""
    found, last, number = [np.empty(0)], 0.0, 0
    while not enough(last, number):
        found.append(next(blocks))
        number += len(found[-1])
        last = float(found[-1][-1]) if len(found[-1]) else last
    return np.concatenate(found)
