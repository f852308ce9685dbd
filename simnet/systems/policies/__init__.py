"""What an edge does about others that do not answer; a name leads to its class, imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.systems.policies.base import EdgePolicy

POLICIES: Registry[EdgePolicy] = Registry(
    "simnet.policies",
    "policy",
    "simnet.systems.policies.base:EdgePolicy",
    {
        "heartbeat": "simnet.systems.policies.heartbeat:HeartbeatPolicy",
        "breaker": "simnet.systems.policies.breaker:BreakerPolicy",
    },
    "simnet.systems.policies.base:check_policy",
)
