"""The link with everything that the plain one leaves out: packets, losses, jitter, a limited queue, a shared medium."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from simnet.clock import PER_SECOND, Clock, Occurrence, Order, seconds, ticks
from simnet.network.line import Callback, Flow, Receiver, Span
from simnet.network.links.base import Carrier, Surroundings
from simnet.network.links.medium import Medium, Message
from simnet.network.links.packets import Channel, Packets
from simnet.network.links.spec import Link as LinkSpec
from simnet.streams import keyed


class LossyLink(Carrier):
    """One direction of a link that sends packets, some of them again.

    Our choices: a message occupies the link for all its transmissions, one after another; the loss of its packets is
    that of the time when its transmission begins. It arrives `latency` after the last bit, one round trip (twice the
    latency) later for every further round of retransmissions, and up to `jitter` later than that, but never before a
    message that was sent earlier: those behind a message that waits for its packets wait with it, as on links that
    deliver in order. If a packet was given up, the message is lost when its last round would have arrived.

    The queue limit counts the bytes of this link that wait, each once with headers, and what the message on the air
    still has to send. A message that does not fit is dropped; into an empty queue every message fits.
    """

    refuses: ClassVar[Mapping[str, str]] = {}
    one_by_one = True

    @classmethod
    def make(cls, around: Surroundings, spec: LinkSpec, target: Receiver) -> Carrier:
        """See `Carrier.make`."""
        medium = None if spec.medium is None else around.media.setdefault(spec.medium, Medium(around.env))
        return cls(around.env, around.record, spec, target, around.seed, medium)

    def __init__(
        self,
        env: Clock,
        record: Callable[[Span], None],
        spec: LinkSpec,
        target: Receiver,
        seed: int,
        medium: Medium | None = None,
    ) -> None:
        super().__init__(spec)
        self._env, self._record, self._target = env, record, target
        self._medium = medium or Medium(env)
        self._latency, self._jitter, self._limit = ticks(spec.latency), ticks(spec.jitter), spec.queue
        self._packets, self._channel = Packets(spec, seed, self.place), Channel(spec.loss, seed, self.place)
        self._delays = keyed(seed, f"jitter/{self.place}")
        self._imposed_loss: float | None = None
        """Probability with which faults lose packets, beside the link's own losses."""
        self._numbers: dict[int, int] = {}
        """Messages so far of each sample."""
        self._waiting = 0
        """Bytes that wait for their turn."""
        self._on_air: Message | None = None
        self._travelling: deque[Message] = deque()

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes and the headers of their packets; `lost` is called at once if it is down or the queue full.

        A message that was dropped leaves a span of no bytes and no time.
        """
        nth = self._numbers[sample] = self._numbers.get(sample, -1) + 1
        if not self.up:
            lost(token)
            return
        now, wire = self._env.now, self._packets.wire(size)
        if self._limit is not None and self._is_full(wire, self._limit):
            self._record((sample, self.place, "transfer", now, now, now, 0, "dropped"))
            lost(token)
            return
        self._waiting += wire
        self._medium.put(Message(self, sample, nth, size, wire, now, done, lost, token))

    def _is_full(self, wire: int, limit: int) -> bool:
        """Whether `wire` bytes more would be too many behind those that wait and those still to be sent, if any."""
        message, now = self._on_air, self._env.now
        if message is None or message.served <= now:
            return self._waiting > 0 and self._waiting + wire > limit
        left, whole = message.served - now, message.served - message.begun  # of the one on the air: wire · left / whole
        return message.wire * left > (limit - self._waiting - wire) * whole

    def begin(self, message: Message) -> int:
        """The turn of `message` has come: how many picoseconds it will be on the air, given how its packets fare."""
        self._waiting -= message.wire
        self._on_air = message
        own = self._channel.at(seconds(self._env.now))
        loss = own if self._imposed_loss is None else 1 - (1 - own) * (1 - self._imposed_loss)
        crossing = self._packets.cross(message.size, loss, message.sample, message.nth)
        message.wire, message.rounds, message.whole = crossing
        return round(message.wire / self._bandwidth * PER_SECOND)

    def launch(self, message: Message) -> None:
        """`message` has been on the air: it travels, and arrives after whatever travels before it."""
        if self._on_air is message:  # else the next one is there already
            self._on_air = None
        delay = self._delay(message)
        if self._jitter:
            delay += round(self._jitter * self._delays.uniform(message.sample, message.nth))
        message.ends = message.served + delay
        if self._travelling:
            message.ends = max(message.ends, self._travelling[-1].ends)
        self._travelling.append(message)
        message.event = Occurrence(self._env, message.ends, Order.ARRIVES, [self._arrive])

    def _arrive(self, _: Occurrence) -> None:
        message = self._travelling.popleft()
        ok = message.whole and self._target.up
        times = (message.queued, message.started, message.ends)
        self._record((message.sample, self.place, "transfer", *times, message.wire, "ok" if ok else "lost"))
        (message.done if ok else message.lost)(message.token)

    def stretch(self, factor: float) -> None:
        """Make what is left of the message on the air take `factor` times as long; others begin at the new speed."""
        self._medium.rescale(self, factor)

    def leaving(self, until: int) -> Iterator[Flow]:
        """See `Carrier.leaving`."""
        for message in self._under_way():
            yield message.begun, message.served, message.wire

    def reaching(self, until: int) -> Iterator[Flow]:
        """See `Carrier.reaching`: messages that will arrive whole, as they leave and so much later."""
        for message in self._under_way():
            if message.whole:
                delay = message.ends - message.served if message.ends else self._delay(message)
                yield message.begun + delay, message.served + delay, message.wire

    def _under_way(self) -> Iterator[Message]:
        yield from self._travelling
        if self._on_air is not None:
            yield self._on_air

    def _delay(self, message: Message) -> int:
        """Picoseconds from the last bit to the arrival, without jitter."""
        return self._latency * (2 * message.rounds - 1)

    def lose(self, unserved_only: bool = False) -> None:
        """Lose all messages, or those not yet fully transmitted; others on the medium move up."""
        gone = self._take_back(unserved_only)
        for message in gone:
            self._record(self._cut_short(message, "lost"))
        for message in gone:
            message.lost(message.token)

    def close(self) -> None:
        """Record what is still on the link at the end of a run as `unfinished`."""
        for message in self._take_back(unserved_only=False):
            self._record(self._cut_short(message, "unfinished"))

    def _take_back(self, unserved_only: bool) -> list[Message]:
        gone: list[Message] = []
        if not unserved_only:
            gone += self._travelling
            self._travelling.clear()
            for message in gone:
                message.cancel()
        unserved = self._medium.withdraw(self)
        if self._on_air in unserved:
            self._on_air = None
        self._waiting = 0
        return gone + unserved

    def _cut_short(self, message: Message, status: str) -> Span:
        """What is recorded of a message that does not arrive: of its bytes, those that had left by now."""
        now = self._env.now
        if message.event is None:  # its turn had not come
            times, size = (message.queued, now, now), 0
        else:
            times, size = (message.queued, message.started, now), message.sent(now)
        return (message.sample, self.place, "transfer", *times, size, status)

    def _set_loss(self, loss: float | None) -> None:
        self._imposed_loss = loss
