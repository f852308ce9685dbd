"""A way on which messages are timed, so that whoever sends knows how quick it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simnet.clock import Lost, Signal, seconds, ticks
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
        self._left = 0
        """When the last message of which the end is known had left, by the clock."""

    def send(self, size: int, sample: int) -> Steps:
        """Send a message, and measure it; raises Lost when it does not arrive."""
        asked, done = self._env.now, Signal(self._env)
        self.messages += 1
        self._route.send(sample, size, done.fire, done.lose, "message lost")
        try:
            yield done
        except Lost:  # where it ended: it kept the next one waiting as one that arrives
            self._left = max(self._left, self._env.now - ticks(self.delay))
            raise
        left = self._env.now - ticks(self.delay)
        began, self._left = max(asked, self._left), left
        self.bandwidth.measure(size + self.header, seconds(left - began))
        self._heard()
