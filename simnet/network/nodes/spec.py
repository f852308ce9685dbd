"""The resolved scenario's machines."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny, model_validator

from simnet.language.kinds import check_given, check_options, kind_called, written
from simnet.language.quantities import MOST, CountKey, Energy, EnergyPerByte, Model, Power, Size, Speed, Time
from simnet.language.schedule import Load
from simnet.network.nodes import NODES

MOST_WORKERS = 100_000
"""Each is kept count of; so many are as good as any number."""


class Queue(Model):
    """Who waits at a node."""

    quiet = ("order",)

    order: Literal["fifo", "priority", "latest"] = "fifo"
    """First in, first out; by the samples' priority, first in, first out among equals; or the newest first. Nobody is
    interrupted."""
    limit: Annotated[int, Field(ge=0, le=MOST, strict=True)] | None = None
    """How many calls may wait; more are dropped: who comes, or with the order "latest" who has waited longest, as with
    a camera that keeps only its newest frame. By default any number."""


class Batching(Model):
    """Calls of the same segment run together.

    Between the sizes given `efficiency` is interpolated, beyond them it stays. Without it a batch saves only its calls'
    overhead. A measured profile has precedence.
    """

    quiet = ("efficiency",)

    size: Annotated[int, Field(ge=1, le=MOST, strict=True)]
    """The most calls that run together."""
    wait: Time = 0.0
    """How long the first of them waits for others."""
    efficiency: dict[CountKey, Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    """How many times faster than alone a sample is in a batch of each size, overhead apart."""

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        for size, faster in self.efficiency.items():
            if size == 1 and faster != 1:
                raise ValueError(f"efficiency tells how many times faster than alone: that of 1 is 1, not {faster:g}")
            if faster < 1 / MOST:
                raise ValueError(f"efficiency {faster:g} at {size}: less than {1 / MOST:g} is a slip")
            if faster > size:
                raise ValueError(f"efficiency {faster:g} at {size}: {size} together would be done before one alone")
        return self


class PowerModel(Model):
    """What a node draws."""

    idle: Power = 0.0
    """Drawn without work."""
    busy: Power = 0.0
    """Drawn with one worker at work; each further one adds busy − idle."""
    send: EnergyPerByte = 0.0
    """For each byte sent on its links."""
    receive: EnergyPerByte = 0.0
    """For each byte received."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.busy < self.idle:
            raise ValueError("busy must not be less than idle")
        return self


Profile = dict[str, dict[str, dict[CountKey, Annotated[Time, Field(gt=0)]]]]
"""Weights → segment → batch size → measured seconds of one call."""


class NodeEntry(Model):
    """What one entry of the file's `nodes` may say."""

    quiet = ("queue", "warm_up")

    tier: str
    """The part that it can play in a system; a router only forwards."""
    preset: str | None = None
    """Values of a machine by name; what is given beside it has precedence."""
    kind: str | None = None
    """A user's kind of node, by name or as ``file.py:Name``; by default the plainest that does what the keys ask for.
    A user's kind of node, by name or as ``file.py:Name``; by default the plainest that does what the keys ask for."""
    site: str | None = None
    """The site that it belongs to; without one it is the only one's, or serves all."""
    speed: Speed = 0.0
    """Sustained speed of each worker."""
    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS, strict=True)] = 1
    """How many calls run at once, each at full `speed`."""
    overhead: Time = 0.0
    """Time of every call before it computes."""
    memory: Annotated[Size, Field(gt=0)] | None = None
    """Memory for the weights of its segments."""
    view: Annotated[int, Field(ge=1, le=MOST, strict=True)] | None = None
    """Which camera's view a device sees, from 1; by default in order."""
    fallback: str | None = None
    """The node of the same tier that does its work while it is down."""
    queue: Queue = Queue()
    """Who waits, in which order, and how many at most."""
    batch: Batching | None = None
    """Calls of one segment that run together."""
    profile: Profile | None = None
    """Measured times in place of FLOP / speed + overhead: weights → segment → batch size → time, or a file."""
    load: Load | None = None
    """Share of the speed that other work takes, constant or over time."""
    power: PowerModel | None = None
    """What it draws."""
    battery: Annotated[Energy, Field(gt=0)] | None = None
    """Its charge at the beginning; without charge it is down for good."""
    warm_up: Time = 0.0
    """Time after a failure until it works again."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.battery is not None and self.power in (None, PowerModel()):  # with nothing in it, nothing is drawn
            raise ValueError("a battery needs a power model: 'power: {idle: 2 W, busy: 6 W}'")
        if self.batch is not None and self.batch.size > 1 and self.batch.wait > 0 and self.queue.limit == 0:
            raise ValueError("a queue limit of 0 leaves no room to wait for a batch")
        if self.load is not None and not all(0 <= share < 1 for share in self.load.values):
            raise ValueError("load must be at least 0 and less than 1 (100 %)")
        return self


_OF_PRESETS = ("memory", "power")
"""Keys of presets that need no value."""


class Node(NodeEntry):
    """A machine; `options` are the own keys of its kind."""

    internal = ("options",)

    options: SerializeAsAny[Model] | None = None

    @model_validator(mode="after")
    def _suits(self) -> Self:
        if self.kind is not None:
            check_given(self, kind_called(NODES, self.kind), self.kind, "node", self.options)
        return self

    def written(self) -> dict[str, Any]:
        """The entry in a file."""
        values = self.model_dump(mode="json")
        if self.preset is not None:  # what a preset has and this node not is said out loud, else it would come back
            values = {key: values.get(key) for key in NodeEntry.model_fields if key in values or key in _OF_PRESETS}
        return values | written(self.options)


def check_kind(kind: type[Any]) -> None:
    """Whether a kind's own keys can stand in an entry, as the registry asks. Raises ValueError with what cannot."""
    check_options(kind, NodeEntry)
