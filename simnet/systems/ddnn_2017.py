"""DDNN (Teerapittayanon, McDanel, Kung 2017): a network mapped on devices, edges and a cloud, with an exit at each.

Tiers and exits are the paper's [S], what is sent the authors' public code's [R]; limits, failures and how several edges
answer together are ours [I], see docs/scenario.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from simnet.clock import Signal
from simnet.network.work import joined
from simnet.systems.base import Protocol, Setting, Step, System
from simnet.systems.parts.attempt import Steps, Work, aside
from simnet.systems.parts.gather import Camera, Collector, Features, Gather
from simnet.systems.policies.retry import RetriedWork
from simnet.systems.tiers import DEFAULT, TIERS, layout

if TYPE_CHECKING:
    from simnet.network.routing import Route

REQUEST = 0
"""Bytes of a request for features: the published formula charges none [R]. It takes the links' time and header."""
Call = Callable[..., Signal]
"""(exit, steps, their arguments) to a signal: what the steps bring, or None when its result is not there in time."""


@dataclass(frozen=True, eq=False)
class Edge:
    """An edge, the bits of the views that it serves, their cameras, and its ways; the first edge has none to itself."""

    at: Collector
    mask: int
    cameras: list[Camera]
    to_cloud: Route
    to_first: Route | None
    request: Route | None
    """From the first edge."""


@dataclass(frozen=True)
class Part:
    """What an edge has fused: which views, and when."""

    views: int
    since: float


