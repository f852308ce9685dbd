"""Links: what carries messages from one node to the next; here, what all kinds have in common and the plain link."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simnet.clock import PER_SECOND, Clock, Together, ticks
from simnet.language.names import LINK_ARROW
from simnet.language.quantities import Model
from simnet.network.line import Callback, FifoLine, Flow, Receiver, Span
from simnet.network.links.spec import Link as LinkSpec

if TYPE_CHECKING:
    from simnet.network.links.medium import Medium

Weights = Literal["equal", "latency"]
"""Of the messages on fair links: equal, or each 1 / the latency of its path."""


STANDSTILL = 1e-18
"""Bytes/s that stand for none: a byte in 30 thousand million years, so that a pause needs no rules of its own."""


@dataclass(frozen=True)
class Surroundings:
    """What a link is built in.

    Attributes:
        env: The clock.
        record: Takes the span of every message.
        seed: Of the scenario's random streams.
        media: The shared media by name; takes up new ones.
        lossy: Whether faults will make the link lose packets.
        weights: Those of the messages on fair links.
    """

    env: Clock
    record: Callable[[Span], None]
    seed: int
    media: dict[str, Medium]
    lossy: bool = False
    weights: Weights = "equal"


class Carrier(ABC):
    """One direction of a link, of whatever kind. Every message that is sent while it is up leaves exactly one span.

    To add a kind: derive from this class, or from `Link` (messages one after another), `LossyLink` (packets) or
    `FairLink`, in a file of your own, and name it in a link's entry: ``sharing: "module:Name"``; or register it as an
    entry point of the group ``simnet.links``. A nested class `Options` (a `simnet.language.quantities.Model`) gives the
    entry further keys, found in `spec.options`. `refuses` says which of the usual keys it does nothing with; those of
    packets, unless it says otherwise.

    A route calls `send` for every message, faults call `set_state`, a trace `set_base`, a node that goes down
    `lose(unserved_only=True)` on the links that leave it, the end of a run `close`. For each `send` either `done` or
    `lost` is called once, at any later time or at once, unless the run ends before. Who is told of an end may send
    again within that call, so what the link keeps must be in order before. What arrives while `target` is not up is
    lost. A link that goes down or up tells all of `on_change`.
    """

    Options: ClassVar[type[Model]] = Model
    """Its own keys of an entry in a scenario."""
    refuses: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("medium", "queue", "loss", "jitter", "mtu", "attempts"), "it sends messages whole and does not lose them"
    )
    """Keys that every link's entry may have and this kind's may not, and why."""
    one_by_one: ClassVar[bool] = False
    """Whether each message has the whole bandwidth to itself from its `started_at` until its bytes have left: then the
    results can tell when the link was busy."""

    up = True

    def __init__(self, spec: LinkSpec) -> None:
        self.place = f"{spec.source}{LINK_ARROW}{spec.target}"
        """Its name in the spans: `camera1→edge`."""
        self.spec = spec
        """What the scenario says of it."""
        self.base_bandwidth = spec.bandwidth or STANDSTILL
        """Bytes/s without faults: from the scenario, or what its trace says now."""
        self.on_change: list[Callable[[], None]] = []
        """Called when it has gone down (before anything on it is lost) or up."""
        self.on_bandwidth: list[Callable[[], None]] = []
        """Called when its bandwidth has changed."""
        self._bandwidth = self.base_bandwidth
        self._imposed: float | None = None
        """What a fault has set it to."""

    @classmethod
    def make(cls, around: Surroundings, spec: LinkSpec, target: Receiver) -> Carrier:
        """The link that `spec` asks for, which ends at `target`; for kinds that need more than clock and record."""
        kind: Any = cls
        link: Carrier = kind(around.env, around.record, spec, target)
        return link

    @abstractmethod
    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes plus headers: `done(token)` on arrival, else `lost(token)`, at once if the link is down."""

    @property
    def bandwidth(self) -> float:
        """Bytes/s now."""
        return self._bandwidth

    def leaving(self, until: int) -> Iterable[Flow]:
        """How the bytes leave the source of messages that have begun, or will have by a time, and not ended.

        What batteries pay while it lasts; by default nothing, and a message is paid when it ends.
        """
        return ()

    def reaching(self, until: int) -> Iterable[Flow]:
        """How they reach the target."""
        return ()

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
        """Change the link's own bandwidth (bytes/s), which holds whenever no fault has set another.

        At 0 the link pauses: what is on it goes on where it stood when there is bandwidth again.
        """
        self.base_bandwidth = bandwidth or STANDSTILL
        self._adapt()

    def _adapt(self) -> None:
        bandwidth = self.base_bandwidth if self._imposed is None else self._imposed
        if bandwidth != self._bandwidth:
            factor, self._bandwidth = self._bandwidth / bandwidth, bandwidth
            self.stretch(factor)
            for tell in self.on_bandwidth:
                tell()

    def _set_loss(self, loss: float | None) -> None:
        if loss is not None:
            raise ValueError(f"{self.place} is of a kind that loses no packets")


class Link(FifoLine, Carrier):
    """The plain link: messages are transmitted one after another, then propagate for `latency` seconds."""

    one_by_one = True

    def __init__(self, env: Clock, record: Callable[[Span], None], spec: LinkSpec, target: Receiver) -> None:
        Carrier.__init__(self, spec)
        FifoLine.__init__(self, env, record, self.place, "transfer", 1, ticks(spec.latency), target)
        self._header = spec.header
        self._services: dict[int, int] = {}
        """Picoseconds of messages at the present bandwidth, by their bytes: rounding costs several divisions."""

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes plus the header; `lost` is called at once when the link is down."""
        if self.up:
            size += self._header
            if (service := self._services.get(size)) is None:
                service = self._services[size] = round(size / self._bandwidth * PER_SECOND)
            # As `submit` for one worker, without a call: this is done for every hop.
            env, free = self.env, self._free
            starts = now = env._now
            if free[0] > now:
                starts = free[0]
            served = free[0] = starts + service
            ends = served + self.latency
            if ends <= now:  # it takes no time
                self._finish((sample, self.place, "transfer", now, starts, ends, size, "ok"), done, lost, token)
                return
            if ends > self._last:
                self._last = ends
            span = (sample, self.place, "transfer", now, starts, ends, size, "ok")
            job = (self, span, served, done, lost, token, None)
            latest = env.latest
            if latest is not None and latest.time == ends and latest.order == self.order:
                latest.jobs.append(job)
            else:
                Together(env, ends, self.order, job)
        else:
            lost(token)

    def leaving(self, until: int) -> Iterable[Flow]:
        """See `Carrier.leaving`."""
        for _, span, served, _, _, _, begun in self.under_way(until):
            yield span[4] if begun is None else begun, served, span[6]

    def reaching(self, until: int) -> Iterable[Flow]:
        """See `Carrier.reaching`: all that leaves, a latency later."""
        return ((begins + self.latency, ends + self.latency, size) for begins, ends, size in self.leaving(until))

    def stretch(self, factor: float) -> None:
        """See `Carrier.stretch`."""
        self._services.clear()
        super().stretch(factor)
