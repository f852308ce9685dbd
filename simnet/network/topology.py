"""The simulated network: nodes and links built from a scenario, and routes over the graph they form (networkx)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import networkx as nx
from simpy import Environment

from simnet.network.battery import Meters
from simnet.network.line import Span
from simnet.network.link import Carrier
from simnet.network.links import make_link
from simnet.network.medium import Medium
from simnet.network.node import Node
from simnet.network.nodes import make_node
from simnet.network.routing import Route
from simnet.scenario import Scenario


class Network:
    """All nodes and links of a scenario; `spans` collects what happens on them.

    `weights` names the ones that run, for measured profiles; `priorities` has that of every sample, where they differ.
    """

    def __init__(self, env: Environment, scenario: Scenario, weights: str = "", priorities: Sequence[int] = ()) -> None:
        self.env = env
        self.spans: list[Span] = []
        meters = Meters(self.spans.append)
        powered = [name for name, spec in scenario.nodes.items() if spec.battery is not None]
        record = meters.record if powered else self.spans.append
        self.nodes = {
            name: make_node(env, record, name, spec, weights, priorities, also=self.spans.append)
            for name, spec in scenario.nodes.items()
        }
        self.batteries = {name: meters.add(self.nodes[name], scenario.nodes[name]) for name in powered}
        self.links: dict[tuple[str, str], Carrier] = {}
        self.graph = nx.DiGraph()
        self.graph.add_nodes_from(self.nodes)
        media: dict[str, Medium] = {}
        lossy = {fault.link for fault in scenario.faults if fault.action == "loss"}
        for spec in scenario.links:
            ends = spec.source, spec.target
            link = make_link(env, record, spec, self.nodes[spec.target], scenario.seed, media, lossy=ends in lossy)
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
