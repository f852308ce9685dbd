"""When samples are captured: kinds of workloads, each by the key that only it has, or as a user's own by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.workloads.spec import Demand

WORKLOADS: Registry[Demand] = Registry(
    "simnet.workloads",
    "workload kind",
    "simnet.workloads.spec:Demand",
    {
        "every": "simnet.workloads.periodic:Periodic",
        "poisson": "simnet.workloads.poisson:Poisson",
        "mmpp": "simnet.workloads.mmpp:Bursty",
        "diurnal": "simnet.workloads.diurnal:Diurnal",
        "rate": "simnet.workloads.changing:Changing",
        "trace": "simnet.workloads.recorded:Recorded",
    },
)
