"""What breaks, and when; the name of an action leads to its class, which is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.network.faults.actions import Action

_HERE = "simnet.network.faults.actions"
ACTIONS: Registry[Action] = Registry(
    "simnet.faults",
    "fault action",
    f"{_HERE}:Action",
    {
        "down": f"{_HERE}:Down",
        "up": f"{_HERE}:Up",
        "slow": f"{_HERE}:Slow",
        "bandwidth": f"{_HERE}:Bandwidth",
        "loss": f"{_HERE}:Loss",
    },
    "simnet.network.faults.section:check_kind",
)
