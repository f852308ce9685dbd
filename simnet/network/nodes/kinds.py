"""Kinds of nodes that are more than a FIFO line of computed times, and which kind a scenario's node is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from simnet.clock import Clock
from simnet.network.line import Callback
from simnet.network.nodes import NODES
from simnet.network.nodes.batching import BatchLine
from simnet.network.nodes.plain import Node, Surroundings
from simnet.network.nodes.queueing import QueueLine, Recorder
from simnet.network.nodes.service import ServiceTime
from simnet.network.nodes.sleep import Sleeper
from simnet.network.nodes.spec import Node as NodeSpec
from simnet.network.nodes.spec import Queue
from simnet.network.strict import Strict, is_users
from simnet.network.varying import schedule_steps
from simnet.network.work import Work


class ProfiledNode(Node):
    """A node with a FIFO line whose service times were measured."""

    refuses: ClassVar[Mapping[str, str]] = dict.fromkeys(("queue", "batch"), "it serves calls in order of arrival")

    @classmethod
    def make(cls, around: Surroundings, name: str, spec: NodeSpec) -> Node:
        """See `Node.make`."""
        return cls(around.env, around.record, name, spec, around.weights)

    def __init__(self, env: Clock, record: Recorder, name: str, spec: NodeSpec, weights: str) -> None:
        super().__init__(env, record, name, spec)
        self._times = ServiceTime(spec, weights)


class QueuedNode(Node):
    """A node with a queue: one that has an order, a limit or batches, or a load that changes."""

    refuses: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def make(cls, around: Surroundings, name: str, spec: NodeSpec) -> Node:
        """See `Node.make`."""
        return cls(around.env, around.record, name, spec, around.weights, around.priorities, around.also)

    def __init__(
        self,
        env: Clock,
        record: Recorder,
        name: str,
        spec: NodeSpec,
        weights: str,
        priorities: Sequence[int] = (),
        also: Recorder | None = None,
    ) -> None:
        super().__init__(env, record, name, spec)
        self._times = ServiceTime(spec, weights)
        common = (env, record, name, self._ticks, spec.workers, spec.queue, priorities, f"{spec.tier} queue full")
        self._queue = QueueLine(*common) if spec.batch is None else BatchLine(*common, also, batch=spec.batch)
        self._line = self._queue

    def compute(self, sample: int, work: Work, done: Callback, lost: Callback, token: Any) -> None:
        """Queue `work` for one sample; `lost` is called at once when the node is down or its queue is full.

        Where the token is a string, a reason, a full queue calls `lost` with one of its own: "edge queue full".
        """
        if self.up:
            self._queue.submit(sample, work, done, lost, token)
        else:
            lost(token)


def make_node(
    env: Clock,
    record: Recorder,
    name: str,
    spec: NodeSpec,
    weights: str = "",
    priorities: Sequence[int] = (),
    also: Recorder | None = None,
    seed: int = 1,
) -> Node:
    """The node that `spec` asks for, with its background load on the clock; see `Surroundings`. `seed`: of its jitter.

    Where no kind is named it is the plainest that will do. Where the load changes that one keeps a queue, since a
    `FifoLine` would have to move all that waits each time.
    """
    kind: type[Node]
    if spec.kind is not None:
        kind = NODES[spec.kind]
    elif spec.queue != Queue() or spec.batch is not None or (spec.load is not None and spec.load.changes):
        kind = QueuedNode
    else:
        kind = Node if spec.profile is None else ProfiledNode
    if is_users(kind):
        strict = Strict(f"node kind {spec.kind!r}, {name}", record)
        around = Surroundings(env, strict.record, weights, priorities, also)
        node: Node = strict.make(lambda: _whole(kind.make(around, name, spec)))
        strict.watch(node, "compute")
    else:
        node = kind.make(Surroundings(env, record, weights, priorities, also), name, spec)
    if spec.power is not None and spec.power.sleep is not None:
        node.sleeper = Sleeper(node, spec.power)
    if spec.jitter is not None:
        node.vary(spec.jitter, seed)
    if spec.load is not None:
        schedule_steps(env, spec.load, node.set_load)
    return node


def _whole(node: Node) -> Node:
    """The same node, which has what its base class sets; else an AttributeError."""
    _ = node.name, node.pace, node.outgoing
    return node
