"""What DDNN as "algorithm 1" and ADA-DDNN have in common: devices report to one edge, which may ask the cloud."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from simnet.clock import Signal
from simnet.systems.base import Setting, System
from simnet.systems.parts.attempt import Awaited
from simnet.systems.parts.gather import Camera, Features, Reports

REQUEST = 4
"""Bytes of the edge's request for a device's features: the number of the sample (our choice)."""


class OneEdge(System):
    """Base of systems with devices, one edge and one cloud."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, spec = setting.network, setting.spec
        self.edge, self.cloud = setting.edge or network.tier("edge")[0], network.tier("cloud")[0]
        self.upward = network.route(self.edge, self.cloud)
        self.collector = self.policy.collector(self.edge)
        self.on_request = spec.upload == "on_request"
        self.cameras = []
        for name, view in setting.cameras:
            node = network.nodes[name]
            uplink = self.policy.followed(node, 1 << view, network.route(node, self.edge))
            request = network.route(self.edge, node) if self.on_request else None
            self.cameras.append(Camera(node, 1 << view, uplink, uplink, request, setting.skews.get(name, 0.0)))
        self._reports, self._features = self.collector.reports_of(self.cameras), self.collector.features
        self._on_device = self.work["device"]
        self._report = self.cost.scores if self.on_request else self.cost.report
        self._call: Callable[[OneEdge, int], Signal] = _CloudCall if self.policy.retries is None else _RetriedCall
        if (breaker := self.policy.breaker("cloud", self.edge)) is not None:
            make = self._call
            self._call = lambda system, sample: breaker.call(partial(make, system, sample))

    def gather(self, sample: int) -> Reports:
        """All devices compute and report; the signal fires at the edge with the bit mask of the views that arrived.

        It fires when every device has reported, or `wait` seconds after the first report arrived. Raises Lost when no
        report arrives or the edge goes down meanwhile.
        """
        return self._reports(self.collector, sample, self.cameras, self.all_views, self._on_device, self._report)

    def fetch(self, sample: int, views: int, captured: float) -> Features:
        """Ask the devices of these views for their features, one message of `REQUEST` bytes each.

        The signal fires with the bit mask of the views whose features arrived, when all have or `wait` seconds after
        the first; with 0 when none has arrived within `cloud_limit` (our choice). Raises Lost when the edge goes down.
        """
        asked = [camera for camera in self.cameras if views & camera.mask]
        return self._features(self.collector, sample, asked, REQUEST, self.cost.features, captured, self.cloud_limit)

    def compute_at_edge(self, sample: int) -> Signal:
        """Run the edge segment; raises Lost when the edge goes down meanwhile."""
        done = Signal(self.env)
        self.edge.compute(sample, self.work["edge"], done.fire, done.lose, "edge down")
        return done

    def ask_cloud(self, sample: int) -> Signal:
        """Send the edge's features up and run the cloud segment; the signal fires with True when it has answered.

        None after `cloud_limit` seconds: then the edge's own answer counts, and the cloud's, should it still come, is
        late. Raises Lost then if the edge went down meanwhile.
        """
        return self._call(self, sample)


class _CloudCall(Awaited):
    """One sample's way to the cloud and through its segment; callbacks, since most of the hard samples go this way."""

    def __init__(self, system: OneEdge, sample: int) -> None:
        super().__init__(system.edge, system.cloud_limit)
        self._system, self._sample = system, sample
        system.upward.send(sample, system.cost.upload, self._arrived, self._lost, 0)

    def _arrived(self, attempt: int) -> None:
        system = self._system
        system.cloud.compute(self._sample, system.work["cloud"], self._computed, self._lost, attempt)

    def _computed(self, attempt: int) -> None:
        if not self.settled:
            self.fire(True)

    def _lost(self, _: Any) -> None:
        """Nobody tells the edge: it learns it from its limit."""


class _RetriedCall(_CloudCall):
    """The same; without an answer the edge sends its features again, and again."""

    def __init__(self, system: OneEdge, sample: int) -> None:
        super().__init__(system, sample)
        assert system.policy.retries is not None
        self._retries = system.policy.retries
        self._retries.watch(self, self._again)

    def _again(self, attempt: int) -> None:
        system = self._system
        system.upward.send(self._sample, system.cost.upload, self._arrived, self._lost, attempt)

    def _computed(self, attempt: int) -> None:
        if not self.settled:
            self._retries.answered(attempt)
        super()._computed(attempt)