class Ddnn2017(System):
    """Devices with binarized features and class scores, a local aggregator, no, one or several edges, a cloud."""

    exits = ("local", "edge", "cloud")
    steps = (("local", "local"), ("edge", "edge"), ("cloud", "cloud"))
    codecs = ("binary",)
    keys = ("tiers",)

    @classmethod
    def steps_of(cls, tiers: str | None) -> tuple[Step, ...]:
        """The steps of these tiers: `cloud only` has no local exit, and without edges there is no edge exit."""
        return tuple(step for step in cls.steps if step[1] in TIERS[tiers or DEFAULT])

    @classmethod
    def idle_keys(cls, tiers: str | None) -> Mapping[str, str]:
        """A single device reports to nobody; the cloud alone asks no next exit."""
        if tiers == "cloud only":
            return dict.fromkeys(("retry", "breaker"), "there is no exit before the cloud's that could ask it")
        if tiers is not None and tiers.startswith("device+"):
            return {"heartbeat": "the only device tests the local exit itself, and nobody waits for its report"}
        return {}

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, policy = setting.network, self.policy
        tiers = setting.spec.tiers or DEFAULT
        self.cloud_only = tiers == "cloud only"
        nodes, route = network.nodes, network.route
        place = layout(nodes, tiers)
        reports_meet = place.cloud if self.cloud_only else place.aggregator

        def collector(name: str) -> Collector:
            if name == reports_meet:
                return policy.collector(nodes[name])
            return Collector(self.env, nodes[name], setting.spec.wait)

        self.cloud = collector(place.cloud)
        sites = [collector(name) for name in place.edges]
        self.aggregator: Collector | None = None
        if place.aggregator is not None:
            here = [site for site in sites if site.node.name == place.aggregator]
            self.aggregator = here[0] if here else collector(place.aggregator)
        served = {view: site for site, views in zip(sites, setting.edges, strict=False) for view in views}
        self.cameras = []
        for name, view in setting.cameras:
            node, up = nodes[name], served.get(view, self.cloud).node
            hub = self.aggregator.node if self.aggregator else up
            uplink = policy.followed(node, 1 << view, route(node, hub))
            features = uplink if hub is up else route(node, up)
            request = route(hub, node) if self.aggregator else None
            self.cameras.append(Camera(node, 1 << view, uplink, features, request, setting.skews.get(name, 0.0)))
        self._reports = (self.aggregator or self.cloud).reports_of(self.cameras)
        self.edges = [
            Edge(
                site,
                mask := sum(1 << view for view in views),
                [camera for camera in self.cameras if camera.mask & mask],
                route(site.node, self.cloud.node),
                route(site.node, sites[0].node) if site is not sites[0] else None,
                route(sites[0].node, site.node) if site is not sites[0] else None,
            )
            for site, views in zip(sites, setting.edges, strict=False)
        ]
        local = self.aggregator.node if self.aggregator else self.cameras[0].node
        self._holder = {"edge": local, "cloud": sites[0].node} if sites else {"cloud": local}
        self._call: Call = self._once if policy.retries is None else self._repeatedly
        self._breaker = {name: one for name, node in self._holder.items() if (one := policy.breaker(name, node))}
        if self._breaker:
            self._await: Call = self._unless_open
        else:
            self._await = self._call

    def classify(self, sample: int) -> Protocol:
        """A sample leaves at the first exit that is sure, from the devices upward [S]; the cloud always answers."""
        if self.cloud_only:
            views = yield from self._all_in_the_cloud(sample)
            return self.decide("cloud", sample, views)
        captured = self.env.now
        views = yield from self._on_the_devices(sample)
        local = self.decide("local", sample, views)
        if self.leaves(local):
            return local
        if self.edges:
            parts = yield self._await("edge", self._on_the_edges, sample, views, captured)
            if not parts:
                return local._replace(forced=True)
            edge = self.decide("edge", sample, sum(part.views for part in parts.values()))
            if self.leaves(edge):
                return edge
            views = yield self._await("cloud", self._edges_to_the_cloud, sample, parts)
            if not views:
                return edge._replace(forced=True)
        else:
            views = yield self._await("cloud", self._devices_to_the_cloud, sample, views, captured)
            if not views:
                return local._replace(forced=True)
        return self.decide("cloud", sample, views)

    def _once(self, exit_name: str, steps: Callable[..., Steps], *what: Any) -> Signal:
        """The next exit's result, which `steps` bring to the holder of the last answer, or None after `cloud_limit`."""
        return Work(self._holder[exit_name], self.cloud_limit, steps(*what))

    def _repeatedly(self, exit_name: str, steps: Callable[..., Steps], *what: Any) -> Signal:
        """The same; without a result all the steps are begun again: requests, features, computing (our choice)."""
        assert self.policy.retries is not None
        return RetriedWork(self._holder[exit_name], self.cloud_limit, self.policy.retries, partial(steps, *what))

    def _unless_open(self, exit_name: str, steps: Callable[..., Steps], *what: Any) -> Signal:
        """The same, or None at once while the circuit to the next exit is open."""
        return self._breaker[exit_name].call(partial(self._call, exit_name, steps, *what))

    def _all_in_the_cloud(self, sample: int) -> Steps:
        """The first baseline: raw views to the cloud, which runs all segments; returns the views that arrived."""
        views = yield self._reports(self.cloud, sample, self.cameras, self.all_views, None, self.cost.raw_view)
        names = ["device"] * views.bit_count() + ["edge"] * self.cost.edges + ["cloud"]
        yield self.compute(self.cloud.node, joined(self.work[name] for name in names), sample)
        return views

    def _on_the_devices(self, sample: int) -> Steps:
        """Each device runs its block and sends its class scores, 4·|C| bytes, to the local aggregator.

        A single device tests its scores itself and sends nothing (our choice). Returns the views that arrived.
        """
        work = self.work
        if self.aggregator is None:
            (camera,) = self.cameras
            if camera.skew:
                yield self.pause(camera.skew)
            yield self.compute(camera.node, joined([work["device"], work["local"]]), sample)
            return camera.mask
        views = yield self._reports(
            self.aggregator, sample, self.cameras, self.all_views, work["device"], self.cost.report
        )
        yield self.compute(self.aggregator.node, work["local"], sample)
        return views

    def _features(self, at: Collector, cameras: list[Camera], sample: int, views: int, captured: float) -> Features:
        """Each device sends its binarized features, f·o/8 bytes, because the sample did not leave at the local exit."""
        asked = [camera for camera in cameras if camera.mask & views]
        return at.features(at, sample, asked, REQUEST, self.cost.features, captured)

    def _devices_to_the_cloud(self, sample: int, views: int, captured: float) -> Steps:
        views = yield self._features(self.cloud, self.cameras, sample, views, captured)
        yield self.compute(self.cloud.node, self.work["cloud"], sample)
        return views

    def _on_the_edges(self, sample: int, views: int, captured: float) -> Steps:
        """Each edge fuses its own devices' features; their class scores meet at the first. Returns the edges' parts."""
        asked = [edge for edge in self.edges if edge.mask & views]
        gather = Gather(self.edges[0].at, sum(edge.mask for edge in asked))
        parts: dict[Edge, Part] = {}
        for edge in asked:
            aside(self._on_an_edge(edge, sample, views, captured, parts, gather))
        arrived = yield gather
        return {edge: part for edge, part in parts.items() if edge.mask & arrived}

    def _on_an_edge(
        self, edge: Edge, sample: int, views: int, captured: float, parts: dict[Edge, Part], gather: Gather
    ) -> Steps:
        views = yield self._features(edge.at, edge.cameras, sample, views, captured)
        yield self.compute(edge.at.node, self.work["edge"], sample)
        parts[edge] = Part(views, self.env.now)
        if edge.to_first is not None:
            yield self.send(edge.to_first, self.cost.report, sample)
        gather.arrived(edge)

    def _edges_to_the_cloud(self, sample: int, parts: dict[Edge, Part]) -> Steps:
        """Every edge sends its binarized features; returns the views in those that arrived."""
        gather = Gather(self.cloud, sum(edge.mask for edge in parts))
        for edge, part in parts.items():
            aside(self._up(edge, sample, part, gather))
        arrived = yield gather
        yield self.compute(self.cloud.node, self.work["cloud"], sample)
        return sum(part.views for edge, part in parts.items() if edge.mask & arrived)

    def _up(self, edge: Edge, sample: int, part: Part, gather: Gather) -> Steps:
        if edge.request is not None:
            yield self.send(edge.request, REQUEST, sample)
        if edge.at.node.failed_at > part.since:
            return  # its features were in its memory
        yield self.send(edge.to_cloud, self.cost.upload, sample)
        gather.arrived(edge)
