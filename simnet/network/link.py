"""Links: what carries messages from one node to the next. Here are what all kinds can do, and the plain FIFO link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from simpy import Environment

from simnet.network.line import Callback, FifoLine, Receiver, Span
from simnet.scenario.names import LINK_ARROW
from simnet.scenario.schema import Link as LinkSpec


class Carrier(Protocol):
    """One direction of a link, of whatever kind. Every message that is sent while it is up leaves exactly one span."""

    place: str
    """Its name in the spans: `camera1→edge`."""
    up: bool
    base_bandwidth: float
    """Bytes/s without faults: from the scenario, or what its trace says now."""

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes plus headers: `done(token)` on arrival, else `lost(token)`, at once if the link is down."""

    def set_state(self, up: bool, bandwidth: float | None = None, loss: float | None = None) -> None:
        """What the active faults say together: up or down, bytes/s and probability of loss (None: the link's own).

        Going down loses every message in flight.
        """

    def set_base(self, bandwidth: float) -> None:
        """Change `base_bandwidth`; felt at once, or when the bandwidth that a fault has set ends."""

    def lose(self, unserved_only: bool = False) -> None:
        """Lose all messages, or those not yet fully transmitted (what already travels then arrives)."""

    def close(self) -> None:
        """Record what is still on the link at the end of a run as `unfinished`."""


class Link(FifoLine):
    """One direction of a link: messages are transmitted one after another, then propagate for `latency` seconds."""

    def __init__(self, env: Environment, record: Callable[[Span], None], spec: LinkSpec, target: Receiver) -> None:
        super().__init__(env, record, f"{spec.source}{LINK_ARROW}{spec.target}", "transfer", 1, spec.latency, target)
        self._bandwidth, self._header = spec.bandwidth, spec.header
        self.base_bandwidth = spec.bandwidth
        self._imposed: float | None = None

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes plus the header; `lost` is called at once when the link is down."""
        if self.up:
            size += self._header
            self.submit(sample, size / self._bandwidth, size, done, lost, token)
        else:
            lost(token)

    def set_state(self, up: bool, bandwidth: float | None = None, loss: float | None = None) -> None:
        """Go up or down, change the bandwidth (bytes/s; None: the link's own); going down loses all in flight.

        Raises:
            ValueError: a probability of loss: links that lose packets are of another kind.
        """
        if loss is not None:
            raise ValueError(f"{self.place} is a plain link: it cannot lose packets")
        self._imposed = bandwidth
        self._adapt()
        if self.up and not up:
            self.up = False
            self.lose()
        self.up = up

    def set_base(self, bandwidth: float) -> None:
        """Change the link's own bandwidth (bytes/s), which holds whenever no fault has set another."""
        self.base_bandwidth = bandwidth
        self._adapt()

    def _adapt(self) -> None:
        bandwidth = self.base_bandwidth if self._imposed is None else self._imposed
        if bandwidth != self._bandwidth:
            self.stretch(self._bandwidth / bandwidth)
            self._bandwidth = bandwidth
