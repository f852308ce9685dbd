"""Failure detection by heartbeats: a camera of which nothing has been heard for too long is not waited for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from simnet.clock import Occurrence, Order, ticks
from simnet.language.quantities import MOST, Model, Size, Time
from simnet.systems.parts.gather import Collector, Features, Gather, Reports, Sender, SkewedReports
from simnet.systems.policies.base import EdgePolicy

if TYPE_CHECKING:
    from simnet.clock import Clock
    from simnet.network.line import Callback
    from simnet.network.nodes.plain import Node
    from simnet.systems.parts.gather import Camera, Way

NO_SAMPLE = -1
"""What stands for the sample in the spans of heartbeats."""


class Heartbeat(Model):
    """Each camera sends heartbeats, as which any message of it counts."""

    every: Annotated[Time, Field(gt=0)]
    """Time between two heartbeats of a camera."""
    misses: Annotated[int, Field(ge=1, le=MOST, strict=True)] = 3
    """So many that are due, and the camera is not waited for."""
    size: Size = 8
    """Bytes of one."""


class HeartbeatPolicy(EdgePolicy):
    """A watch in place of the collector, which listens on the cameras' ways to it."""

    Options: ClassVar[type[Model]] = Heartbeat

    def collector(self, node: Node) -> Watch:
        """See `EdgePolicy.collector`."""
        self._watch = Watch(self.env, node, self.edge.wait, self.options, self.cameras)
        return self._watch

    def followed(self, node: Node, mask: int, way: Way) -> Pulse:
        """See `EdgePolicy.followed`."""
        return self._watch.follow(node, mask, way)

    def report(self) -> dict[str, Any]:
        """Of the watch."""
        return self._watch.report()


class Watch(Collector):
    """A collector that regards a camera as dead when nothing of it has arrived for `misses` · `every` seconds.

    What arrives at the very end of that time is in time.
    It is alive again when something arrives. At the start, and when the collector is up again after a failure, all are
    regarded as alive. `senders` is how many cameras will be followed.
    """

    def __init__(self, env: Clock, node: Node, wait: float, spec: Heartbeat, senders: int) -> None:
        super().__init__(env, node, wait)
        self.features = WatchedFeatures
        self.every, self.size = ticks(spec.every), spec.size
        self.patience = spec.misses * self.every
        self.alive = 0
        """The views whose cameras are regarded as alive."""
        self._senders = senders
        self._pulses: list[Pulse] = []
        self._detections = self._false = 0
        node.on_change.append(self._changed)

    def follow(self, node: Node, mask: int, way: Way) -> Pulse:
        """Watch a camera whose messages come on `way`; they must be sent on what is returned.

        The n-th of the cameras begins n / number of cameras · `every` s after the start, so that their heartbeats are
        spread evenly (our choice), and is heard of for the first time, as far as the watch knows, at that moment.
        """
        pulse = Pulse(self, node, mask, way, len(self._pulses) * self.every // self._senders)
        self._pulses.append(pulse)
        self.alive |= mask
        return pulse

    def reports_of(self, cameras: Sequence[Camera]) -> type[Reports]:
        """As a collector that does not watch, but for whom it waits."""
        return WatchedSkewedReports if any(camera.skew for camera in cameras) else WatchedReports

    def found_dead(self, pulse: Pulse) -> None:
        """A camera has been silent for too long: nobody waits for it any more."""
        self.alive &= ~pulse.mask
        self._detections += 1
        self._false += pulse.node.up
        for gather in list(self.waiting):
            gather.review()

    def _changed(self) -> None:
        if self.node.up:
            for pulse in self._pulses:
                pulse.hear()

    def report(self) -> dict[str, Any]:
        """How often a camera was regarded as dead, and how often it was up at that moment."""
        return {"detections": self._detections, "false_detections": self._false}


class Pulse:
    """A camera's way to the node that watches it: what arrives is noted, and heartbeats go there, too.

    While the camera is down it sends none; afterwards it goes on at the times at which it would have sent them.
    """

    def __init__(self, watch: Watch, node: Node, mask: int, way: Way, begins: int) -> None:
        self.node, self.mask = node, mask
        self._watch, self._way, self._begins = watch, way, begins
        self._beats = 0
        self._heard_at = begins
        self._timer: Occurrence | None = None
        """Looks after it: not while it is regarded as dead."""
        self._await(begins + watch.patience)
        watch.env.at(begins, Order.CAPTURE, self._beat)

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """As `Route.send`."""
        self._way.send(sample, size, self._arrived, self._missed, (done, lost, token))

    def _arrived(self, message: tuple[Callback, Callback, Any]) -> None:
        self.hear()
        done, _, token = message
        done(token)

    def _missed(self, message: tuple[Callback, Callback, Any]) -> None:
        _, lost, token = message
        lost(token)

    def _await(self, end: int) -> None:
        """Look at that time whether anything has been heard of it."""
        self._timer = self._watch.env.at(end, Order.LIMIT, self._look)

    def _beat(self) -> None:
        watch = self._watch
        if self.node.up:
            self.send(NO_SAMPLE, watch.size, _nothing, _nothing, None)
        self._beats += 1
        watch.env.at(self._begins + self._beats * watch.every, Order.CAPTURE, self._beat)

    def hear(self) -> None:
        """Something of the camera is there: it is alive."""
        watch, early = self._watch, self._watch.env.now < self._heard_at
        self._heard_at = watch.env.now
        watch.alive |= self.mask
        if early and self._timer is not None:  # before its first heartbeat, for which the timer waits
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._await(self._heard_at + watch.patience)

    def _look(self) -> None:
        watch = self._watch
        end = self._heard_at + watch.patience
        if end > watch.env.now and watch.node.up:
            self._await(end)
            return
        self._timer = None
        if watch.node.up:  # else nobody looks, until it is up again
            watch.found_dead(self)


def _nothing(_: Any) -> None:
    """A heartbeat has done its work when it is heard, and nobody knows of one that is lost."""


class _Watched(Gather):
    """Is complete when all have arrived whose cameras the watch regards as alive."""

    _at: Watch

    def arrived(self, sender: Sender) -> None:
        super().arrived(sender)
        self.review()

    def review(self) -> None:
        if self.callbacks is not None and not self._everyone & self._at.alive & ~self._views:
            self._close()


class WatchedReports(_Watched, Reports):
    """Reports, without waiting for cameras that are regarded as dead; one that reports all the same takes part."""


class WatchedSkewedReports(_Watched, SkewedReports):
    """The same of cameras that are not synchronous."""


class WatchedFeatures(_Watched, Features):
    """Features, without waiting for cameras that are regarded as dead; with 0 if all that were asked are."""
