"""Which kind of link each of a scenario's links is."""

from __future__ import annotations

from collections.abc import Callable

from simpy import Environment

from simnet.network.line import Receiver, Span
from simnet.network.links.base import Carrier, Link
from simnet.network.links.fair import FairLink, Weights
from simnet.network.links.lossy import LossyLink
from simnet.network.links.medium import Medium
from simnet.network.links.spec import Link as LinkSpec
from simnet.network.varying import schedule_steps


def make_link(
    env: Environment,
    record: Callable[[Span], None],
    spec: LinkSpec,
    target: Receiver,
    seed: int,
    media: dict[str, Medium],
    lossy: bool = False,
    weights: Weights = "equal",
) -> Carrier:
    """The link that `spec` describes: a plain one if that will do.

    A plain link has the end of everything that waits on the clock, and must move it all when the bandwidth changes:
    where a trace has that happen again and again, behind a long queue, one that keeps a queue is by far quicker.
    `media` has the shared media by name and takes up new ones; `lossy`: faults will make the link lose packets;
    `weights`: those of the messages on a fair link.
    """
    link: Carrier
    changes = spec.trace is not None and spec.trace.changes
    if spec.sharing == "fair":
        link = FairLink(env, record, spec, target, weights)
    elif spec.medium is not None:
        medium = media.setdefault(spec.medium, Medium(env))
        link = LossyLink(env, record, spec, target, seed, medium)
    elif lossy or changes or spec.mtu is not None or spec.loss is not None or spec.jitter or spec.queue is not None:
        link = LossyLink(env, record, spec, target, seed)
    else:
        link = Link(env, record, spec, target)
    if spec.trace is not None:
        schedule_steps(env, spec.trace, link.set_base)
    return link
