"""The simulated network: nodes and links built from their specs, and the routes between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from simnet.clock import Clock, seconds
from simnet.network.line import Span
from simnet.network.links.base import Carrier, Weights
from simnet.network.links.kinds import make_link
from simnet.network.links.medium import Medium
from simnet.network.links.spec import Link as LinkSpec
from simnet.network.networking import Networking
from simnet.network.nodes.battery import Meters
from simnet.network.nodes.kinds import make_node
from simnet.network.nodes.plain import Node
from simnet.network.nodes.queueing import Recorder
from simnet.network.nodes.sleep import Slept, Waits
from simnet.network.nodes.spec import Node as NodeSpec
from simnet.network.routing import Route, Router
from simnet.network.spans import Spans


class Topology:
    """All nodes and links, and what happens on them.

    Args:
        env: The clock.
        nodes: The machines by name.
        links: Each direction of every link.
        networking: How messages find their way and share links.
        lossy: Ends of the links that faults will make lose packets.
        seed: Of the random streams of losses and jitter, of links and nodes.
        weights: Name of those that run, for measured profiles.
        priorities: That of every sample, where they differ.

    Attributes:
        spans: Collects what happens.
        joined: The places in `spans` of those that ran in one batch with the span before them: start and end do not
            tell, since two workers may begin and end together.
        bandwidths: By a link's place, from when on it had which bandwidth: pairs of s and bytes/s, the first at 0 s.
    """

    def __init__(
        self,
        env: Clock,
        nodes: Mapping[str, NodeSpec],
        links: Sequence[LinkSpec],
        networking: Networking | None = None,
        *,
        lossy: Collection[tuple[str, str] | None] = (),
        seed: int = 1,
        weights: str = "",
        priorities: Sequence[int] = (),
    ) -> None:
        networking = networking or Networking()
        self.env = env
        self.spans = Spans()
        self.joined: list[int] = []
        meters = Meters(self.spans.append)
        powered = [name for name, spec in nodes.items() if spec.battery is not None]
        record = meters.record if powered else self.spans.append
        self._also: Recorder = self._join
        waits = Waits(record)
        if any(spec.power is not None and spec.power.wake_up for spec in nodes.values()):
            record, self._also = waits.telling(record), waits.telling(self._also)
        self.nodes = {
            name: self._make_node(record, name, spec, weights, priorities, seed) for name, spec in nodes.items()
        }
        for node in self.nodes.values():
            if node.sleeper is not None:
                node.sleeper.waits = waits
        self.batteries = {name: meters.add(self.nodes[name], nodes[name]) for name in powered}
        self.links: dict[tuple[str, str], Carrier] = {}
        self.bandwidths: dict[str, list[tuple[float, float]]] = {}
        self._router = Router(self.nodes, networking.routing)
        media: dict[str, Medium] = {}
        for spec in links:
            ends, shares = (spec.source, spec.target), networking.weights
            link = self.links[ends] = self._make_link(record, spec, seed, media, ends in lossy, shares)
            self.bandwidths[link.place] = [(0.0, link.bandwidth)]
            link.on_bandwidth.append(partial(self._note_bandwidth, link))
            meters.connect(*ends, link)
            self.nodes[spec.source].outgoing.append(link)
            self._router.add(spec, link)
        meters.begin()

    def _make_node(
        self, record: Recorder, name: str, spec: NodeSpec, weights: str, priorities: Sequence[int], seed: int
    ) -> Node:
        return make_node(self.env, record, name, spec, weights, priorities, also=self._also, seed=seed)

    def _make_link(
        self, record: Recorder, spec: LinkSpec, seed: int, media: dict[str, Medium], lossy: bool, weights: Weights
    ) -> Carrier:
        return make_link(self.env, record, spec, self.nodes[spec.target], seed, media, lossy, weights)

    def tier(self, tier: str) -> list[Node]:
        """The nodes of a tier, in their order."""
        return [node for node in self.nodes.values() if node.tier == tier]

    def route(self, source: Node, target: Node) -> Route:
        """The way from one node to another by the routing asked for, as links and nodes are up or down at any time.

        The scenario's checks see to it that there is one while all are up. There is one object for each pair, which may
        be kept.
        """
        return self._router.route(source.name, target.name)

    @property
    def hops(self) -> int:
        """Messages received at the end of a link so far."""
        spans, found = self.spans, 0
        for part in spans.chunks():
            arrived = (part.kind == spans.kinds.get("transfer")) & (part.status == spans.statuses.get("ok"))
            found += int(arrived.sum())
        return found

    @property
    def slept(self) -> dict[str, Slept]:
        """How those nodes have slept so far that ever do."""
        return {name: node.sleeper.slept() for name, node in self.nodes.items() if node.sleeper is not None}

    def close(self) -> None:
        """Record what is still under way when the run ends."""
        for node in self.nodes.values():
            node.close()
            if node.sleeper is not None:
                node.sleeper.close()
        for link in self.links.values():
            link.close()

    def _note_bandwidth(self, link: Carrier) -> None:
        self.bandwidths[link.place].append((seconds(self.env.now), link.bandwidth))

    def _join(self, span: Span) -> None:
        self.joined.append(len(self.spans))
        self.spans.append(span)
