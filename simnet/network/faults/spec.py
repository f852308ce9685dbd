"""The resolved scenario's faults."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SerializeAsAny, model_validator

from simnet.language.kinds import check_given, kind_called
from simnet.language.quantities import Model, Time
from simnet.network.faults import ACTIONS

LEAST_SHAPE = 0.1
"""Of a Weibull distribution: there the mean is 3.6 million times the scale. Below, draws are 0 or beyond any run."""


class Fault(Model):
    """`node` or directed `link` is down, up, slow, narrow, lossy or what a user's `action` makes of it.

    Scripted, or at random (`mtbf`, `mttr`).

    Scripted: from `at` s on, for `lasts` s (None: to the end). At random: again and again, from `at` on, after times to
    failure of mean `mtbf` s (Weibull with `shape`; 1: exponential), for exponential times of mean `mttr` s.
    `value`: times slower for "slow", bytes/s for "bandwidth", probability that a packet is lost for "loss", else None.
    `options`: the own keys of a user's action.
    Faults of one `name` are reported together: they are what one entry of a file says. With `together` those of one
    name strike at the same moments, too (a site or a partition: one stream of random times for the name); else each
    node and each connection fails on its own. Both directions of a link are one connection: if one entry names both,
    they share their times.
    """

    name: str = ""
    together: bool = False
    at: Time = 0.0
    lasts: Annotated[Time, Field(gt=0)] | None = None
    node: str | None = None
    link: tuple[str, str] | None = None
    action: str
    value: float | None = None
    options: SerializeAsAny[Model] | None = None
    mtbf: Annotated[Time, Field(gt=0)] | None = None
    mttr: Annotated[Time, Field(gt=0)] | None = None
    shape: Annotated[float, Field(ge=LEAST_SHAPE, strict=True, allow_inf_nan=False)] = 1.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.mtbf is None) != (self.mttr is None):
            raise ValueError("faults at random need both 'mtbf' and 'mttr'")
        if self.mtbf is not None and self.lasts is not None:
            raise ValueError("faults at random last 'mttr' on average; leave 'for' out")
        kind = kind_called(ACTIONS, self.action)
        check_given(self, kind, self.action, "fault", self.options)
        what = "node" if self.link is None else "link"
        if what not in kind.targets:
            raise ValueError(f"'{self.action}' does nothing to a {what}")
        return self
