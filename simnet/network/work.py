"""What a node is asked to compute in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple


class Work(NamedTuple):
    """One call: what it costs, and the segments of the network that it runs one after another (for measured times).

    Attributes:
        flop: Floating-point operations of one sample.
        segments: Names, as often as each runs.
        operations: Tensor operators that are dispatched, however many samples there are.
        traffic: Bytes that these read and write for one sample, weights apart.
        weights: Bytes of weights, read once a call.
    """

    flop: float
    segments: tuple[str, ...] = ()
    operations: int = 0
    traffic: float = 0.0
    weights: float = 0.0


def joined(works: Iterable[Work]) -> Work:
    """Several pieces of work in one call."""
    parts = list(works)
    return Work(
        sum(part.flop for part in parts),
        tuple(segment for part in parts for segment in part.segments),
        sum(part.operations for part in parts),
        sum(part.traffic for part in parts),
        sum(part.weights for part in parts),
    )


def partition(segments: Sequence[str]) -> str:
    """The name of segments that run in one call, in a profile: ``device*6+cloud`` for six devices and the cloud."""
    runs = [(name, len(list(run))) for name, run in groupby(segments)]
    return "+".join(name if times == 1 else f"{name}*{times}" for name, times in runs)
