"""The times at which one site captures samples."""

from __future__ import annotations

from operator import le

from simnet.clock import ProtocolError
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
    if not _ascend(times):
        where = f"{type(workload).__module__}.{type(workload).__qualname__}.captures"
        raise ProtocolError(f"{where} must return ascending whole picoseconds from 0 on, found {times!r:.80}")
    if duration is None:
        return times[:count]
    end = ticks(duration)
    return [time for time in times if time < end]


def _ascend(times: object) -> bool:
    if not isinstance(times, list) or not all(type(time) is int for time in times):
        return False
    return not times or (times[0] >= 0 and all(map(le, times, times[1:])))
