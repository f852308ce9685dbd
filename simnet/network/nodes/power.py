"""What a node with a power model pays for: the one place of these formulas, for ledgers and batteries alike.

A node that is up draws `idle` watts all the time, but `sleep` watts while it sleeps, and `busy` while it wakes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from simnet.language.names import LINK_ARROW
from simnet.times import seconds

if TYPE_CHECKING:
    from simnet.network.line import Span
    from simnet.network.nodes.sleep import Slept
    from simnet.network.nodes.spec import PowerModel


class Charge(NamedTuple):
    """What a node pays for: its name, the use (`busy`, `sent` or `received`) and the energy in J."""

    node: str
    use: str
    joules: float


class Standby(NamedTuple):
    """Joules that belong to no call and no byte: idling, sleeping, and waking beside idling."""

    idle: float
    asleep: float
    waking: float


def standby(power: PowerModel, up: float, slept: Slept | None) -> Standby:
    """Of a node that was up for so many seconds, and slept; None: never."""
    if slept is None:
        return Standby(power.idle * up, 0.0, 0.0)
    awake = up - slept.asleep
    return Standby(power.idle * awake, (power.sleep or 0.0) * slept.asleep, (power.busy - power.idle) * slept.waking)


def charges(span: Span, powered: Mapping[str, PowerModel]) -> Iterator[Charge]:
    """Who of the nodes in `powered` pays what for a span; a worker that computes draws busy − idle more than without.

    All bytes that were put on a link are paid by its source, those that arrived by its target, too.
    """
    _, place, kind, _, started, ended, size, status = span
    if kind == "compute":
        if (power := powered.get(place)) is not None:
            yield Charge(place, "busy", (power.busy - power.idle) * seconds(ended - started))
        return
    source, _, target = place.partition(LINK_ARROW)
    if (power := powered.get(source)) is not None:
        yield Charge(source, "sent", power.send * size)
    if status == "ok" and (power := powered.get(target)) is not None:
        yield Charge(target, "received", power.receive * size)
