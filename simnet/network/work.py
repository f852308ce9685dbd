"""What a node is asked to compute in one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Work(NamedTuple):
    """One call: its FLOP, and the segments of the network that it runs one after another (for measured times)."""

    flop: float
    segments: tuple[str, ...] = ()


def joined(works: Iterable[Work]) -> Work:
    """Several pieces of work in one call."""
    parts = list(works)
    return Work(sum(part.flop for part in parts), tuple(segment for part in parts for segment in part.segments))
