"""DDNN (Teerapittayanon, McDanel, Kung 2017): a network mapped on devices, edges and a cloud, with an exit at each.

Tiers and exits are the paper's [S], what is sent the authors' public code's [R]; limits, failures and how several edges
answer together are ours [I], see docs/scenario.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from simnet.clock import Limit, Order, Signal, seconds, ticks
from simnet.models.graph import INPUT, Graph, Part
from simnet.network.work import joined
from simnet.systems.base import Lifeline, Setting, System, needing, parts_seeing
from simnet.systems.gathering import all_view_arcs, view_arcs
from simnet.systems.options import EdgeOptions, SystemOptions
from simnet.systems.parts.attempt import Steps, Work, aside
from simnet.systems.parts.gather import Camera, Collector, Features, Gather
from simnet.systems.policies.policy import Policy
from simnet.systems.policies.retry import RetriedWork
from simnet.systems.roles import Place, Roles, Unfit, cameras, maybe, one, some
from simnet.systems.traffic import Message, feature_bytes

if TYPE_CHECKING:
    from simnet.network.nodes.plain import Node
    from simnet.network.routing import Route

REQUEST = 0
"""Bytes of a request for features: the published formula charges none [R]. It takes the links' time and header."""
Call = Callable[..., Signal]
"""(exit, steps, their arguments) to a signal: what the steps bring, or None when its result is not there in time."""

Tiers = Literal[
    "cloud only", "device+cloud", "devices+cloud", "device+edge+cloud", "devices+edge+cloud", "devices+edges+cloud"
]
"""The six configurations [R]."""
TIERS: tuple[Tiers, ...] = get_args(Tiers)


class TieredOptions(EdgeOptions):
    """Keys of DDNN of 2017."""

    tiers: Tiers = "devices+cloud"
    """Which of the six configurations [R]."""


@dataclass(frozen=True, eq=False)
class Edge:
    """An edge, the arcs of the devices that it serves, their cameras, its part of the network, and its ways.

    The first edge has none to itself.
    """

    at: Collector
    mask: int
    cameras: list[Camera]
    to_cloud: Route
    to_first: Route | None
    request: Route | None
    """From the first edge."""


@dataclass(frozen=True)
class Fused:
    """What an edge has fused: what had arrived, and when, by the clock."""

    arrived: int
    since: int


