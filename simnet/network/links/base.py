"""Links: what carries messages from one node to the next; here, what all kinds have in common and the plain link."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from simpy import Environment

from simnet.language.names import LINK_ARROW
from simnet.network.line import Callback, FifoLine, Receiver, Span
from simnet.network.links.spec import Link as LinkSpec


class Carrier(ABC):
    """One direction of a link, of whatever kind. Every message that is sent while it is up leaves exactly one span."""

    up = True

    def __init__(self, spec: LinkSpec) -> None:
        self.place = f"{spec.source}{LINK_ARROW}{spec.target}"
        """Its name in the spans: `camera1→edge`."""
        self.base_bandwidth = spec.bandwidth
        """Bytes/s without faults: from the scenario, or what its trace says now."""
        self.on_change: list[Callable[[], None]] = []
        """Called when it has gone down (before anything on it is lost) or up."""
        self._bandwidth = spec.bandwidth
        """Bytes/s now."""
        self._imposed: float | None = None
        """What a fault has set it to."""

    @abstractmethod
    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes plus headers: `done(token)` on arrival, else `lost(token)`, at once if the link is down."""

    @abstractmethod
    def stretch(self, factor: float) -> None:
        """Make what still has to be transmitted take `factor` times as long: the bandwidth has changed."""

    @abstractmethod
    def lose(self, unserved_only: bool = False) -> None:
        """Lose all messages, or those not yet fully transmitted (what already travels then arrives)."""

    @abstractmethod
    def close(self) -> None:
        """Record what is still on the link at the end of a run as `unfinished`."""

    def set_state(self, up: bool, bandwidth: float | None = None, loss: float | None = None) -> None:
        """What the active faults say together: up or down, bytes/s (None: the link's own) and further losses.

        Going down loses every message in flight.

        Raises:
            ValueError: a probability of loss for a link of a kind that loses no packets.
        """
        self._set_loss(loss)
        self._imposed = bandwidth
        self._adapt()
        if up != self.up:
            self.up = up
            for tell in self.on_change:
                tell()
            if not up:
                self.lose()

    def set_base(self, bandwidth: float) -> None:
        """Change the link's own bandwidth (bytes/s), which holds whenever no fault has set another."""
        self.base_bandwidth = bandwidth
        self._adapt()

    def _adapt(self) -> None:
        bandwidth = self.base_bandwidth if self._imposed is None else self._imposed
        if bandwidth != self._bandwidth:
            factor, self._bandwidth = self._bandwidth / bandwidth, bandwidth
            self.stretch(factor)

    def _set_loss(self, loss: float | None) -> None:
        if loss is not None:
            raise ValueError(f"{self.place} is of a kind that loses no packets")


class Link(FifoLine, Carrier):
    """The plain link: messages are transmitted one after another, then propagate for `latency` seconds."""

    def __init__(self, env: Environment, record: Callable[[Span], None], spec: LinkSpec, target: Receiver) -> None:
        Carrier.__init__(self, spec)
        FifoLine.__init__(self, env, record, self.place, "transfer", 1, spec.latency, target)
        self._header = spec.header

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes plus the header; `lost` is called at once when the link is down."""
        if self.up:
            size += self._header
            self.submit(sample, size / self._bandwidth, size, done, lost, token)
        else:
            lost(token)
