"""A clock that shows real time: what is on it happens when its time has come, and messages of the nodes in between."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from heapq import heappop
from typing import Any

from simpy import Event
from simpy.core import SimTime, StopSimulation

from simnet.clock import PER_SECOND, Clock, Occurrence, Order, seconds

PER_NANOSECOND = PER_SECOND // 10**9
LONGEST_WAIT = 1.0
"""Seconds after which it looks whether anything can still come."""


class LiveClock(Clock):
    """Counts picoseconds of real time from `start` on; all scheduling is that of the simulated clock.

    `now` is when the present call was begun, as for the simulated clock: it moves between calls only. Nothing happens
    before its time; how much later it did is kept in `lateness`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.zero = time.monotonic_ns()
        """`time.monotonic_ns` at the start."""
        self.lateness: list[int] = []
        """Picoseconds by which each of the events was late."""
        self.readers: dict[int, Callable[[], None]] = {}
        """By file descriptor: what to call when something can be read there."""
        self.expects: Callable[[], bool] = lambda: False
        """Whether nodes still have something to say of what they were asked."""

    def start(self) -> None:
        """Now is 0."""
        self.zero, self._now = time.monotonic_ns(), 0

    def at_ns(self, moment: int) -> int:
        """Picoseconds since the start of a `time.monotonic_ns`, of whatever process of this machine."""
        return (moment - self.zero) * PER_NANOSECOND

    def sync(self) -> int:
        """Set `now` to what it is."""
        self._now = max(self._now, self.at_ns(time.monotonic_ns()))
        return self._now

    def step(self) -> None:
        """Let the next event happen, whose time has come."""
        due, _, _, event = heappop(self._queue)
        self.lateness.append(self.sync() - int(due))
        callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
        for callback in callbacks:
            callback(event)

    def run(self, until: SimTime | Event | None = None) -> Any:
        """Play until a time (in picoseconds) or an event."""
        over = until if isinstance(until, Event) else Occurrence(self, int(until or 0), Order.END, [])
        assert over.callbacks is not None
        over.callbacks.append(StopSimulation.callback)
        try:
            while True:
                self._listen()
                while self._queue and self._queue[0][0] <= self.at_ns(time.monotonic_ns()):
                    self.step()
                    self._listen(0.0)
        except StopSimulation as end:
            return end.args[0]

    def _listen(self, most: float = LONGEST_WAIT) -> None:
        """Hear what the nodes say until the next event is due. Raises RuntimeError when nothing can come any more."""
        if not self._queue and not self.expects():
            raise RuntimeError("nothing is left on the clock, and no node has been asked for anything")
        wait = most
        if self._queue:
            wait = max(0.0, min(most, seconds(int(self._queue[0][0]) - self.at_ns(time.monotonic_ns()))))
        self.poll(wait)

    def poll(self, wait: float) -> None:
        """Hear what the nodes say now or within `wait` seconds."""
        for descriptor in select.select(list(self.readers), (), (), wait)[0]:
            if (hear := self.readers.get(descriptor)) is not None:
                self.sync()
                hear()
