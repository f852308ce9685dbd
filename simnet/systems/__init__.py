"""Inference systems, one file each; a name leads to its class, which is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.models.graph import Graph
    from simnet.systems.base import System
    from simnet.systems.traffic import Message

SYSTEMS: Registry[System] = Registry(
    "simnet.systems",
    "system",
    "simnet.systems.base:System",
    {
        "ddnn": "simnet.systems.ddnn:Ddnn",
        "ada-ddnn": "simnet.systems.ada_ddnn:AdaDdnn",
        "ddnn-2017": "simnet.systems.ddnn_2017:Ddnn2017",
        "device-only": "simnet.systems.baselines.device_only:DeviceOnly",
        "edge-only": "simnet.systems.baselines.edge_only:EdgeOnly",
        "cloud-only": "simnet.systems.baselines.cloud_only:CloudOnly",
        "neurosurgeon": "simnet.systems.baselines.neurosurgeon:Neurosurgeon",
        "oracle": "simnet.systems.baselines.oracle:Oracle",
        "dapdee": "simnet.systems.dapdee:Dapdee",
        "distree": "simnet.systems.distree:Distree",
    },
    "simnet.systems.contract:check_system",
)


def bytes_until(network: str, graph: Graph, codec: str) -> Mapping[str, int]:
    """Bytes that are sent for a sample that leaves at each exit, by the system that a kind of network is made for."""
    from simnet.systems.traffic import until

    return until(graph, _messages(network, graph, codec))


def bytes_per_segment(network: str, graph: Graph, codec: str) -> Mapping[str, int]:
    """Most bytes that one copy of each segment sends of a sample, by the same system."""
    from simnet.systems.traffic import per_segment

    return per_segment(_messages(network, graph, codec))


def _messages(network: str, graph: Graph, codec: str) -> Sequence[Message]:
    """What is sent by the system of a network's own name; else every feature and score that is taken, once."""
    from simnet.systems.traffic import default_messages

    if network in SYSTEMS or network in SYSTEMS.names():
        return SYSTEMS[network].messages(graph, codec)
    return default_messages(graph, codec)
