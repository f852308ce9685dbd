"""From a scenario's links to the objects that carry messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from simnet.clock import Clock
from simnet.network.line import Receiver, Span
from simnet.network.links import LINKS
from simnet.network.links.base import Carrier, Link, Surroundings, Weights
from simnet.network.links.lossy import LossyLink
from simnet.network.links.medium import Medium
from simnet.network.links.spec import Link as LinkSpec
from simnet.network.varying import schedule_steps


class Fifo(Link):
    """Messages one after another: a plain link if that will do, else one with packets.

    A plain link has the end of everything that waits on the clock, and must move it all when the bandwidth changes:
    where a trace has that happen again and again, behind a long queue, one that keeps a queue is by far quicker.
    """

    refuses: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def make(cls, around: Surroundings, spec: LinkSpec, target: Receiver) -> Carrier:
        """See `Carrier.make`."""
        changes = spec.trace is not None and spec.trace.changes
        packets = spec.mtu is not None or spec.loss is not None or spec.jitter or spec.queue is not None
        if around.lossy or changes or packets or spec.medium is not None:
            return LossyLink.make(around, spec, target)
        return Link(around.env, around.record, spec, target)


def make_link(
    env: Clock,
    record: Callable[[Span], None],
    spec: LinkSpec,
    target: Receiver,
    seed: int,
    media: dict[str, Medium],
    lossy: bool = False,
    weights: Weights = "equal",
) -> Carrier:
    """The link that `spec` describes, of the kind that its `sharing` names; see `Surroundings`."""
    link = LINKS[spec.sharing].make(Surroundings(env, record, seed, media, lossy, weights), spec, target)
    if spec.trace is not None:
        schedule_steps(env, spec.trace, link.set_base)
    return link
