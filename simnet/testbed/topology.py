"""A scenario's network on real processes and sockets, for a world to play in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simnet.network.links.base import Carrier, Weights
from simnet.network.links.medium import Medium
from simnet.network.links.spec import Link as LinkSpec
from simnet.network.nodes.plain import Node
from simnet.network.nodes.queueing import Recorder
from simnet.network.nodes.spec import Node as NodeSpec
from simnet.network.topology import Topology
from simnet.network.varying import schedule_steps
from simnet.testbed.bench import Bench
from simnet.testbed.machine import LiveLink, LiveNode


class LiveTopology(Topology):
    """Nodes and links as they stand on a bench; routes, faults and what is recorded are those of a simulated one."""

    def __init__(self, bench: Bench, clock: Any, *args: Any, **options: Any) -> None:
        self._bench = bench
        self._nodes: dict[str, LiveNode] = {}
        self._links: dict[int, LiveLink] = {}
        super().__init__(clock, *args, **options)
        bench.hear, bench.clock.expects = self._hear, self._expects

    @property
    def took(self) -> dict[str, dict[str, list[float]]]:
        """Seconds of all calls that have ended, by node and the segments that they ran."""
        return {name: node.took for name, node in self._nodes.items()}

    def _make_node(
        self, record: Recorder, name: str, spec: NodeSpec, weights: str, priorities: Sequence[int], seed: int
    ) -> Node:
        node = self._nodes[name] = LiveNode(self._bench, record, name, spec, weights)
        if spec.jitter is not None:
            node.vary(spec.jitter, seed)
        if spec.load is not None:
            schedule_steps(self.env, spec.load, node.set_load)
        return node

    def _make_link(
        self, record: Recorder, spec: LinkSpec, seed: int, media: dict[str, Medium], lossy: bool, weights: Weights
    ) -> Carrier:
        target = self._nodes[spec.target]
        link = LiveLink(self._bench, record, spec, target)
        target.incoming.append(link)
        self._links[self._bench.wires[spec.source, spec.target].number] = link
        if spec.trace is not None:
            schedule_steps(self.env, spec.trace, link.set_base)
        return link

    def _hear(self, name: str, message: tuple[Any, ...]) -> None:
        """What a node's process tells: of a call, or of a message on a link."""
        what, *rest = message
        if what == "done":
            self._nodes[name].heard(*rest)
        else:
            link, *told = rest
            self._links[link].heard(what, *told)

    def _expects(self) -> bool:
        return any(node.waits for node in self._nodes.values()) or any(link.open for link in self._links.values())
