"""The times at which one site captures samples."""

from __future__ import annotations

from simnet.times import ticks
from simnet.workloads.spec import Demand, Draws


def arrival_times(workload: Demand, seed: int, name: str, count: int | None, duration: float | None) -> list[int]:
    """Arrival times in picoseconds, ascending: the first `count`, or all before `duration` s (one of the two is None).

    `name` is that of the random stream; what else a process draws has streams of its own, below that name. Fewer than
    `count` arrivals are all there are.

    Raises:
        ProtocolError: the workload is of a user's kind, and what it gives are no ascending times.
    """
    times = workload.captures(Draws(seed, name), count, duration)
    if duration is None:
        return times[:count]
    end = ticks(duration)
    return [time for time in times if time < end]
