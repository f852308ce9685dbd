"""From a scenario's links to the objects that carry messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from simnet.clock import Clock
from simnet.network.line import Receiver, Span
from simnet.network.links import LINKS
from simnet.network.links.base import Carrier, Link, Surroundings, Weights
from simnet.network.links.fair import FairLink
from simnet.network.links.lossy import LossyLink
from simnet.network.links.medium import Medium
from simnet.network.links.spec import Link as LinkSpec
from simnet.network.strict import Strict, is_users
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
    kind = LINKS[spec.sharing]
    if not is_users(kind) or issubclass(kind, FairLink):  # a flow over several fair links leaves one span
        link = kind.make(Surroundings(env, record, seed, media, lossy, weights), spec, target)
    else:
        strict = Strict(f"link kind {spec.sharing!r}, from {spec.source} to {spec.target}", record)
        around = Surroundings(env, strict.record, seed, media, lossy, weights)
        link = strict.make(lambda: _whole(kind.make(around, spec, target)))
        strict.watch(link, "send")
    if spec.trace is not None:
        schedule_steps(env, spec.trace, link.set_base)
    return link


def _whole(link: Carrier) -> Carrier:
    """The same link, which has what its base class sets; else an AttributeError."""
    _ = link.place, link.bandwidth, link.on_change
    return link
