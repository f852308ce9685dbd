"""The resolved scenario's links."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SerializeAsAny, model_validator

from simnet.language.kinds import check_given, kind_called
from simnet.language.quantities import Bandwidth, Model, Share, Size, Time
from simnet.language.schedule import BandwidthTrace
from simnet.network.links import LINKS

MOST_ATTEMPTS = 1000
"""Transmissions of one packet."""


class Loss(Model):
    """Losses of packets at random: alike at all times, or in the bursts of a Gilbert–Elliott channel."""

    good: Share = 0.0
    """Probability that a packet is lost, outside of bursts."""
    bad: Share | None = None
    """The same within bursts."""
    good_for: Annotated[Time, Field(gt=0)] | None = None
    """Mean time between bursts (exponential)."""
    bad_for: Annotated[Time, Field(gt=0)] | None = None
    """Mean time of a burst (exponential)."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({value is None for value in (self.bad, self.good_for, self.bad_for)}) > 1:
            raise ValueError("bursts need all of 'bad', 'good_for' and 'bad_for'")
        return self


class Link(Model):
    """One direction of a connection.

    `options` are the own keys of a user's kind, which `sharing` names. A lost packet is sent again until `attempts` are
    used up; then its message is lost.
    """

    quiet = ("sharing", "attempts", "jitter")
    internal = ("source", "target", "options")

    source: str
    """Where its messages come from."""
    target: str
    """Where they go."""
    bandwidth: Annotated[Bandwidth, Field(gt=0)]
    """How fast bytes leave; with a trace the first of its bandwidths that is not 0."""
    latency: Time
    """Time of propagation, after the last byte has left."""
    header: Size = 0
    """Bytes added to each packet."""
    mtu: Annotated[Size, Field(gt=0)] | None = None
    """Most bytes of a packet, without its header; by default a message is one packet."""
    loss: Loss | None = None
    """Probability that a packet is lost, or the bursts in which it is."""
    jitter: Time = 0.0
    """Each message is up to so much later; none overtakes another."""
    queue: Annotated[Size, Field(gt=0)] | None = None
    """Bytes that may wait; more is dropped. By default any number."""
    trace: BandwidthTrace | None = None
    """The bandwidth over time, in place of `bandwidth`; where it is 0 the link pauses."""
    sharing: str = "fifo"
    """Messages one after another (fifo), all at once with max–min fair rates (fair), or as a user's kind has it."""
    medium: str | None = None
    """Links of the same medium transmit one at a time, in whatever direction."""
    attempts: Annotated[int, Field(ge=1, le=MOST_ATTEMPTS, strict=True)] = 8
    """How often a packet is sent until its message is lost."""
    options: SerializeAsAny[Model] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.trace is not None and not (min(self.trace.values) >= 0 and max(self.trace.values) > 0):
            raise ValueError("the values of a bandwidth trace must be 0 (the link pauses) or more, and not all 0")
        check_given(self, kind_called(LINKS, self.sharing), self.sharing, "link", self.options)
        return self
