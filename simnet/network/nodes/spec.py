"""The resolved scenario's machines."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SerializeAsAny, model_validator

from simnet.language.kinds import check_given, kind_called
from simnet.language.quantities import Energy, EnergyPerByte, Model, Power, Size, Speed, Time
from simnet.language.schedule import Steps
from simnet.network.nodes import NODES

MOST_WORKERS = 100_000
"""Each is kept count of; so many are as good as any number."""


class Queue(Model):
    """Who waits at a node: in which order, and how many calls at most (None: any number); more are dropped.

    With `priority` the samples of the highest priority go first, in order of arrival among equals; nobody is
    interrupted.
    """

    order: Literal["fifo", "priority"] = "fifo"
    limit: Annotated[int, Field(ge=0, strict=True)] | None = None


class Batching(Model):
    """Calls of the same segment run together: up to `size`, for which the first of them waits `wait` s at most.

    `efficiency`: how many times faster a sample is in a batch of so many than alone (overhead apart); between the sizes
    given it is interpolated, beyond them it stays. Without it a batch saves only its calls' overhead. A measured
    profile has precedence.
    """

    size: Annotated[int, Field(ge=1, strict=True)]
    wait: Time = 0.0
    efficiency: dict[Annotated[int, Field(ge=1)], Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]] = (
        Field(default_factory=dict)
    )

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        for size, faster in self.efficiency.items():
            if size == 1 and faster != 1:
                raise ValueError(f"efficiency tells how many times faster than alone: that of 1 is 1, not {faster:g}")
            if faster > size:
                raise ValueError(f"efficiency {faster:g} at {size}: {size} together would be done before one alone")
        return self


class PowerModel(Model):
    """What a node draws, in W: `idle`, and `busy` with a worker that computes (each further one adds busy − idle).

    `send` and `receive` are J per byte on its links.
    """

    idle: Power = 0.0
    busy: Power = 0.0
    send: EnergyPerByte = 0.0
    receive: EnergyPerByte = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.busy < self.idle:
            raise ValueError("busy must not be less than idle")
        return self


Profile = dict[str, dict[str, dict[Annotated[int, Field(ge=1)], Annotated[Time, Field(gt=0)]]]]
"""Weights → segment → batch size → measured seconds of one call."""


class NodeEntry(Model):
    """What one entry of the file's `nodes` may say.

    `speed` in FLOP/s (0: a router, which only forwards), `overhead` in s per call, `memory` in bytes.
    `tier`: the part that it can play in a system. `kind`: a user's, by name; None: the plainest that does what the
    other keys ask for. `workers` calls run at once, each at full `speed`. `view` (from 1, devices only): which camera's
    view it sees, of its `site` (None: the only one, or for all). `fallback`: who does its work while it is down.
    `profile` has measured times in place of FLOP / speed + overhead. `load`: share of the speed, below 1, that other
    work takes. `battery` in J; without charge the node is down for good. `warm_up`: s after a failure until it is up.
    """

    tier: str
    preset: str | None = None
    kind: str | None = None
    speed: Speed = 0.0
    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS, strict=True)] = 1
    overhead: Time = 0.0
    memory: Annotated[Size, Field(gt=0)] | None = None
    view: Annotated[int, Field(ge=1, strict=True)] | None = None
    site: str | None = None
    fallback: str | None = None
    queue: Queue = Queue()
    batch: Batching | None = None
    profile: Profile | None = None
    load: Steps | None = None
    power: PowerModel | None = None
    battery: Annotated[Energy, Field(gt=0)] | None = None
    warm_up: Time = 0.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.battery is not None and self.power in (None, PowerModel()):  # with nothing in it, nothing is drawn
            raise ValueError("a battery needs a power model: 'power: {idle: 2 W, busy: 6 W}'")
        if self.batch is not None and self.batch.size > 1 and self.batch.wait > 0 and self.queue.limit == 0:
            raise ValueError("a queue limit of 0 leaves no room to wait for a batch")
        if self.load is not None and not all(0 <= share < 1 for share in self.load.values):
            raise ValueError("load must be at least 0 and less than 1 (100 %)")
        return self


class Node(NodeEntry):
    """A machine; `options` are the own keys of its kind."""

    options: SerializeAsAny[Model] | None = None

    @model_validator(mode="after")
    def _suits(self) -> Self:
        if self.kind is not None:
            check_given(self, kind_called(NODES, self.kind), self.kind, "node", self.options)
        return self
