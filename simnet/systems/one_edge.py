"""What DDNN as "algorithm 1" and ADA-DDNN have in common: devices report to one edge, which may ask the cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from simnet.clock import Limit, Signal, ticks
from simnet.models.graph import INPUT, Graph, Part
from simnet.systems.base import Setting, System, parts_seeing
from simnet.systems.options import EdgeOptions, SystemOptions
from simnet.systems.parts.attempt import Awaited
from simnet.systems.parts.gather import Camera, Features, Reports
from simnet.systems.policies.policy import Policy
from simnet.systems.roles import Place, Roles, Unfit, cameras, one

if TYPE_CHECKING:
    from simnet.network.nodes.plain import Node

REQUEST = 4
"""Bytes of the edge's request for a device's features: the number of the sample (our choice)."""


class OneEdge(System):
    """Base of systems with devices, one edge and one cloud."""

    Options: ClassVar[type[SystemOptions]] = EdgeOptions
    roles = Roles(device=cameras(), edge=one("edge"), cloud=one("cloud"))
    on_request = False
    """Whether features come only when they are asked for."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, place, options = setting.network, setting.place, setting.options
        self.edge, self.cloud = network.nodes[place.only("edge")], network.nodes[place.only("cloud")]
        self.upward = network.route(self.edge, self.cloud)
        self.downward = None if options.reply.to == "none" else network.route(self.cloud, self.edge)
        self.cloud_limit = Limit(self.env, options.cloud_limit)
        self.policy = Policy(self.env, options, len(place.views))
        self.collector = self.policy.collector(self.edge)
        self.cameras = []
        for name, view in place.views.items():
            node, mask = network.nodes[name], view_arcs(self.graph, "device", view)
            uplink = self.policy.followed(node, mask, network.route(node, self.edge))
            request = network.route(self.edge, node) if self.on_request else None
            self.cameras.append(Camera(node, mask, uplink, uplink, request, ticks(setting.skews.get(name, 0.0))))
        self.everyone = sum(camera.mask for camera in self.cameras)
        """All cameras have reported."""
        self.onward = self.graph.all & ~all_view_arcs(self.graph, "device")
        self._reports, self._features = self.collector.reports_of(self.cameras), self.collector.features
        self._on_device = self.work["device"]
        self._report, self.upload = self.report_size(), self.size("edge")
        self._call: Callable[[OneEdge, int], Signal] = _CloudCall if self.policy.retries is None else _RetriedCall
        if (guard := self.policy.guard("cloud", self.edge)) is not None:
            make = self._call
            self._call = lambda system, sample: guard(partial(make, system, sample))

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """The segments are device, edge and cloud, with a device for each view that a node sees."""
        super().fit(graph, place, options)
        missing = [f"'{name}'" for name in ("device", "edge", "cloud") if name not in graph.segments]
        if missing:
            raise Unfit(
                f"it needs segments 'device', 'edge' and 'cloud'; the network has no {' and no '.join(missing)}"
            )

    def report_size(self) -> int:
        """Bytes of a device's report: its features."""
        return self.size("device")

    def gather(self, sample: int) -> Reports:
        """All devices compute and report; the signal fires at the edge with the mask of what arrived.

        It fires when every device has reported, or `wait` seconds after the first report arrived. Raises Lost when no
        report arrives or the edge goes down meanwhile.
        """
        return self._reports(self.collector, sample, self.cameras, self.everyone, self._on_device, self._report)

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

    def answered_at(self, exit_name: str) -> Node | None:
        """All answers are at the edge."""
        return self.edge

    def policy_report(self) -> Mapping[str, Any]:
        """Heartbeats, repetitions and breakers."""
        return self.policy.report()


def view_arcs(graph: Graph, segment: str, view: int) -> int:
    """Arcs that are there when the copy of a segment that sees a view has sent something: into it, and out of it."""
    parts = parts_seeing(graph, segment, view)
    return graph.arcs_from(*parts) | graph.arcs_into(*parts)


def all_view_arcs(graph: Graph, segment: str) -> int:
    """The same of all views."""
    parts = graph.parts_of(segment)
    views = (Part(INPUT, view) for view in range(graph.views))
    return graph.arcs_from(*parts, *views) | graph.arcs_into(*parts)


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
