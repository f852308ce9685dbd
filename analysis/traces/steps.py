"""The steps of samples as a run's tables have them, by the clock: whole picoseconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simnet.language.names import LINK_ARROW
from simnet.times import PER_SECOND, ticks

if TYPE_CHECKING:
    import pyarrow as pa

EXACT = 2000.0
"""Seconds below which a time's float, times 10¹², is less than half a picosecond off: two roundings of 2⁻⁵³ each."""


class Step(NamedTuple):
    """A row of ``spans.parquet``, its times in picoseconds."""

    sample: int
    place: str
    transfer: bool
    queued: int
    started: int
    ended: int
    bytes: int
    status: str
    message: str | None

    @property
    def begins_at(self) -> str:
        """The node at which it begins: the one that computes, or that a link leads away from."""
        return self.place.partition(LINK_ARROW)[0]

    @property
    def ends_at(self) -> str:
        """The node at which its end is known: the one that computes, or that a link leads to."""
        return self.place.rpartition(LINK_ARROW)[2]

    @property
    def source(self) -> str:
        """The node that sent the whole message; of computing, its own."""
        return (self.message or self.place).partition(LINK_ARROW)[0]

    @property
    def target(self) -> str:
        """The node that the whole message is for; of computing, its own."""
        return (self.message or self.place).rpartition(LINK_ARROW)[2]


def picoseconds(times: pa.ChunkedArray) -> list[int]:
    """Times in s as the clock had them; what a float of more than some 4,500 s cannot tell is its rounding."""
    values = times.to_numpy()
    if not len(values) or float(values.max()) < EXACT:
        whole: list[int] = np.rint(values * PER_SECOND).astype(np.int64).tolist()
        return whole
    return [ticks(value) for value in values.tolist()]


def steps_of(spans: pa.Table) -> list[Step]:
    """All rows of ``spans.parquet``, in its order: that in which they ended."""
    times = [picoseconds(spans.column(name)) for name in ("queued_at", "started_at", "ended_at")]
    place, kind, status, message = (spans.column(name).to_pylist() for name in ("place", "kind", "status", "message"))
    transfer = [one == "transfer" for one in kind]
    columns = (spans.column("sample").to_pylist(), place, transfer, *times, spans.column("bytes").to_pylist())
    return [Step(*row) for row in zip(*columns, status, message, strict=True)]


def by_sample(steps: Iterable[Step]) -> dict[int, list[Step]]:
    """The steps of each sample, in their order; those that belong to none (heartbeats) are left out."""
    found: dict[int, list[Step]] = {}
    for step in steps:
        if step.sample >= 0:
            found.setdefault(step.sample, []).append(step)
    return found


def of_sample(spans: pa.Table, sample: int) -> list[Step]:
    """The steps of one sample, in their order."""
    import pyarrow.compute as pc

    return steps_of(spans.filter(pc.equal(spans.column("sample"), sample)))
