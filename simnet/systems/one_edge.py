"""What DDNN as "algorithm 1" and ADA-DDNN have in common: devices report to one edge, which may ask the cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from simnet.clock import Limit, Signal
from simnet.models.graph import Graph, Part
from simnet.systems.base import Decision, Setting, needing
from simnet.systems.gathering import Gathering
from simnet.systems.options import OneEdgeOptions, SystemOptions
from simnet.systems.parts.attempt import Awaited
from simnet.systems.parts.compressing import Compressing
from simnet.systems.parts.forecast import transfers
from simnet.systems.parts.gather import Features, Way
from simnet.systems.parts.target import Pressure
from simnet.systems.roles import Place, Roles, cameras, one
from simnet.systems.traffic import feature_bytes

if TYPE_CHECKING:
    from simnet.network.routing import Route

REQUEST = 4
"""Bytes of the edge's request for a device's features: the number of the sample (our choice)."""


class OneEdge(Gathering):
    """Base of systems with devices, one edge and one cloud."""

    Options: ClassVar[type[SystemOptions]] = OneEdgeOptions
    roles = Roles(device=cameras(), edge=one("edge"), cloud=one("cloud"))

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, place, options = setting.network, setting.place, setting.options
        self.edge, self.cloud = self.hub, network.nodes[place.only("cloud")]
        self.upward: Way = network.route(self.edge, self.cloud)
        self.downward = None if options.reply.to == "none" else network.route(self.cloud, self.edge)
        self.cloud_limit = Limit(self.env, options.cloud_limit)
        self.features, self.upload = self.size("device"), self.size("edge")
        self._noted: dict[int, int] = {}
        self._chooses = getattr(options, "codec_above", None) is not None
        if self._chooses:
            self._compress(options.codec_above)
        self._soonest = _soonest(options)
        self._pressure: Pressure | None = None
        if (target := getattr(options, "latency_target", None)) is not None:
            self._pressure = Pressure(self.env, target, self.threshold.values())
            self.on_answer = self._pressure.answered
        self._at_edge, self._computing = set[int](), 0
        """Samples whose cloud's segment runs at the edge, or did, and how many of them run now."""
        self._call: Callable[[OneEdge, int], Signal] = _CloudCall if self.policy.retries is None else _RetriedCall
        if (guard := self.policy.guard("cloud", self.edge)) is not None:
            make = self._call
            self._call = lambda system, sample: guard(partial(make, system, sample))

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """The segments are device, edge and cloud, with a device for each view that a node sees."""
        super().fit(graph, place, options)
        needing(graph, "device", "edge", "cloud")

    @classmethod
    def hosts(cls, graph: Graph, place: Place, options: Any) -> dict[str, list[Part]]:
        """Each node the segment of its role; the edge the cloud's, too, where it may have to run it."""
        found = super().hosts(graph, place, options)
        if _soonest(options):
            found[place.only("edge")] = [*found[place.only("edge")], *graph.parts_of("cloud")]
        return found

    def _compress(self, above: float) -> None:
        """Let every message of features be coded or not, as the bandwidth is when it is sent."""
        network = self.setting.network
        plain = {name: feature_bytes(self.graph, "fp32", name) for name in ("device", "edge")}
        more = plain["device"] - self.features

        def way(old: Way, route: Route, arcs: int, sizes: Mapping[int, int]) -> Compressing:
            return Compressing(old, route, sizes, above, self.coded & self.graph.coded(arcs), self._noted)

        reports = {plain["device"]: self.features}
        if not self.on_request:
            reports = {self._report + more: self._report}
            self._report += more
        for number, camera in enumerate(self.cameras):
            up = way(camera.uplink, network.route(camera.node, self.edge), camera.mask, reports)
            self.cameras[number] = camera._replace(uplink=up, features=up)
        sizes = {plain["edge"]: self.upload}
        self.upward = way(self.upward, network.route(self.edge, self.cloud), self.graph.arcs_from(Part("edge")), sizes)
        self.features, self.upload = plain["device"], plain["edge"]

    def decide(self, exit_name: str, sample: int, upstream: int, coded: int | None = None) -> Decision:
        """See `System.decide`; features came as each message was coded."""
        if coded is None and self._chooses:
            coded = self._noted.get(sample, 0)
        if sample in self._at_edge:  # the edge's features have not left it
            coded = (self.coded if coded is None else coded) & ~self.graph.coded(self.graph.arcs_from(Part("edge")))
        return super().decide(exit_name, sample, upstream, coded)

    def leaves(self, decision: Decision) -> bool:
        """See `System.leaves`; with a latency target the thresholds are as loose as the load demands."""
        if self._pressure is None:
            return super().leaves(decision)
        return decision.measure < self.threshold[decision.exit] * self._pressure.factor

    def policy_report(self) -> Mapping[str, Any]:
        """With what the latency target did."""
        more = {} if self._pressure is None else {"latency_target": self._pressure.report()}
        return {**super().policy_report(), **more}

    def fetch(self, sample: int, reported: int, captured: int) -> Features:
        """Ask the devices that reported for their features, one message of `REQUEST` bytes each.

        The signal fires with the mask of what arrived, when all have or `wait` seconds after the first; with 0 when
        none has arrived within `cloud_limit` (our choice). Raises Lost when the edge goes down.
        """
        asked = [camera for camera in self.cameras if reported & camera.mask]
        return self._features(self.collector, sample, asked, REQUEST, self.features, captured, self.cloud_limit)

    def compute_at_edge(self, sample: int) -> Signal:
        """Run the edge segment; raises Lost when the edge goes down meanwhile."""
        done = Signal(self.env)
        self.edge.compute(sample, self.work["edge"], done.fire, done.lose, f"{self.edge.tier} down")
        return done

    def ask_cloud(self, sample: int) -> Signal:
        """Send the edge's features up and run the cloud segment; the signal fires with True when its reply is there.

        None after `cloud_limit` seconds: then the edge's own answer counts, and the cloud's, should it still come, is
        late. Raises Lost when the edge goes down meanwhile.

        With `last_segment: soonest` [I] the edge runs that segment itself where this is predicted to be sooner.
        """
        if not self._soonest or self._cloud_is_sooner():
            return self._call(self, sample)
        self._at_edge.add(sample)
        done = self.compute(self.edge, self.work["cloud"], sample)
        if not done.settled:  # by a queue that is full
            self._computing += 1
            done.callbacks.append(self._computed)
        return done

    def _computed(self, _: Any) -> None:
        self._computing -= 1

    def _cloud_is_sooner(self) -> bool:
        """Whether upload, computing and the way back are predicted to take less than what the edge has to do.

        Nodes count with their present load and slowness, links with their present bandwidth, which the edge knows
        without asking; of what waits only the cloud's segments at the edge are known (our choice).
        """
        work, network = self.work["cloud"], self.setting.network
        here = (self._computing + 1) * self.edge.seconds(work) * self.edge.pace
        there = transfers([(network.route(self.edge, self.cloud), self.size("edge"))])[0]
        there += self.cloud.seconds(work) * self.cloud.pace
        if self.downward is not None:
            there += transfers([(self.downward, self.reply_size)])[0]
        return there < here


def _soonest(options: Any) -> bool:
    """Whether the cloud's segment runs wherever it is done sooner; a user's system may have no such key."""
    return getattr(options, "last_segment", "cloud") == "soonest"


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
