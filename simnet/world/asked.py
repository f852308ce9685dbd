"""What a system asked its network while it ran, and when."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import nan
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simnet.clock import Clock
from simnet.inference.answers import Answer, Answers
from simnet.network.numbered import Names
from simnet.network.spool import Spool
from simnet.times import floats, whole_numbers

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

HELD = 1 << 16
"""Questions of one exit or segment in memory, 28 bytes each; more go to a temporary file."""


class Questions:
    """What was asked of one exit or segment, as columns.

    Attributes:
        upstreams: What had arrived, by its number: masks may be larger than numpy's numbers.
    """

    def __init__(self) -> None:
        self.upstreams = Names()
        self._spool, self._groups, self._spooled = Spool(), list[int](), 0
        self._late: dict[int, int] = {}
        """Times that 64 bits do not hold."""
        self._begin()

    def _begin(self) -> None:
        self._sample, self._upstream, self._prediction = array("i"), array("i"), array("i")
        self._measure, self._at = array("d"), array("q")

    def add(self, sample: int, upstream: int, at: int, answer: Answer = (-1, nan)) -> None:
        """One more, at a time by the clock."""
        self._sample.append(sample)
        self._upstream.append(self.upstreams[upstream])
        self._prediction.append(answer[0])
        self._measure.append(answer[1])
        try:
            self._at.append(at)
        except OverflowError:
            self._late[self._spooled + len(self._at)] = at
            self._at.append(0)
        if len(self._at) == HELD:
            self._groups.append(self._spool.put(self._columns()))
            self._spooled += HELD
            self._begin()

    def last(self, count: int) -> tuple[Numbers, NDArray[np.int32], Floats, NDArray[np.int32], Floats]:
        """Of each of `count` samples the last question: who was asked, number in `upstreams` (−1 without one) and time
        in s (not a number) of all, and the answers of those who were asked."""
        upstream, prediction = np.full(count, -1, np.int32), np.empty(count, np.int32)
        at, measure = np.full(count, nan), np.empty(count)
        begin = 0
        for sample, arrived, predicted, measured, times in self._parts():
            if self._late:
                late = {number - begin: time for number, time in self._late.items()}
                times = whole_numbers([late.get(number, time) for number, time in enumerate(times.tolist())])
            begin += len(sample)
            upstream[sample], at[sample] = arrived, floats(times)  # of several, numpy keeps the last
            prediction[sample], measure[sample] = predicted, measured
        those = np.flatnonzero(upstream >= 0)
        return those, upstream, at, prediction[those], measure[those]

    def _parts(self) -> Iterator[list[NDArray[np.generic]]]:
        yield from map(self._spool.get, self._groups)
        yield self._columns()

    def _columns(self) -> list[NDArray[np.generic]]:
        numbers = [np.frombuffer(one, np.int32) for one in (self._sample, self._upstream, self._prediction)]
        return [*numbers, np.frombuffer(self._measure, np.float64), np.frombuffer(self._at, np.int64)]


class Teller(Protocol):
    """Who answers while a system plays: `Answers`, or nodes that have really run the network."""

    def get(self, exit_name: str, sample: int, upstream: int) -> Answer:
        """See `Answers.get`."""

    def opinions(self, segment: str, sample: int, upstream: int) -> Mapping[int, NDArray[np.float32]]:
        """See `Answers.opinions`."""


class Asked:
    """Answers as ever, and hears who was asked for what; `clock` is set before the first question.

    Where an exit is asked several times of one sample, the last time counts. `teller` answers, if it is not `answers`.
    """

    def __init__(self, answers: Answers, teller: Teller | None = None) -> None:
        self.answers = answers
        self._teller = answers if teller is None else teller
        self.clock: Clock
        self.exits: dict[str, Questions] = defaultdict(Questions)
        """By exit."""
        self.segments: dict[str, Questions] = defaultdict(Questions)
        """By segment whose copies were asked for their opinions."""

    def get(self, exit_name: str, sample: int, upstream: int) -> Answer:
        """See `Answers.get`."""
        answer = self._teller.get(exit_name, sample, upstream)
        self.exits[exit_name].add(sample, upstream, self.clock._now, answer)
        return answer

    def opinions(self, segment: str, sample: int, upstream: int) -> Mapping[int, NDArray[np.float32]]:
        """See `Answers.opinions`."""
        found = self._teller.opinions(segment, sample, upstream)
        self.segments[segment].add(sample, upstream, self.clock.now)
        return found
