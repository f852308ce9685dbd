"""The resolved scenario's links."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SerializeAsAny, model_validator

from simnet.language.kinds import check_given, kind_called
from simnet.language.quantities import Bandwidth, Model, Share, Size, Time
from simnet.language.schedule import Steps
from simnet.network.links import LINKS


class Loss(Model):
    """Packets are lost with probability `good`; with `bad` in the bursts of a Gilbert–Elliott channel.

    The channel is good for `good_for` s on average, then bad for `bad_for` s, both times exponential.
    """

    good: Share = 0.0
    bad: Share | None = None
    good_for: Annotated[Time, Field(gt=0)] | None = None
    bad_for: Annotated[Time, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({value is None for value in (self.bad, self.good_for, self.bad_for)}) > 1:
            raise ValueError("bursts need all of 'bad', 'good_for' and 'bad_for'")
        return self


class Link(Model):
    """One direction of a connection: `bandwidth` in bytes/s, `latency` in s, `header` in bytes a packet.

    `mtu` (bytes, without the header) cuts messages into packets; None: a message is one packet. A lost packet is sent
    again, up to `attempts` times in all, then its message is lost. `jitter`: each message is up to so many s later, but
    messages never overtake each other. `queue`: bytes that may wait, more is dropped. `sharing`: messages one after
    another (fifo), all at once with max–min fair rates (fair), or as a user's kind has it, whose own keys are
    `options`. `medium`: links of the same medium transmit one at a time, in whatever direction. `trace`: the bandwidth
    in bytes/s over time, in place of `bandwidth`.
    """

    source: str
    target: str
    bandwidth: Annotated[Bandwidth, Field(gt=0)]
    latency: Time
    header: Size = 0
    sharing: str = "fifo"
    medium: str | None = None
    mtu: Annotated[Size, Field(gt=0)] | None = None
    loss: Loss | None = None
    attempts: Annotated[int, Field(ge=1, strict=True)] = 8
    jitter: Time = 0.0
    queue: Annotated[Size, Field(gt=0)] | None = None
    trace: Steps | None = None
    options: SerializeAsAny[Model] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.trace is not None and not all(value > 0 for value in self.trace.values):
            raise ValueError("a bandwidth trace must stay above 0 (a fault takes a link down)")
        check_given(self, kind_called(LINKS, self.sharing), self.sharing, "link", self.options)
        return self
