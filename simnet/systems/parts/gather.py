"""What several nodes send of one sample to a node that waits for it, but not for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from simnet.clock import Limit, Order, Signal

if TYPE_CHECKING:
    from simnet.clock import Clock
    from simnet.network.line import Callback
    from simnet.network.nodes.plain import Node
    from simnet.network.work import Work


class Sender(Protocol):
    """Who sends: `mask` has the bits of the views that it speaks for."""

    @property
    def mask(self) -> int:
        """Bit *v* is view *v*, 0-based."""


class Way(Protocol):
    """How messages get from one node to another: a `Route`, or what stands before one."""

    @property
    def send(self) -> Callable[[int, int, Callback, Callback, Any], None]:
        """As `Route.send`."""


class Camera(NamedTuple):
    """A device, the bit of its view, the ways of its report and of its features, and that of a request for these.

    It captures its view `skew` picoseconds after the sample's capture.
    """

    node: Node
    mask: int
    uplink: Way
    features: Way
    request: Way | None
    skew: int = 0


class Collector:
    """A node at which what senders send comes together; it waits `wait` seconds after the first of it arrived."""

    def __init__(self, env: Clock, node: Node, wait: float) -> None:
        self.env, self.node = env, node
        self.wait = Limit(env, wait)
        self.features: type[Features] = Features
        """How it gathers features."""
        self.waiting: dict[Gather, None] = {}
        """Samples of which the node holds something and waits for more; as an ordered set."""
        node.on_down.append(self._fails)

    def reports_of(self, cameras: Sequence[Camera]) -> type[Reports]:
        """How it gathers these cameras' reports."""
        return SkewedReports if any(camera.skew for camera in cameras) else Reports

    def _fails(self) -> None:
        for gather in list(self.waiting):
            gather.drop(f"{self.node.tier} down")


class Gather(Signal):
    """Messages of one sample on their way to a collector; fires there with the bit mask of what arrived.

    It fires when all of `everyone` (bit mask) has arrived, or the collector's limit after the first arrival (our
    choice: a collector cannot know of the capture earlier). Raises Lost when the collector goes down meanwhile.
    """

    def __init__(self, at: Collector, everyone: int) -> None:
        super().__init__(at.env)
        self._at, self._everyone = at, everyone
        self._views = 0

    def arrived(self, sender: Sender) -> None:
        """A sender's message is there; too late, if the collector has gone on."""
        if self.callbacks is None:  # as `settled`, without a call: this runs for every message
            return  # type: ignore[unreachable]
        first = not self._views
        self._views |= sender.mask
        if self._views == self._everyone:
            self._close()
        elif first:  # whether the others can still come, the collector cannot know
            self._at.waiting[self] = None
            self._at.wait.begin(self, self._close)

    def _close(self) -> None:
        self._at.waiting.pop(self, None)
        self.fire(self._views)

    def review(self) -> None:
        """The collector regards a sender as dead now."""

    def drop(self, reason: str) -> None:
        """Give up what has arrived."""
        self._at.waiting.pop(self, None)
        self.lose(reason)


class Reports(Gather):
    """All cameras do `work` (None: they send what they see as it is) and report `size` bytes each.

    Raises Lost when no report arrives, too.
    """

    def __init__(
        self, at: Collector, sample: int, cameras: Sequence[Camera], everyone: int, work: Work | None, size: int
    ) -> None:
        super().__init__(at, everyone)
        self._sample, self._size, self._work = sample, size, work
        self._pending = len(cameras)
        self._begin(cameras)

    def _begin(self, cameras: Sequence[Camera]) -> None:
        sample, work, computed, lost = self._sample, self._work, self._computed, self._lost
        for camera in cameras:
            if work is not None:
                camera.node.compute(sample, work, computed, lost, camera)
            elif camera.node.up:
                computed(camera)
            else:
                lost(camera)

    def _computed(self, camera: Camera) -> None:
        camera.uplink.send(self._sample, self._size, self.arrived, self._lost, camera)

    def _lost(self, camera: Camera) -> None:
        self._pending -= 1
        if not self._pending and not self.settled:  # then none has arrived
            self.drop("no report arrived" if self._at.node.up else f"{self._at.node.tier} down")


class SkewedReports(Reports):
    """The same of cameras that are not synchronous: each begins its `skew` later."""

    def _begin(self, cameras: Sequence[Camera]) -> None:
        for camera in cameras:
            self._at.env.at(self._at.env.now + camera.skew, Order.CAPTURE, partial(super()._begin, [camera]))


class Eager(Gather):
    """Before another kind of gathering in a class's bases: fires, too, as soon as what is there is enough.

    It is asked at every arrival, those of one instant one after the other.
    """

    enough: Callable[[int], bool] = staticmethod(bool)
    """Whether the mask of what arrived is enough; to be set when it is made."""

    def arrived(self, sender: Sender) -> None:
        """See `Gather.arrived`."""
        super().arrived(sender)
        if self.callbacks is not None and self.enough(self._views):
            self._close()


class Features(Gather):
    """Cameras are asked for the features of a sample with `request` bytes, and send `size` bytes each.

    A camera that failed after its capture, at `since` and its skew, has them no longer. Who asks learns of no loss:
    with `limit` it fires with 0 when nothing has arrived by then; it never fires without one.
    """

    def __init__(
        self,
        at: Collector,
        sample: int,
        cameras: Sequence[Camera],
        request: int,
        size: int,
        since: int,
        limit: Limit | None = None,
    ) -> None:
        super().__init__(at, sum(camera.mask for camera in cameras))
        self._sample, self._size, self._since = sample, size, since
        if limit is not None:
            at.waiting[self] = None  # who asks holds the reports
            limit.begin(self, self._nothing)
        for camera in cameras:
            if camera.request is None:  # nobody to ask: the camera itself decided
                self._asked(camera)
            else:
                camera.request.send(sample, request, self._asked, self._lost, camera)

    def _asked(self, camera: Camera) -> None:
        if camera.node.failed_at <= self._since + camera.skew:
            camera.features.send(self._sample, self._size, self.arrived, self._lost, camera)

    def _lost(self, camera: Camera) -> None:
        """Nobody tells."""

    def _nothing(self) -> None:
        if not self._views:
            self._close()
