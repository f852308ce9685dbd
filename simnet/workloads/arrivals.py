"""The times at which one site captures samples."""

from __future__ import annotations

import numpy as np

from simnet.clock import ProtocolError
from simnet.workloads.spec import Demand, Draws, Times


def arrival_times(workload: Demand, seed: int, name: str, count: int | None, duration: float | None) -> Times:
    """Arrival times in s, ascending: the first `count`, or all before `duration` (one of the two is None).

    `name` is that of the random stream; what else a process draws has streams of its own, below that name. Fewer than
    `count` arrivals are all there are.

    Raises:
        ProtocolError: the workload is of a user's kind, and what it gives are no ascending times.
    """
    times = np.asarray(workload.arrivals(Draws(seed, name), count, duration))
    good = times.ndim == 1 and times.dtype.kind in "iuf"
    if not (good and np.isfinite(times).all() and (times >= 0).all() and (np.diff(times) >= 0).all()):
        where = f"{type(workload).__module__}.{type(workload).__qualname__}.arrivals"
        raise ProtocolError(f"{where} must return ascending times from 0 s on, found {times!r}")
    times = times.astype(np.float64)
    return times[:count] if duration is None else times[times < duration]
