"""What faults really did: which of them was in effect where, from when to when."""

from __future__ import annotations

from dataclasses import dataclass

from simnet.language.kinds import short
from simnet.language.names import LINK_ARROW
from simnet.network.faults import ACTIONS
from simnet.network.faults.spec import Fault


@dataclass(eq=False)
class Incident:
    """A fault struck its target: it was in effect from `began` to `ended`, in seconds (None: at the run's end still).

    An outage of a node lasts until its warm-up is over; if another failure cuts the warm-up short, until then: what
    follows is the other's.
    """

    fault: Fault
    began: float
    ended: float | None = None

    @property
    def name(self) -> str:
        """The name under which the fault is reported; one made in Python may have none of its own."""
        return name_of(self.fault)

    @property
    def target(self) -> str:
        """A node's name, or `source→target` of a link."""
        return target_of(self.fault)

    @property
    def outage(self) -> bool:
        """Whether it took its target down."""
        return ACTIONS[self.fault.action].outage


def name_of(fault: Fault) -> str:
    """See `Incident.name`."""
    return fault.name or f"{target_of(fault)} {short(fault.action)}"


def target_of(fault: Fault) -> str:
    """See `Incident.target`."""
    return fault.node if fault.node is not None else LINK_ARROW.join(fault.link or ())


def connection_of(fault: Fault) -> str:
    """What fails as one: a node, or both directions of a link, `a–b` in alphabetical order."""
    return fault.node if fault.node is not None else "–".join(sorted(fault.link or ()))
