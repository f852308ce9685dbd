"""How far ahead the network may run, so that what is held of it does not grow with the number of samples. No torch."""

from __future__ import annotations

from math import prod

from simnet.models.graph import Graph
from simnet.models.segments import FLOAT

WINDOW = 1024
"""Samples ahead that are looked at, where their features are small (our choice)."""
FEATURE_BYTES = 48 * 2**20
"""Features that are held for deeper segments; beyond it the oldest go, and are computed again if they are asked for."""
_TIMES = 2
"""Windows whose features are held: not all samples of one have passed the last exit before the next is begun."""


def feature_bytes(graph: Graph) -> int:
    """Bytes of all features of one sample, as float32."""
    return sum(FLOAT * one.copies * prod(one.sends) for one in graph.segments.values() if one.sends is not None)


def window_of(graph: Graph, batch: int, most: int = WINDOW) -> int:
    """Samples that are looked at ahead: as many as `FEATURE_BYTES` has room for, at least a batch, at most `most`."""
    return min(most, max(batch, FEATURE_BYTES // _TIMES // max(1, feature_bytes(graph))))


def room_of(graph: Graph, window: int) -> int:
    """Bytes of features to hold with such a window: what it needs, and no more than `FEATURE_BYTES`."""
    return min(FEATURE_BYTES, _TIMES * window * feature_bytes(graph))
