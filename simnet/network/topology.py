"""The simulated network: nodes and links built from a scenario, and routes over the graph they form (networkx)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any

import networkx as nx
from simpy import Environment

from simnet.network.line import Callback, FifoLine, Span
from simnet.scenario import Scenario
from simnet.scenario.names import LINK_ARROW
from simnet.scenario.schema import Link as LinkSpec
from simnet.scenario.schema import Node as NodeSpec


class Node:
    """A computer: a FIFO line of `workers`; a call takes FLOP / speed + overhead. While it is down it does nothing."""

    def __init__(self, env: Environment, spans: list[Span], name: str, spec: NodeSpec) -> None:
        self.env, self.name, self.tier = env, name, spec.tier
        self.up = True
        self.failed_at = -inf
        """When it last went down, in seconds: what it held in memory before is gone."""
        self.outgoing: list[Link] = []
        self.on_down: list[Callable[[], None]] = []
        """Called when the node goes down."""
        self._speed, self._overhead, self._slow = spec.speed, spec.overhead, 1.0
        self._line = FifoLine(env, spans, name, "compute", spec.workers)

    def compute(self, sample: int, flop: float, done: Callback, lost: Callback, token: Any) -> None:
        """Run a segment of `flop` FLOP for one sample; `lost` is called at once when the node is down."""
        if self.up:
            service = (flop / self._speed + self._overhead) * self._slow
            self._line.submit(sample, service, 0, done, lost, token)
        else:
            lost(token)

    def set_state(self, up: bool, slow: float) -> None:
        """Go up or down, run `slow` times slower; on going down, work in progress and unsent messages are lost."""
        if slow != self._slow:
            self._line.stretch(slow / self._slow)
            self._slow = slow
        if self.up and not up:
            self.up, self.failed_at = False, self.env.now
            self._line.lose()
            for link in self.outgoing:
                link.lose(unserved_only=True)
            for forget in self.on_down:
                forget()
        self.up = up

    def close(self) -> None:
        """Record unfinished work at the end of a run."""
        self._line.close()


class Link(FifoLine):
    """One direction of a link: messages are transmitted one after another, then propagate for `latency` seconds."""

    def __init__(self, env: Environment, spans: list[Span], spec: LinkSpec, target: Node) -> None:
        super().__init__(env, spans, f"{spec.source}{LINK_ARROW}{spec.target}", "transfer", 1, spec.latency, target)
        self._bandwidth, self._header = spec.bandwidth, spec.header

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Send `size` bytes plus the header; `lost` is called at once when the link is down."""
        if self.up:
            size += self._header
            self.submit(sample, size / self._bandwidth, size, done, lost, token)
        else:
            lost(token)

    def set_state(self, up: bool, bandwidth: float) -> None:
        """Go up or down, change the bandwidth (bytes/s); going down loses every message in flight."""
        if bandwidth != self._bandwidth:
            self.stretch(self._bandwidth / bandwidth)
            self._bandwidth = bandwidth
        if self.up and not up:
            self.up = False
            self.lose()
        self.up = up


@dataclass(frozen=True)
class _Relay:
    """A message under way over several links: stored and forwarded at each node between them."""

    links: Sequence[Link]
    sample: int
    size: int
    done: Callback
    lost: Callback

    def hop(self, state: tuple[int, Any]) -> None:
        number, token = state
        last = number == len(self.links) - 1
        link = self.links[number]
        if last:
            link.send(self.sample, self.size, self.done, self.lost, token)
        else:
            link.send(self.sample, self.size, self.hop, self.drop, (number + 1, token))

    def drop(self, state: tuple[int, Any]) -> None:
        self.lost(state[1])


class Route:
    """The links from one node to another."""

    send: Callable[[int, int, Callback, Callback, Any], None]
    """`send(sample, size, done, lost, token)` carries `size` bytes to the end; it calls `done(token)` on arrival or
    `lost(token)` when a failure takes them."""

    def __init__(self, links: Sequence[Link]) -> None:
        self.links = links
        self.send = links[0].send if len(links) == 1 else self._relay

    def _relay(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        _Relay(self.links, sample, size, done, lost).hop((0, token))


class Network:
    """All nodes and links of a scenario; `spans` collects what happens on them."""

    def __init__(self, env: Environment, scenario: Scenario) -> None:
        self.env = env
        self.spans: list[Span] = []
        self.nodes = {name: Node(env, self.spans, name, spec) for name, spec in scenario.nodes.items()}
        self.links: dict[tuple[str, str], Link] = {}
        self.graph = nx.DiGraph()
        self.graph.add_nodes_from(self.nodes)
        for spec in scenario.links:
            link = Link(env, self.spans, spec, self.nodes[spec.target])
            self.links[spec.source, spec.target] = link
            self.nodes[spec.source].outgoing.append(link)
            self.graph.add_edge(spec.source, spec.target, latency=spec.latency)

    def tier(self, tier: str) -> list[Node]:
        """The nodes of a tier, in the scenario's order."""
        return [node for node in self.nodes.values() if node.tier == tier]

    def route(self, source: Node, target: Node) -> Route:
        """The path of least latency, fewest hops among equals; fixed for the run. The scenario guarantees one."""
        before, _ = nx.dijkstra_predecessor_and_distance(self.graph, source.name, weight="latency")
        # The links that lie on some path of least latency: counting the paths themselves is factorial in a mesh.
        quickest = nx.DiGraph(sorted((here, there) for there, heres in before.items() for here in heres))
        path = nx.shortest_path(quickest, source.name, target.name)
        return Route([self.links[pair] for pair in pairwise(path)])

    @property
    def hops(self) -> int:
        """Messages received at the end of a link so far."""
        return sum(span[2] == "transfer" and span[7] == "ok" for span in self.spans)

    def close(self) -> None:
        """Record what is still under way when the run ends."""
        for node in self.nodes.values():
            node.close()
        for link in self.links.values():
            link.close()
