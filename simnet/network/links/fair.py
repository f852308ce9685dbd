"""Fair links: messages are transmitted at the same time and share the bandwidth, as TCP connections roughly do.

A message over several fair links in a row is one fluid flow through all of them at the same rate (`flows`); its last
byte then propagates over one link after another. It is sent whole from the node before the first of them to the node
behind the last: between a fair link and one of another kind it is stored and forwarded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, ClassVar

from simnet.clock import PER_SECOND, Clock, Occurrence, Order, seconds, ticks
from simnet.network.line import Callback, Receiver, Span
from simnet.network.line import Flow as Passing
from simnet.network.links.base import Carrier, Surroundings, Weights
from simnet.network.links.flows import Flow, Pipe, share
from simnet.network.links.spec import Link as LinkSpec

LEAST_LATENCY = 1e-6
"""Seconds that a path counts at least where weights are 1 / latency (our choice: without it, one of 0 s takes all)."""


class FairLink(Carrier):
    """One direction of a link that its messages share, each with its max–min fair rate."""

    refuses: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("medium", "queue"), "it shares its bandwidth instead"),
        **dict.fromkeys(("loss", "jitter"), "its messages are flows, not packets one after another"),
    }

    @classmethod
    def make(cls, around: Surroundings, spec: LinkSpec, target: Receiver) -> Carrier:
        """See `Carrier.make`."""
        return cls(around.env, around.record, spec, target, around.weights)

    def __init__(
        self,
        env: Clock,
        record: Callable[[Span], None],
        spec: LinkSpec,
        target: Receiver,
        weights: Weights = "equal",
    ) -> None:
        super().__init__(spec)
        self.env, self.record, self.target = env, record, target
        self.latency, self.weights = ticks(spec.latency), weights
        self.pipe = Pipe(self.bandwidth)
        self.messages: dict[Message, None] = {}
        """All that are on their way over this link, also those that only propagate (an ordered set)."""
        self._header, self._mtu = spec.header, spec.mtu
        self._path = FairPath([self])

    def wire(self, size: int) -> int:
        """Bytes on the wire for a message of `size` bytes: a header for each packet, of which there is one at least."""
        packets = 1 if self._mtu is None else max(1, -(-size // self._mtu))
        return size + packets * self._header

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send a message over this link alone; `lost` is called at once when the link is down."""
        self._path.send(sample, size, done, lost, token)

    def stretch(self, factor: float) -> None:
        """Share what the bandwidth is now; how much slower a flow gets depends on the other links of its path, too."""
        self.pipe.bandwidth = self._bandwidth
        share(self.env, [self.pipe])

    def leaving(self, until: int) -> Iterator[Passing]:
        """See `Carrier.leaving`: at the rate that a message has now."""
        number = {message: message.path.links.index(self) for message in self.messages}
        for message, place in number.items():
            begins, ends = message.span
            yield begins, ends, message.sizes[place]

    def reaching(self, until: int) -> Iterator[Passing]:
        """See `Carrier.reaching`: as if nothing had to propagate (our choice)."""
        return self.leaving(until)

    def lose(self, unserved_only: bool = False) -> None:
        """Lose all messages on the link, or those that have not wholly left the node before it."""
        gone = [message for message in self.messages if not message.is_past(self, unserved_only)]
        self._take_off(gone, "lost")
        for message in gone:
            message.lost(message.token)

    def close(self) -> None:
        """Record what is still on the link at the end of a run as `unfinished`, on all links of its path."""
        self._take_off(list(self.messages), "unfinished")

    def _take_off(self, gone: Sequence[Message], status: str) -> None:
        relieved = [pipe for message in gone if message.left_at is None for pipe in message.pipes]
        for message in gone:
            message.cut_short(status)
        share(self.env, relieved)


