"""The kinds of links, and which of them a scenario's link is."""

from __future__ import annotations

from collections.abc import Callable

from simpy import Environment

from simnet.network.line import Receiver, Span
from simnet.network.link import Carrier, Link
from simnet.network.steps import schedule_steps
from simnet.scenario.schema import Link as LinkSpec


def make_link(env: Environment, record: Callable[[Span], None], spec: LinkSpec, target: Receiver) -> Carrier:
    """The link that `spec` describes, with its bandwidth trace on the clock."""
    link = Link(env, record, spec, target)
    if spec.trace is not None:
        schedule_steps(env, spec.trace, link.set_base)
    return link
