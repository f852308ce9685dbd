"""What all systems have in common whose devices send something of every sample to one node, which waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simnet.clock import ticks
from simnet.models.graph import INPUT, Graph, Part
from simnet.systems.base import Setting, System, parts_seeing
from simnet.systems.options import EdgeOptions, SystemOptions
from simnet.systems.parts.gather import Camera, Reports
from simnet.systems.policies.policy import Policy

if TYPE_CHECKING:
    from simnet.network.nodes.plain import Node
    from simnet.network.work import Work


class Gathering(System):
    """Base of systems whose devices report to one node."""

    Options: ClassVar[type[SystemOptions]] = EdgeOptions
    meets: ClassVar[str] = "edge"
    """Role of the node at which reports meet."""
    on_request = False
    """Whether features come only when they are asked for."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, place, options = setting.network, setting.place, setting.options
        self.hub: Node = network.nodes[place.only(self.meets)]
        self.policy = Policy(self.env, options, len(place.views))
        self.collector = self.policy.collector(self.hub)
        self.cameras: list[Camera] = []
        for name, view in place.views.items():
            node, mask = network.nodes[name], self.arcs_of(view)
            uplink = self.policy.followed(node, mask, network.route(node, self.hub))
            request = network.route(self.hub, node) if self.on_request else None
            self.cameras.append(Camera(node, mask, uplink, uplink, request, ticks(setting.skews.get(name, 0.0))))
        self.everyone = sum(camera.mask for camera in self.cameras)
        """All cameras have reported."""
        self.onward = self.graph.all & ~self.arcs_of_all()
        self._reports, self._features = self.collector.reports_of(self.cameras), self.collector.features
        self._on_device, self._report = self.device_work(), self.report_size()

    def arcs_of(self, view: int) -> int:
        """Mask of the arcs that are there when the device that sees a view has reported."""
        return view_arcs(self.graph, "device", view)

    def arcs_of_all(self) -> int:
        """The same of all views, whether or not there is a device for them."""
        return all_view_arcs(self.graph, "device")

    def device_work(self) -> Work | None:
        """What each device computes before it reports; None: nothing, it sends what it sees."""
        return self.work["device"]

    def report_size(self) -> int:
        """Bytes of a device's report: its features."""
        return self.size("device")

    def gather(self, sample: int) -> Reports:
        """All devices compute and report; the signal fires at the node where they meet with the mask of what arrived.

        It fires when every device has reported, or `wait` seconds after the first report arrived. Raises Lost when no
        report arrives or that node goes down meanwhile.
        """
        return self._reports(self.collector, sample, self.cameras, self.everyone, self._on_device, self._report)

    def answered_at(self, exit_name: str) -> Node | None:
        """All answers are where the reports meet."""
        return self.hub

    def policy_report(self) -> Mapping[str, Any]:
        """Heartbeats, repetitions and breakers."""
        return self.policy.report()


class RawViews(Gathering):
    """Base of systems whose devices compute nothing: they send their views as they took them, a byte for each value."""

    def arcs_of(self, view: int) -> int:
        """Those that take the view."""
        return self.graph.arcs_from(Part(INPUT, view))

    def arcs_of_all(self) -> int:
        """Those that take any."""
        return self.graph.arcs_from(*(Part(INPUT, view) for view in range(self.graph.views)))

    def device_work(self) -> None:
        """None."""

    def report_size(self) -> int:
        """Bytes of a raw view."""
        return self.graph.raw_view


def view_arcs(graph: Graph, segment: str, view: int) -> int:
    """Arcs that are there when the copy of a segment that sees a view has sent something: into it, and out of it."""
    parts = parts_seeing(graph, segment, view)
    return graph.arcs_from(*parts) | graph.arcs_into(*parts)


def all_view_arcs(graph: Graph, segment: str) -> int:
    """The same of all views."""
    parts = graph.parts_of(segment)
    views = (Part(INPUT, view) for view in range(graph.views))
    return graph.arcs_from(*parts, *views) | graph.arcs_into(*parts)