class Ddnn2017(System):
    """Devices with binarized features and class scores, a local aggregator, no, one or several edges, a cloud."""

    Options: ClassVar[type[SystemOptions]] = TieredOptions
    exits = ("local", "edge", "cloud")
    codecs = ("binary",)
    one_site = True

    @classmethod
    def roles_of(cls, options: Any) -> Roles:
        """The local aggregator is on the gateway or, without one, on the first edge; a single device needs none."""
        tiers = options.tiers
        if tiers == "cloud only":
            return Roles(device=cameras(), cloud=one("cloud"))
        single = tiers.startswith("device+")
        edges = {"edges": some("edge", 2)} if "+edges+" in tiers else {"edge": one("edge")} if "+edge+" in tiers else {}
        gateway = {} if single else {"gateway": maybe("gateway") if edges else one("gateway")}
        return Roles(device=cameras(1, 1) if single else cameras(2), **gateway, **edges, cloud=one("cloud"))

    @classmethod
    def exits_of(cls, options: Any, graph: Graph | None) -> tuple[str, ...]:
        """`cloud only` has no local exit, and without edges there is no edge exit."""
        if options.tiers == "cloud only":
            return ("cloud",)
        return cls.exits if "edge" in options.tiers else ("local", "cloud")

    @classmethod
    def idle_keys(cls, options: Any) -> Mapping[str, str]:
        """A single device reports to nobody; the cloud alone asks no next exit."""
        with_these = f"with tiers '{options.tiers}'"
        if options.tiers == "cloud only":
            why = f"{with_these}: there is no exit before the cloud's that could ask it"
            return dict.fromkeys(("retry", "breaker"), why)
        if options.tiers.startswith("device+"):
            why = f"{with_these}: the only device tests the local exit itself, and nobody waits for its report"
            return {"heartbeat": why}
        return {}

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """The weights must be for these tiers, these views and as many edges."""
        needing(graph, "device", "local", "cloud")
        devices, groups = seen(graph), edge_groups(graph)
        made = tiers_for(len(devices), len(groups))
        if options.tiers not in (made, "cloud only"):
            raise Unfit(f"the weights are for tiers '{made}' or 'cloud only', not '{options.tiers}'")
        if sorted(place.views.values()) != devices:
            wanted, there = (", ".join(str(v + 1) for v in views) for views in (devices, sorted(place.views.values())))
            raise Unfit(f"the weights are for views {wanted}; the devices see {there}")
        edges = edges_of(place)
        if options.tiers != "cloud only" and len(edges) != len(groups):
            raise Unfit(f"the weights need {len(groups)} nodes of tier 'edge', found {len(edges)}: {', '.join(edges)}")
        if len({len(group) for group in groups}) > 1:
            raise Unfit("the weights have edges of different size, but their card has the cost of one only")

    @classmethod
    def hosts(cls, graph: Graph, place: Place, options: Any) -> dict[str, list[Part]]:
        """A device's block on each device, the aggregator where the reports meet, an edge's part on each edge."""
        cloud = place.only("cloud")
        if options.tiers == "cloud only":
            return {cloud: [part for part in graph.parts if part.segment not in ("local", "edges")]}
        found = {name: list(parts_seeing(graph, "device", view)) for name, view in place.views.items()}
        for name, part in zip(
            edges_of(place), graph.parts_of("edge") if "edge" in graph.segments else (), strict=False
        ):
            found[name] = [part]
        found[cloud] = [Part("cloud")]
        meeting = aggregator_of(place)
        for name in place.views if meeting is None else (meeting,):
            found.setdefault(name, []).append(Part("local"))
        return found

    @classmethod
    def ways(cls, place: Place) -> Iterator[tuple[str, str]]:
        """Devices to where their reports meet and to their edges, these to each other and to the cloud."""
        cloud, edges = place.only("cloud"), edges_of(place)
        hubs = [*([meeting] if (meeting := aggregator_of(place)) else []), *edges, cloud]
        for name in place.views:
            yield name, hubs[0]
        for hub in hubs[1:]:
            yield hubs[0], hub

    @classmethod
    def messages(cls, graph: Graph, codec: str) -> list[Message]:
        """Scores always, 4·|C| bytes; features at one bit a value, only when the sample did not leave locally [R]."""
        after = next(name for name in graph.exits if name != "local")
        edge = [Message("edge", "cloud", feature_bytes(graph, codec, "edge"))] if "edge" in graph.segments else []
        return [
            Message("device", "local", graph.score_bytes),
            Message("device", after, feature_bytes(graph, codec, "device")),
            *edge,
        ]

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, place, options = setting.network, setting.place, setting.options
        graph = self.graph
        self.cloud_only = options.tiers == "cloud only"
        self.cloud_limit = Limit(self.env, options.cloud_limit)
        self.policy = policy = Policy(self.env, options, len(place.views))
        nodes, route = network.nodes, network.route
        meeting = None if self.cloud_only else aggregator_of(place)
        reports_meet = place.only("cloud") if self.cloud_only else meeting

        def collector(name: str) -> Collector:
            if name == reports_meet:
                return policy.collector(nodes[name])
            return Collector(self.env, nodes[name], options.wait)

        self.cloud = collector(place.only("cloud"))
        edges = [] if self.cloud_only else edges_of(place)
        groups = [sum(1 << view for view in group) for group in edge_groups(graph)] if edges else []
        sites = [collector(name) for name in edges]
        self.aggregator: Collector | None = None
        if meeting is not None:
            here = [site for site in sites if site.node.name == meeting]
            self.aggregator = here[0] if here else collector(meeting)
        self.cameras: list[Camera] = []
        served: list[list[Camera]] = [[] for _ in sites]
        for name, view in place.views.items():
            number = next((n for n, group in enumerate(groups) if group >> view & 1), None)
            node, up = nodes[name], (self.cloud if number is None else sites[number]).node
            hub = self.aggregator.node if self.aggregator else up
            mask = view_arcs(graph, "device", view)
            uplink = policy.followed(node, mask, route(node, hub))
            features = uplink if hub is up else route(node, up)
            request = route(hub, node) if self.aggregator else None
            camera = Camera(node, mask, uplink, features, request, ticks(setting.skews.get(name, 0.0)))
            self.cameras.append(camera)
            if number is not None:
                served[number].append(camera)
        self.everyone = sum(camera.mask for camera in self.cameras)
        self.onward = graph.all & ~all_view_arcs(graph, "device")
        self._reports = (self.aggregator or self.cloud).reports_of(self.cameras)
        self.edges = [
            Edge(
                site,
                sum(camera.mask for camera in mine),
                mine,
                route(site.node, self.cloud.node),
                route(site.node, sites[0].node) if site is not sites[0] else None,
                route(sites[0].node, site.node) if site is not sites[0] else None,
            )
            for site, mine in zip(sites, served, strict=True)
        ]
        self._local = self.aggregator.node if self.aggregator else self.cameras[0].node
        self._holder = {"edge": self._local, "cloud": sites[0].node} if sites else {"cloud": self._local}
        self._call: Call = self._once if policy.retries is None else self._repeatedly
        self._guard = {name: one for name, node in self._holder.items() if (one := policy.guard(name, node))}
        if self._guard:
            self._await: Call = self._unless_open
        else:
            self._await = self._call
        cloud, last = self.cloud.node, self._holder["cloud"]
        self._back = None if options.reply.to == "none" or self.cloud_only else route(cloud, last)
        self.report = graph.score_bytes
        self.features, self.upload = self.size("device"), self.size("edge") if "edge" in self.graph.segments else 0

    def classify(self, sample: int) -> Lifeline:
        """A sample leaves at the first exit that is sure, from the devices upward [S]; the cloud always answers."""
        if self.cloud_only:
            arrived = yield from self._all_in_the_cloud(sample)
            return self.decide("cloud", sample, arrived)
        captured = self.env.now
        reported = yield from self._on_the_devices(sample)
        local = self.decide("local", sample, reported)
        if self.leaves(local):
            return local
        if self.edges:
            fused = yield self._await("edge", self._on_the_edges, sample, reported, captured)
            if not fused:
                return local._replace(forced=True)
            edge = self.decide("edge", sample, sum(one.arrived for one in fused.values()))
            if self.leaves(edge):
                return edge
            arrived = yield self._await("cloud", self._edges_to_the_cloud, sample, fused)
            if not arrived:
                return edge._replace(forced=True)
        else:
            arrived = yield self._await("cloud", self._devices_to_the_cloud, sample, reported, captured)
            if not arrived:
                return local._replace(forced=True)
        return self.decide("cloud", sample, arrived)

    def answered_at(self, exit_name: str) -> Node | None:
        """The local exit's where the reports meet, the edges' at the first of them, the cloud's where it was asked."""
        if self.cloud_only:
            return self.cloud.node
        return self._local if exit_name == "local" else self._holder["cloud"]

    def policy_report(self) -> Mapping[str, Any]:
        """Heartbeats, repetitions and breakers."""
        return self.policy.report()

    def _once(self, exit_name: str, steps: Callable[..., Steps], *what: Any) -> Signal:
        """The next exit's result, which `steps` bring to the holder of the last answer, or None after `cloud_limit`."""
        return Work(self._holder[exit_name], self.cloud_limit, steps(*what))

    def _repeatedly(self, exit_name: str, steps: Callable[..., Steps], *what: Any) -> Signal:
        """The same; without a result all the steps are begun again: requests, features, computing (our choice)."""
        assert self.policy.retries is not None
        return RetriedWork(self._holder[exit_name], self.cloud_limit, self.policy.retries, partial(steps, *what))

    def _unless_open(self, exit_name: str, steps: Callable[..., Steps], *what: Any) -> Signal:
        """The same, or None at once while the circuit to the next exit is open."""
        return self._guard[exit_name](partial(self._call, exit_name, steps, *what))

    def _all_in_the_cloud(self, sample: int) -> Steps:
        """The first baseline: raw views to the cloud, which runs all segments; returns what arrived."""
        raw = self.graph.raw_view
        arrived = yield self._reports(self.cloud, sample, self.cameras, self.everyone, None, raw)
        views = sum(camera.mask & arrived > 0 for camera in self.cameras)
        edges = self.graph.segments["edge"].copies if "edge" in self.graph.segments else 0
        names = ["device"] * views + ["edge"] * edges + ["cloud"]
        yield self.compute(self.cloud.node, joined(self.work[name] for name in names), sample)
        return arrived

    def _on_the_devices(self, sample: int) -> Steps:
        """Each device runs its block and sends its class scores, 4·|C| bytes, to the local aggregator.

        A single device tests its scores itself and sends nothing (our choice). Returns what arrived.
        """
        work = self.work
        if self.aggregator is None:
            (camera,) = self.cameras
            if camera.skew:
                yield self.pause(seconds(camera.skew), Order.CAPTURE)
            yield self.compute(camera.node, joined([work["device"], work["local"]]), sample)
            return camera.mask
        reported = yield self._reports(
            self.aggregator, sample, self.cameras, self.everyone, work["device"], self.report
        )
        yield self.compute(self.aggregator.node, work["local"], sample)
        return reported

    def _features(self, at: Collector, cameras: list[Camera], sample: int, reported: int, captured: int) -> Features:
        """Each device sends its binarized features, f·o/8 bytes, because the sample did not leave at the local exit."""
        asked = [camera for camera in cameras if camera.mask & reported]
        return at.features(at, sample, asked, REQUEST, self.features, captured)

    def _devices_to_the_cloud(self, sample: int, reported: int, captured: int) -> Steps:
        arrived = yield self._features(self.cloud, self.cameras, sample, reported, captured)
        yield self.compute(self.cloud.node, self.work["cloud"], sample)
        yield from self._reply(sample)
        return arrived

    def _reply(self, sample: int) -> Steps:
        """The cloud's answer comes back to who asked."""
        if self._back is not None:
            yield self.send(self._back, self.reply_size, sample)

    def _on_the_edges(self, sample: int, reported: int, captured: int) -> Steps:
        """Each edge fuses its own devices' features; their class scores meet at the first. Returns what edges fused."""
        asked = [edge for edge in self.edges if edge.mask & reported]
        gather = Gather(self.edges[0].at, sum(edge.mask for edge in asked))
        fused: dict[Edge, Fused] = {}
        for edge in asked:
            aside(self.env, self._on_an_edge(edge, sample, reported, captured, fused, gather))
        arrived = yield gather
        return {edge: one for edge, one in fused.items() if edge.mask & arrived}

    def _on_an_edge(
        self, edge: Edge, sample: int, reported: int, captured: int, fused: dict[Edge, Fused], gather: Gather
    ) -> Steps:
        arrived = yield self._features(edge.at, edge.cameras, sample, reported, captured)
        yield self.compute(edge.at.node, self.work["edge"], sample)
        fused[edge] = Fused(arrived, self.env.now)
        if edge.to_first is not None:
            yield self.send(edge.to_first, self.report, sample)
        gather.arrived(edge)

    def _edges_to_the_cloud(self, sample: int, fused: dict[Edge, Fused]) -> Steps:
        """Every edge sends its binarized features; returns what was in those that arrived."""
        gather = Gather(self.cloud, sum(edge.mask for edge in fused))
        for edge, held in fused.items():
            aside(self.env, self._up(edge, sample, held, gather))
        arrived = yield gather
        yield self.compute(self.cloud.node, self.work["cloud"], sample)
        yield from self._reply(sample)
        return sum(held.arrived for edge, held in fused.items() if edge.mask & arrived)

    def _up(self, edge: Edge, sample: int, fused: Fused, gather: Gather) -> Steps:
        if edge.request is not None:
            yield self.send(edge.request, REQUEST, sample)
        if edge.at.node.failed_at > fused.since:
            return  # its features were in its memory
        yield self.send(edge.to_cloud, self.upload, sample)
        gather.arrived(edge)


