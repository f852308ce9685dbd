"""The resolved scenario's faults."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, SerializeAsAny, model_validator

from simnet.language.kinds import check_given, kind_called, written
from simnet.language.quantities import Model, Time
from simnet.language.units import format_bandwidth
from simnet.network.faults import ACTIONS

LEAST_SHAPE = 0.1
"""Of a Weibull distribution: there the mean is 3.6 million times the scale. Below, draws are 0 or beyond any run."""


class Fault(Model):
    """What happens to a node or a directed link: once, or at random again and again (with `mtbf` and `mttr`).

    Faults of one `name` are reported together: they are what one entry of a file says. Both directions of a link are
    one connection: if one entry names both, they share their times.
    """

    quiet = ("shape", "together")

    name: str = ""
    """Under which it is reported."""
    together: bool = False
    """Whether those of one name strike at the same moments (a site, a partition), or each node and connection alone."""
    at: Time = 0.0
    """When it begins; at random, from when on it may."""
    lasts: Annotated[Time, Field(gt=0)] | None = None
    """How long; to the end without it."""
    node: str | None = None
    """The node that it strikes."""
    link: tuple[str, str] | None = None
    """The link that it strikes: who sends, who receives."""
    action: str
    """What happens: down, up, slow, bandwidth, loss, or another kind of action."""
    value: float | None = None
    """Of ours: times slower, bytes/s, probability that a packet is lost; else none."""
    mtbf: Annotated[Time, Field(gt=0)] | None = None
    """Mean time from a repair to the next failure (Weibull)."""
    mttr: Annotated[Time, Field(gt=0)] | None = None
    """Mean time to repair (exponential)."""
    shape: Annotated[float, Field(ge=LEAST_SHAPE, strict=True, allow_inf_nan=False)] = 1.0
    """Of the Weibull distribution; 1: exponential."""
    options: SerializeAsAny[Model] | None = None
    """The keys of its action."""

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

    def written(self) -> dict[str, Any]:
        """The entry in a file."""
        values = self.model_dump(mode="json")
        times = {"for" if key == "lasts" else key: values[key] for key in _TIMES if key in values}
        place = {"node": self.node} if self.link is None else {"link": list(self.link), "direction": "up"}
        kind = ACTIONS[self.action]
        action: Any = self.action
        if kind.key not in ("is", "do"):
            action = format_bandwidth(self.value or 0.0) if self.action == "bandwidth" else values["value"]
        return {**times, **place, kind.key: action, **written(self.options)}


_TIMES = ("name", "at", "lasts", "mtbf", "mttr", "shape", "together")
"""What a file says first, in its order."""
