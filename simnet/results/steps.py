"""Steps of the samples' lives as the results tell them: the spans of the engine, their times in s."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simnet.times import PER_SECOND

if TYPE_CHECKING:
    from simnet.network.line import Span

Step = tuple[int, str, str, float, float, float, int, str]
"""sample, place, kind, queued_at, started_at, ended_at, amount, status; see docs/results.md. Times in s.

The amount is bytes put on a link, or FLOP done on a node.
"""


def in_seconds(spans: Sequence[Span]) -> list[Step]:
    """The same with the floats next to the times of the clock."""
    whole = PER_SECOND
    return [
        (sample, place, kind, queued / whole, started / whole, ended / whole, size, status)
        for sample, place, kind, queued, started, ended, size, status in spans
    ]
