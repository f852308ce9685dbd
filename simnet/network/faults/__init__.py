"""What breaks, and when; the name of an action leads to its class, which is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.network.faults.actions import Action


def _check(kind: type[Action]) -> None:
    from simnet.language.kinds import check_options
    from simnet.network.faults.section import FaultEntry

    check_options(kind, FaultEntry)
    if not kind.targets or not {"node", "link"}.issuperset(kind.targets):
        raise ValueError(f"{kind.__name__}.targets must be of 'node' and 'link', found {kind.targets!r}")


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
    _check,
)
