"""Neurosurgeon (Kang et al., ASPLOS 2017): a chain of segments without exits, cut where latency is predicted least.

The paper cuts a DNN's layers once, between a phone and a cloud, by predicted times and the present bandwidth [R]. Here
segments are cut twice, for devices, an edge and a cloud; what is known of nodes and links, and when, is ours [I].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from pydantic import Field

from simnet.clock import Signal, ticks
from simnet.language.quantities import Time
from simnet.models.graph import INPUT, Graph, Part
from simnet.network.work import joined
from simnet.systems.base import Decision, Lifeline, Setting, System
from simnet.systems.baselines.one_exit import ALL_LEAVE, NOBODY_IS_ASKED, ancestors
from simnet.systems.options import EdgeOptions, SystemOptions
from simnet.systems.parts.forecast import transfers
from simnet.systems.parts.gather import Camera, Collector
from simnet.systems.roles import Place, Roles, Unfit, cameras, one

if TYPE_CHECKING:
    from simnet.network.nodes.plain import Node
    from simnet.network.work import Work


class NeurosurgeonOptions(EdgeOptions):
    """Keys of Neurosurgeon."""

    period: Annotated[Time, Field(gt=0)] = 1.0
    """How long a cut holds: the first sample that is captured later has it chosen anew."""


class Cut(NamedTuple):
    """The first `devices` segments of the chain run on the devices, those before `edge` at the edge, the others in the
    cloud."""

    devices: int
    edge: int


class Neurosurgeon(System):
    """Every sample runs through all segments; which node runs which is decided anew each `period`.

    Predicted is the latency of one sample that meets no other: the slowest device, its way, the edge, the way on, the
    cloud, the answer's way back to the edge. Nodes count with their present load and slowness, links with their present
    bandwidth; that they are known costs nothing [I]. Samples under way keep their cut. Of equally good cuts the one
    with most on the devices is taken, then the one with most at the edge.
    """

    Options: ClassVar[type[SystemOptions]] = NeurosurgeonOptions
    roles = Roles(device=cameras(), edge=one("edge"), cloud=one("cloud"))
    usual_weights = "ada-ddnn"

    @classmethod
    def exits_of(cls, options: Any, graph: Graph | None) -> tuple[str, ...] | None:
        """The last exit only."""
        return None if graph is None else (list(graph.exits)[-1],)

    @classmethod
    def idle_keys(cls, options: Any) -> Mapping[str, str]:
        """Nothing is tested, nobody asked, and reports meet in other places from time to time."""
        moving = "here: where reports meet depends on the cut"
        return {
            **dict.fromkeys(("thresholds", "rule", "budget"), f"here: {ALL_LEAVE}"),
            **dict.fromkeys(("cloud_limit", "retry", "breaker"), f"here: {NOBODY_IS_ASKED}"),
            **dict.fromkeys(("heartbeat", "policies"), moving),
        }

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """The segments that the last exit takes must be a chain."""
        super().fit(graph, place, options)
        names = chain(graph)
        for before, name in zip((INPUT, *names), names, strict=False):
            for take in graph.segments[name].takes:
                if (take.source, take.what) != (before, "features"):
                    raise Unfit(f"it cuts a chain of segments; '{name}' takes {take.what} of '{take.source}'")

    @classmethod
    def hosts(cls, graph: Graph, place: Place, options: Any) -> dict[str, list[Part]]:
        """Whoever may have to run a segment has it: devices those of their view alone, edge and cloud all."""
        names = chain(graph)
        found = {name: parts_of_view(graph, names, view) for name, view in place.views.items()}
        everything = [part for name in names for part in graph.parts_of(name)]
        return {**found, place.only("edge"): everything, place.only("cloud"): list(everything)}

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, place, options, graph = setting.network, setting.place, setting.options, self.graph
        self.edge, self.cloud = network.nodes[place.only("edge")], network.nodes[place.only("cloud")]
        self.upward, self.downward = network.route(self.edge, self.cloud), network.route(self.cloud, self.edge)
        self.replies = options.reply.to != "none"
        self.chain, self.exit = chain(graph), list(graph.exits)[-1]
        self.sites = {node: Collector(self.env, node, options.wait) for node in (self.edge, self.cloud)}
        self.cameras: dict[Node, list[Camera]] = {}
        """By where their reports meet."""
        for node in self.sites:
            self.cameras[node] = []
            for name, view in place.views.items():
                camera, way = network.nodes[name], network.route(network.nodes[name], node)
                mask, skew = graph.arcs_from(Part(INPUT, view)), ticks(setting.skews.get(name, 0.0))
                self.cameras[node].append(Camera(camera, mask, way, way, None, skew))
        self.everyone = sum(camera.mask for camera in self.cameras[self.edge])
        self.onward = graph.all & ~graph.arcs_from(*(Part(INPUT, view) for view in range(graph.views)))
        self.cuts = list(cuts(graph, self.chain, place))
        self._coded = {cut: self.coded_between(self._hosts_of(cut)) for cut in self.cuts}
        self._works: dict[tuple[int, int, int], Work] = {}
        self.cut = self.cuts[0]
        self._chosen = -1
        """When that was, by the clock; −1: not yet."""
        self._on_the_spot = set[int]()
        """Samples whose answer is on the only device."""
        self._used = dict.fromkeys(self.cuts, 0)
        self._changes = 0

    def classify(self, sample: int) -> Lifeline:
        """A sample passes the segments on the nodes that the cut gives them; the last exit answers."""
        self.choose()
        cut, whole = self.cut, len(self.chain)
        devices, edge = cut
        self._used[cut] += 1
        meeting = self.edge if devices < edge else self.cloud
        if devices == whole:  # only one camera, which has the answer itself
            arrived = self.everyone
            yield self.compute(self.cameras[self.edge][0].node, self._work(0, whole, arrived), sample)
            self._on_the_spot.add(sample)
        else:
            gathered = self.cameras[meeting]
            collect, work = self.sites[meeting], self._on_device(devices)
            report = self.sent_by(devices)
            arrived = yield collect.reports_of(gathered)(collect, sample, gathered, self.everyone, work, report)
            if devices < edge:
                yield self.compute(self.edge, self._work(devices, edge, arrived), sample)
            if edge < whole:
                if devices < edge:
                    yield self.send(self.upward, self._upload(edge, arrived), sample)
                yield self.compute(self.cloud, self._work(edge, whole, arrived), sample)
                if self.replies:
                    yield self.send(self.downward, self.reply_size, sample)
        return self.decide(self.exit, sample, arrived, self._coded[cut])

    def choose(self) -> None:
        """Take the cut of least predicted latency, if the present one has held for a period.

        A cut with a node that is down, or without a way, is none; without any the present one stays.
        """
        if self._chosen >= 0 and self.env.now - self._chosen < ticks(self.options.period):
            return
        best = min(self.cuts, key=self.predicted)
        if self.predicted(best) < inf:
            self._changes += self._chosen >= 0 and best != self.cut
            self.cut = best
            self.coded = self._coded[best]
        self._chosen = self.env.now

    def predicted(self, cut: Cut) -> float:
        """Seconds from the capture to the answer with a cut, as everything is now; `inf` where it cannot be.

        Of all views, but devices that are down, or from which there is no way, send nothing.
        """
        devices, edge = cut
        whole, everyone = len(self.chain), self.everyone
        meeting = self.edge if devices < edge else self.cloud
        senders, work = [one for one in self.cameras[meeting] if one.node.up], self._on_device(devices)
        routes = [self.setting.network.route(camera.node, meeting) for camera in senders]
        if devices < whole:
            senders = [camera for camera, route in zip(senders, routes, strict=True) if route.links]
            routes = [route for route in routes if route.links]
        computing = [0.0 if work is None else _expected(camera.node, work) for camera in senders]
        if devices == whole or not senders:
            return max(computing, default=inf)
        report = self.sent_by(devices)
        ways = transfers([(route, report) for route in routes])
        total = max(a + b for a, b in zip(computing, ways, strict=True))
        if devices < edge:
            total += _expected(self.edge, self._work(devices, edge, everyone))
        if edge < whole:
            if devices < edge:
                total += transfers([(self.upward, self._upload(edge, everyone))])[0]
            total += _expected(self.cloud, self._work(edge, whole, everyone))
            if self.replies:
                total += transfers([(self.downward, self.reply_size)])[0]
        return total

    def answered_at(self, exit_name: str) -> Node | None:
        """At the edge, to which the cloud's answer comes back."""
        return self.edge

    def deliver(self, sample: int, decision: Decision, got: Callable[[], None]) -> Signal:
        """See `System.deliver`; what the only device answered itself need not travel."""
        if sample not in self._on_the_spot:
            return super().deliver(sample, decision, got)
        got()
        there = Signal(self.env)
        there.fire()
        return there

    def policy_report(self) -> Mapping[str, Any]:
        """Samples by cut, named by the segments of devices, edge and cloud, and how often the cut changed."""
        samples = {self.named(cut): count for cut, count in self._used.items() if count}
        return {"cuts": {"samples": samples, "changes": self._changes}}

    def named(self, cut: Cut) -> str:
        """The segments on devices, edge and cloud: ``device | edge | cloud``."""
        names = self.chain
        parts = (names[: cut.devices], names[cut.devices : cut.edge], names[cut.edge :])
        return " | ".join("+".join(part) or "–" for part in parts)

    def sent_by(self, devices: int) -> int:
        """Bytes that each device sends: its view as it is, or the features of its last segment."""
        return self.size(self.chain[devices - 1]) if devices else self.graph.raw_view

    def _upload(self, edge: int, arrived: int) -> int:
        """Bytes from the edge to the cloud: the features of all copies of its last segment that have any, at once."""
        name = self.chain[edge - 1]
        return self.size(name) * sum(
            self.graph.alive(part, arrived | self.onward) for part in self.graph.parts_of(name)
        )

    def _on_device(self, devices: int) -> Work | None:
        return joined(self.work[name] for name in self.chain[:devices]) if devices else None

    def _work(self, begin: int, end: int, arrived: int) -> Work:
        """Segments of the chain in one call, each of their copies that has something to work on."""
        key = begin, end, arrived
        if key not in self._works:
            parts = [part for name in self.chain[begin:end] for part in self.graph.parts_of(name)]
            alive = [part for part in parts if self.graph.alive(part, arrived | self.onward)]
            self._works[key] = joined(self.work[part.segment] for part in alive)
        return self._works[key]

    def _hosts_of(self, cut: Cut) -> dict[str, list[Part]]:
        place, graph = self.setting.place, self.graph
        found = {name: parts_of_view(graph, self.chain[: cut.devices], view) for name, view in place.views.items()}
        for role, names in (("edge", self.chain[cut.devices : cut.edge]), ("cloud", self.chain[cut.edge :])):
            found[place.only(role)] = [part for name in names for part in graph.parts_of(name)]
        return found


def chain(graph: Graph) -> tuple[str, ...]:
    """The segments that the last exit takes, its own among them, in order."""
    last = list(graph.exits.values())[-1].name
    return tuple(dict.fromkeys(part.segment for part in ancestors(graph, last)))


def cuts(graph: Graph, names: Sequence[str], place: Place) -> Sequence[Cut]:
    """All cuts of a chain, most on the devices first, then most at the edge.

    A device runs no segment that takes of several views.
    """
    whole = len(names)
    views = sorted(place.views.values())
    most = 0
    while most < whole and all(len(parts_of_view(graph, names[most : most + 1], view)) == 1 for view in views):
        most += 1
    return [Cut(devices, edge) for devices in range(most, -1, -1) for edge in range(whole, devices - 1, -1)]


def parts_of_view(graph: Graph, names: Sequence[str], view: int) -> list[Part]:
    """The parts of some segments that take of one view and no other."""
    parts = [part for name in names for part in graph.parts_of(name)]
    return [part for part in parts if graph.views_of(part, graph.all) == 1 << view]


def _expected(node: Node, work: Work) -> float:
    """Seconds of a call at the present pace, without waiting and jitter; `inf` where the node is down."""
    return node.seconds(work) * node.pace if node.up else inf
