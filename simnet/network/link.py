"""Links: what carries messages from one node to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simpy import Environment

from simnet.network.line import Callback, FifoLine, Span
from simnet.network.node import Node
from simnet.scenario.names import LINK_ARROW
from simnet.scenario.schema import Link as LinkSpec


class Link(FifoLine):
    """One direction of a link: messages are transmitted one after another, then propagate for `latency` seconds."""

    def __init__(self, env: Environment, record: Callable[[Span], None], spec: LinkSpec, target: Node) -> None:
        super().__init__(env, record, f"{spec.source}{LINK_ARROW}{spec.target}", "transfer", 1, spec.latency, target)
        self._bandwidth, self._header = spec.bandwidth, spec.header

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes plus the header; `lost` is called at once when the link is down."""
        if self.up:
            size += self._header
            self.submit(sample, size / self._bandwidth, size, done, lost, token)
        else:
            lost(token)

    def set_state(self, up: bool, bandwidth: float) -> None:
        """Go up or down, change the bandwidth (bytes/s); going down loses every message in flight."""
        if bandwidth != self._bandwidth:
            self.stretch(self._bandwidth / bandwidth)
            self._bandwidth = bandwidth
        if self.up and not up:
            self.up = False
            self.lose()
        self.up = up
