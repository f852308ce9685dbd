"""Inference systems, one file each; a name leads to its class, which is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.models.graph import Graph
    from simnet.systems.base import System

SYSTEMS: Registry[System] = Registry(
    "simnet.systems",
    "system",
    "simnet.systems.base:System",
    {
        "ddnn": "simnet.systems.ddnn:Ddnn",
        "ada-ddnn": "simnet.systems.ada_ddnn:AdaDdnn",
        "ddnn-2017": "simnet.systems.ddnn_2017:Ddnn2017",
    },
)


def bytes_until(network: str, graph: Graph, codec: str) -> Mapping[str, int]:
    """Bytes that are sent for a sample that leaves at each exit, by the system that a kind of network is made for.

    That is the one of the same name; for a network without one every feature and score that is taken is sent once.
    """
    from simnet.systems.traffic import default_messages, until

    if network in SYSTEMS.names():
        return until(graph, SYSTEMS[network].messages(graph, codec))
    return until(graph, default_messages(graph, codec))
