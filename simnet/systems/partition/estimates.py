"""What a device knows of its surroundings: how quick the link has been, and how often samples have come."""

from __future__ import annotations

from collections import deque

MESSAGES = 10
"""That the estimate of the bandwidth goes back over [I]."""
WINDOW = 10.0
"""Seconds over which arrivals are counted [I]."""


class Bandwidth:
    """Exponentially weighted mean of bytes over transfer time, which begins with `first` bytes/s.

    A span of `MESSAGES`: the last one counts 2/(`MESSAGES` + 1).
    """

    def __init__(self, first: float) -> None:
        self.estimate = first

    def measure(self, size: float, seconds: float) -> None:
        """A message of `size` bytes took so long; one that took no time tells nothing."""
        if size > 0 and seconds > 0:
            self.estimate += 2 / (MESSAGES + 1) * (size / seconds - self.estimate)


class Rate:
    """Samples per s, over the last `WINDOW` or since the start; `least` s are needed to tell."""

    def __init__(self, least: float) -> None:
        self._least = least
        self._times: deque[float] = deque()

    def arrived(self, now: float) -> None:
        """A sample is there, at so many seconds from the start."""
        self._times.append(now)

    def at(self, now: float) -> float:
        """Mean rate up to `now`."""
        while self._times and self._times[0] <= now - WINDOW:
            self._times.popleft()
        return len(self._times) / max(min(WINDOW, now), self._least)
