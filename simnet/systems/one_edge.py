"""What DDNN as "algorithm 1" and ADA-DDNN have in common: devices report to one edge, which may ask the cloud."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from simnet.clock import Limit, Signal
from simnet.models.graph import Graph
from simnet.systems.base import Setting, needing
from simnet.systems.gathering import Gathering
from simnet.systems.parts.attempt import Awaited
from simnet.systems.parts.gather import Features
from simnet.systems.roles import Place, Roles, cameras, one

REQUEST = 4
"""Bytes of the edge's request for a device's features: the number of the sample (our choice)."""


class OneEdge(Gathering):
    """Base of systems with devices, one edge and one cloud."""

    roles = Roles(device=cameras(), edge=one("edge"), cloud=one("cloud"))

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, place, options = setting.network, setting.place, setting.options
        self.edge, self.cloud = self.hub, network.nodes[place.only("cloud")]
        self.upward = network.route(self.edge, self.cloud)
        self.downward = None if options.reply.to == "none" else network.route(self.cloud, self.edge)
        self.cloud_limit = Limit(self.env, options.cloud_limit)
        self.upload = self.size("edge")
        self._call: Callable[[OneEdge, int], Signal] = _CloudCall if self.policy.retries is None else _RetriedCall
        if (guard := self.policy.guard("cloud", self.edge)) is not None:
            make = self._call
            self._call = lambda system, sample: guard(partial(make, system, sample))

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """The segments are device, edge and cloud, with a device for each view that a node sees."""
        super().fit(graph, place, options)
        needing(graph, "device", "edge", "cloud")

    def fetch(self, sample: int, reported: int, captured: int) -> Features:
        """Ask the devices that reported for their features, one message of `REQUEST` bytes each.

        The signal fires with the mask of what arrived, when all have or `wait` seconds after the first; with 0 when
        none has arrived within `cloud_limit` (our choice). Raises Lost when the edge goes down.
        """
        asked = [camera for camera in self.cameras if reported & camera.mask]
        return self._features(self.collector, sample, asked, REQUEST, self.size("device"), captured, self.cloud_limit)

    def compute_at_edge(self, sample: int) -> Signal:
        """Run the edge segment; raises Lost when the edge goes down meanwhile."""
        done = Signal(self.env)
        self.edge.compute(sample, self.work["edge"], done.fire, done.lose, f"{self.edge.tier} down")
        return done

    def ask_cloud(self, sample: int) -> Signal:
        """Send the edge's features up and run the cloud segment; the signal fires with True when its reply is there.

        None after `cloud_limit` seconds: then the edge's own answer counts, and the cloud's, should it still come, is
        late. Raises Lost when the edge goes down meanwhile.
        """
        return self._call(self, sample)


class _CloudCall(Awaited):
    """One sample's way to the cloud and through its segment; callbacks, since most of the hard samples go this way."""

    def __init__(self, system: OneEdge, sample: int) -> None:
        super().__init__(system.edge, system.cloud_limit)
        self._system, self._sample = system, sample
        system.upward.send(sample, system.upload, self._arrived, self._lost, 0)

    def _arrived(self, attempt: int) -> None:
        system = self._system
        system.cloud.compute(self._sample, system.work["cloud"], self._computed, self._lost, attempt)

    def _computed(self, attempt: int) -> None:
        system = self._system
        if system.downward is None:
            self._replied(attempt)
        else:  # also when it is too late: the cloud does not know
            system.downward.send(self._sample, system.reply_size, self._replied, self._lost, attempt)

    def _replied(self, attempt: int) -> None:
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
        system.upward.send(self._sample, system.upload, self._arrived, self._lost, attempt)

    def _replied(self, attempt: int) -> None:
        if not self.settled:
            self._retries.answered(attempt)
        super()._replied(attempt)