def tiers_for(devices: int, edges: int) -> str:
    """The configuration that weights for so many devices and edges are made for; all of them run in the cloud, too."""
    edge = {0: "", 1: "+edge"}.get(edges, "+edges")
    return f"device{'' if devices == 1 else 's'}{edge}+cloud"


def edges_of(place: Place) -> tuple[str, ...]:
    """The edges that fuse."""
    return place.nodes.get("edges", place.nodes.get("edge", ()))


def aggregator_of(place: Place) -> str | None:
    """Where reports meet; None where a single device tests the local exit itself."""
    if "gateway" not in place.nodes:
        return None
    return [*place.nodes["gateway"], *edges_of(place)][0]


def seen(graph: Graph) -> list[int]:
    """The views that there is a device for."""
    parts = graph.parts_of("device")
    return sorted(graph.arcs[arc].source.copy for part in parts for arcs in graph.into[part] for arc in arcs)


def edge_groups(graph: Graph) -> list[list[int]]:
    """The views of each edge."""
    if "edge" not in graph.segments:
        return []
    sources = [[graph.arcs[arc].source for arcs in graph.into[part] for arc in arcs] for part in graph.parts_of("edge")]
    return [[graph.arcs[graph.into[s][0][0]].source.copy for s in group if s.segment != INPUT] for group in sources]
