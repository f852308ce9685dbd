"""A transmitter's queue, of one link or of several that share a half-duplex medium, such as a Wi-Fi cell.

One message at a time is on the air, in order of arrival whatever its direction (our choice: an ideal medium access,
with neither collisions nor idle contention slots). How long a message takes is known only when its turn has come,
because its losses depend on the channel at that time; so, unlike a `FifoLine`, a medium keeps a queue and starts one
by one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from simnet.clock import Clock, Occurrence, Order
from simnet.network.line import Callback


@dataclass(slots=True, eq=False)
class Message:
    """A message on a link that uses a medium; times in picoseconds, sizes in bytes."""

    link: Transmitter
    sample: int
    nth: int
    """How-manieth of its sample on its link."""
    size: int
    wire: int
    """On the wire with headers; once it is on the air, with what is sent again."""
    queued: int
    done: Callback
    lost: Callback
    token: Any
    started: int = 0
    begun: int = 0
    """When it would have started if the bandwidth had always been what it is now."""
    served: int = 0
    ends: int = 0
    rounds: int = 1
    whole: bool = True
    event: Occurrence | None = None
    """That of the end of its transmission, then of its arrival."""

    def sent(self, now: int) -> int:
        """Whole bytes that have left by `now`, of a message that is or was on the air."""
        if now >= self.served:
            return self.wire
        return self.wire * (now - self.begun) // (self.served - self.begun)

    def cancel(self) -> None:
        """Let its event pass unnoticed."""
        if self.event is not None:
            self.event.cancel()


class Transmitter(Protocol):
    """A link that uses a medium."""

    def begin(self, message: Message) -> int:
        """The turn of `message` has come: how many picoseconds it will be on the air."""

    def launch(self, message: Message) -> None:
        """`message` has been on the air and travels now."""


class Medium:
    """First in, first out, one message at a time."""

    def __init__(self, env: Clock) -> None:
        self._env = env
        self._waiting: deque[Message] = deque()
        self._on_air: Message | None = None

    def put(self, message: Message) -> None:
        """Transmit `message` when its turn comes: now, if the medium is free."""
        if self._on_air is None:
            self._start(message)
        else:
            self._waiting.append(message)

    def rescale(self, link: Transmitter, factor: float) -> None:
        """The speed of `link` has changed: what it still has on the air takes `factor` times as long."""
        message, now = self._on_air, self._env.now
        if message is not None and message.link is link and message.served > now:
            message.cancel()
            message.begun = now - round((now - message.begun) * factor)
            message.served = now + round((message.served - now) * factor)
            self._await(message)

    def withdraw(self, link: Transmitter) -> list[Message]:
        """Take back, in order, what `link` has on the air and waiting; who is behind that moves up."""
        gone, message = [], self._on_air
        if message is not None and message.link is link:
            message.cancel()
            gone, self._on_air = [message], None
        gone += [message for message in self._waiting if message.link is link]
        self._waiting = deque(message for message in self._waiting if message.link is not link)
        if self._on_air is None:
            self._next()
        return gone

    def _start(self, message: Message) -> None:
        self._on_air = message
        message.started = message.begun = self._env.now
        message.served = message.started + message.link.begin(message)
        self._await(message)

    def _await(self, message: Message) -> None:
        message.event = Occurrence(self._env, message.served, Order.WORK_ENDS, [self._served])

    def _served(self, _: Occurrence) -> None:
        message = self._on_air
        assert message is not None
        self._next()  # first: whoever hears of this message must find the medium as it is then
        message.link.launch(message)

    def _next(self) -> None:
        self._on_air = None
        if self._waiting:
            self._start(self._waiting.popleft())
