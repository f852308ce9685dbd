"""Nodes, of several kinds; a name leads to its class, which is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.network.nodes.plain import Node

NODES: Registry[Node] = Registry(
    "simnet.nodes",
    "node kind",
    "simnet.network.nodes.plain:Node",
    {
        "plain": "simnet.network.nodes.plain:Node",
        "profiled": "simnet.network.nodes.kinds:ProfiledNode",
        "queued": "simnet.network.nodes.kinds:QueuedNode",
    },
    "simnet.network.nodes.spec:check_kind",
)