class FairPath:
    """Consecutive fair links, which messages take as one flow."""

    def __init__(self, links: Sequence[FairLink]) -> None:
        self.links, self.pipes = links, [link.pipe for link in links]
        self.passed = list(accumulate(link.latency for link in links))
        """Picoseconds after the last byte has left the first node, when it has passed each link."""
        weighted = links[0].weights == "latency"
        self.weight = 1 / max(seconds(self.passed[-1]), LEAST_LATENCY) if weighted else 1.0

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes plus headers to the end; `lost` is called at once when one of the links is down."""
        if all(link.up for link in self.links):
            Message(self, sample, size, done, lost, token)
        else:
            lost(token)


class Message(Flow):
    """A message on a path of fair links: a flow until its last byte has left, then on its way to the end.

    Where headers differ between the links, the flow is as large as the message is on the link where it is largest (our
    choice: one rate on all links); the bytes recorded are those of each link.
    """

    def __init__(self, path: FairPath, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        self.path, self.sample, self.sizes = path, sample, [link.wire(size) for link in path.links]
        super().__init__(path.links[0].env, path.pipes, max(self.sizes), path.weight)
        self.done, self.lost, self.token = done, lost, token
        self.started = self.env.now
        self.left_at: int | None = None
        """When the last byte left the first node."""
        self._arrival: Occurrence | None = None
        for link in path.links:
            link.messages[self] = None
        if self.size:
            self.begin()
        else:
            self.through()

    @property
    def span(self) -> tuple[int, int]:
        """From when to when it leaves the first node at its present rate; when its first byte would have left then."""
        if self.left_at is not None:
            return self.left_at, self.left_at
        ends = self.since + round(self.left / self.rate * PER_SECOND)
        return ends - round(self.size / self.rate * PER_SECOND), ends

    def through(self) -> None:
        """Propagate to the end of the path."""
        self.left_at = self.env.now
        if self.path.passed[-1] > 0:
            ends = self.left_at + self.path.passed[-1]
            self._arrival = Occurrence(self.env, ends, Order.ARRIVES, [lambda _: self.arrive()])
        else:  # nothing to wait for: no event
            self.arrive()

    def arrive(self) -> None:
        """Reach the end of the path; without a node that is up there, the message is lost."""
        if self not in self.path.links[-1].messages:
            return  # lost by what another message, through at the same moment, set off
        up = self.path.links[-1].target.up
        self._leave_links()
        self._record("ok" if up else "lost", 1.0, self.env.now + 1)
        (self.done if up else self.lost)(self.token)

    def is_past(self, link: FairLink, unserved_only: bool) -> bool:
        """Whether the last byte has reached the end of `link`, one of the path; or (`unserved_only`) has entered it.

        Where it would arrive at this very moment it has not: a failure comes first (`simnet.clock.Order`).
        """
        if self.left_at is None:
            return False
        passed, number = self.path.passed, self.path.links.index(link)
        if unserved_only:
            return number == 0 or self.left_at + passed[number - 1] < self.env.now
        return self.left_at + passed[number] < self.env.now

    def cut_short(self, status: str) -> None:
        """End before the end of the path: lost, or unfinished; who shared with it is not told."""
        self.stop()
        self._leave_links()
        if self._arrival is not None:
            self._arrival.cancel()
        self._record(status, 1.0 - self.left / self.size if self.size else 0.0, self.env.now)

    def _leave_links(self) -> None:
        for link in self.path.links:
            del link.messages[self]

    def _record(self, status: str, sent: float, before: int) -> None:
        """A span for each link, `status` for those where the message did not end well before that time.

        Of what did not get through, the bytes count that had left the first node by now, the same share on every link.
        """
        now, started, last = self.env.now, self.started, self.path.links[-1]
        for link, size, passed in zip(self.path.links, self.sizes, self.path.passed, strict=True):
            if self.left_at is None or self.left_at + passed >= before:
                link.record((self.sample, link.place, "transfer", started, started, now, int(size * sent), status))
            else:
                how = status if link is last else "ok"
                ended = self.left_at + passed
                link.record((self.sample, link.place, "transfer", started, started, ended, size, how))
