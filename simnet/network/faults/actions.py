"""What faults do to their targets: what those of one action that are active at the same time make of a node or link."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, prod
from typing import Any, ClassVar

from simnet.language.kinds import short
from simnet.language.quantities import Model
from simnet.network.faults.spec import Fault
from simnet.network.links import LINKS
from simnet.network.links.spec import Link as LinkSpec
from simnet.network.nodes.spec import Node as NodeSpec


@dataclass(slots=True)
class State:
    """What the active faults of all actions make of a target; nodes heed `up` and `slow`, links all but `slow`.

    Attributes:
        up: Whether it works.
        slow: How many times slower it computes.
        bandwidth: In bytes/s; None: the link's own.
        loss: Probability that a packet is lost, beside the link's own losses; None: no fault says so.
    """

    up: bool = True
    slow: float = 1.0
    bandwidth: float | None = None
    loss: float | None = None

    def wrong(self) -> str | None:
        """What in it is no such value; None: nothing."""
        up: object = self.up
        if not isinstance(up, bool):
            return f"up {up!r}, not true or false"
        for name, least, most in (("slow", 0.0, inf), ("bandwidth", 0.0, inf), ("loss", 0.0, 1.0)):
            value = getattr(self, name)
            if value is None and name != "slow":
                continue
            real = isinstance(value, int | float) and not isinstance(value, bool)
            if not real or not least <= value <= most or value == inf or (name == "slow" and not value):
                return f"{name} {value!r}, no such number"
        return None


class Action(ABC):
    """One action on one target.

    To add a kind: derive from this class in a file of your own, and name it in a fault's entry: ``do: "module:Name"``;
    or register it as an entry point of the group ``simnet.faults``. A nested class `Options` (a
    `simnet.language.quantities.Model`) gives the entry further keys, found in `fault.options`.

    There is one object for each target that faults of this action strike, made when the first does. `apply` is called
    whenever anything changes in what is active on the target, at last with nothing active: it must then leave no trace.
    It may be called again with the same faults, so it must say what the target is to be, and not add to what it is.
    What `State` can say is said there, since actions of other kinds have a say in it, too; anything else is done to
    `target` (the node, or the direction of a link).
    """

    Options: ClassVar[type[Model]] = Model
    """Its own keys of an entry in a scenario."""
    targets: ClassVar[tuple[str, ...]] = ("node", "link")
    """What it can strike: "node", "link" or both."""
    outage: ClassVar[bool] = False
    """Whether it takes its target down, which an "up" ends, and after which a node warms up."""
    ends_outages: ClassVar[bool] = False
    """Whether it ends the outages of its target and does not last itself."""
    loses_packets: ClassVar[bool] = False
    """Whether it sets `State.loss`, which only a link with packets heeds."""
    key: ClassVar[str] = "do"
    """The key of an entry that names it."""

    def __init__(self, target: Any) -> None:
        self.target = target

    @classmethod
    def unfit(cls, spec: NodeSpec | LinkSpec) -> str | None:
        """Why it cannot strike a target of this spec ("is …"); None if it can."""
        if cls.loses_packets and isinstance(spec, LinkSpec):
            why = LINKS[spec.sharing].refuses.get("loss")
            return None if why is None else f"is a {short(spec.sharing)} link: {why}"
        return None

    @abstractmethod
    def apply(self, active: Sequence[Fault], state: State) -> None:
        """Change `state` as the faults of this action say that are active, in the order in which they began."""


class Down(Action):
    """The target does not work."""

    outage, key = True, "is"

    def apply(self, active: Sequence[Fault], state: State) -> None:
        """See `Action.apply`."""
        state.up = state.up and not active


class Up(Action):
    """The target's outages end."""

    ends_outages, key = True, "is"

    def apply(self, active: Sequence[Fault], state: State) -> None:
        """See `Action.apply`."""


class Slow(Action):
    """A node computes `value` times slower; slow-downs multiply."""

    targets, key = ("node",), "slow"

    def apply(self, active: Sequence[Fault], state: State) -> None:
        """See `Action.apply`."""
        state.slow *= prod(_values(active))


class Bandwidth(Action):
    """A link has another bandwidth, `value` bytes/s; of several the latest holds."""

    targets, key = ("link",), "bandwidth"

    def apply(self, active: Sequence[Fault], state: State) -> None:
        """See `Action.apply`."""
        if active:
            state.bandwidth = active[-1].value


class Loss(Action):
    """A link loses packets with probability `value`; losses are independent of each other: p = 1 − Π(1 − pᵢ)."""

    targets, key, loses_packets = ("link",), "loss", True

    def apply(self, active: Sequence[Fault], state: State) -> None:
        """See `Action.apply`."""
        if active:
            others = () if state.loss is None else (state.loss,)
            state.loss = 1 - prod(1 - each for each in (*others, *_values(active)))


def _values(active: Sequence[Fault]) -> list[float]:
    return [fault.value for fault in active if fault.value is not None]
