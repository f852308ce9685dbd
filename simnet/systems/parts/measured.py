"""A way on which messages are timed, so that whoever sends knows how quick it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simnet.clock import Signal, seconds, ticks
from simnet.systems.partition.estimates import Bandwidth
from simnet.systems.parts.attempt import Steps

if TYPE_CHECKING:
    from simnet.clock import Clock
    from simnet.network.routing import Route


class MeasuredWay:
    """A route with an estimate of its bandwidth, which begins with what its links are said to have.

    The sender hears of each arrival at once (our simplification: no acknowledgement is charged). A message's transfer
    begins when the one before has left, and takes what is left without propagation; over several links that store and
    forward it is the sum of their transmissions. `heard` is called after each measurement.
    """

    def __init__(self, env: Clock, route: Route, heard: Callable[[], None]) -> None:
        self._env, self._route, self._heard = env, route, heard
        links = route.links
        per_byte = [1 / link.bandwidth for link in links]
        self.delay = sum(link.spec.latency for link in links)
        """Seconds of propagation."""
        spread = sum(link.spec.header * one for link, one in zip(links, per_byte, strict=True))
        self.header = spread / sum(per_byte) if per_byte else 0.0
        """Bytes that the links add, as if there were one."""
        self.bandwidth = Bandwidth(1 / sum(per_byte) if per_byte else 1.0)
        self.messages = 0
        """How many have been sent."""
        self._last = [0]
        """When the last message that was sent had left, by the clock; known when its end is."""

    def send(self, size: int, sample: int) -> Steps:
        """Send a message, and measure it; raises Lost when it does not arrive."""
        asked, done = self._env.now, Signal(self._env)
        before, self._last = self._last, [0]
        mine = self._last
        self.messages += 1
        self._route.send(sample, size, done.fire, done.lose, "message lost")
        try:
            yield done
        finally:  # one that is lost keeps the next one waiting, too
            left = self._env.now - ticks(self.delay)
            mine[0] = max(before[0], left)
        began = max(asked, before[0])
        self.bandwidth.measure(size + self.header, seconds(left - began))
        self._heard()
