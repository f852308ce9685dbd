"""When samples are captured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simnet.scenario import Scenario
from simnet.scenario.schema import Periodic
from simnet.streams import stream


def arrivals(scenario: Scenario) -> NDArray[np.float64]:
    """Capture time of every sample in seconds, ascending; all cameras capture a sample at the same time.

    Periodic: the n-th at n·every + U(0, jitter). Poisson: exponential times between them. As many as `samples` says,
    or all before `duration`. The same for every system of the scenario.
    """
    random = stream(scenario.seed, "arrivals")
    workload = scenario.workload
    if isinstance(workload, Periodic):
        count = scenario.samples or int(np.ceil((scenario.duration or 0.0) / workload.every))
        times = np.arange(count) * workload.every + random.uniform(0.0, workload.jitter, count)
    elif scenario.samples is not None:
        times = np.cumsum(random.exponential(1 / workload.poisson, scenario.samples))
    else:
        assert scenario.duration is not None  # the schema demands one of the two
        times = np.empty(0)
        while not len(times) or times[-1] < scenario.duration:
            more = np.cumsum(random.exponential(1 / workload.poisson, 1024))
            times = np.concatenate([times, more + (times[-1] if len(times) else 0.0)])
    return times if scenario.duration is None else times[times < scenario.duration]
