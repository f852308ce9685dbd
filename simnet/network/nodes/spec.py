"""The resolved scenario's machines."""

from __future__ import annotations

from math import inf
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    SerializeAsAny,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from simnet.language.errors import shown
from simnet.language.kinds import check_given, check_options, kind_called, written
from simnet.language.quantities import (
    MOST,
    Bandwidth,
    CountKey,
    Energy,
    EnergyPerByte,
    Model,
    Power,
    Size,
    Speed,
    Time,
    parser,
)
from simnet.language.schedule import Load
from simnet.language.units import POWER, TIME, format_time, parse_share
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
    """How many times faster than alone a sample is in a batch of each size, overheads apart."""

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

    quiet = ("sleep_after", "wake_up")

    idle: Power = 0.0
    """Drawn without work."""
    busy: Power = 0.0
    """Drawn with one worker at work; each further one adds busy − idle."""
    send: EnergyPerByte = 0.0
    """For each byte sent on its links."""
    receive: EnergyPerByte = 0.0
    """For each byte received."""
    sleep: Power | None = None
    """Drawn in place of `idle` while nothing is left to compute or to send, until the next call or message wakes it;
    without it the node never sleeps."""
    sleep_after: Time = 0.0
    """How long it has had nothing to do before it falls asleep."""
    wake_up: Time = 0.0
    """How long it takes to wake, at the power of `busy`, while what has woken it waits."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.busy < self.idle:
            raise ValueError("busy must not be less than idle")
        if self.sleep is not None and self.sleep > self.idle:
            asleep, idle = POWER.format(self.sleep), POWER.format(self.idle)
            raise ValueError(f"sleep must not be more than idle: {asleep} is more than {idle}")
        if self.sleep is None and (given := [key for key in self.quiet if getattr(self, key)]):
            raise ValueError(f"{' and '.join(given)}: it never sleeps without a power for it: 'sleep: 10 mW'")
        return self


def _measured(value: object, info: ValidationInfo) -> float | list[float]:
    """One time, or several as quantiles."""
    times = [parser(TIME)(one, info) for one in (value if isinstance(value, list) else [value])]
    if not all(0 < time < inf for time in times):
        raise ValueError(f"a measured time is more than 0, not {shown(value)}")
    if not isinstance(value, list):
        return times[0]
    if len(times) < 2 or times != sorted(times):
        raise ValueError("quantiles are two times or more, from the least to the greatest")
    return times


def _told(value: float | list[float]) -> str | list[str]:
    return [format_time(one) for one in value] if isinstance(value, list) else format_time(value)


Measured = Annotated[
    float | list[float],
    PlainValidator(_measured),
    PlainSerializer(_told, when_used="json"),
    WithJsonSchema(
        {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "minItems": 2,
            "description": "time with its unit, or quantiles",
            "examples": ["3 ms", ["2 ms", "3 ms", "9 ms"]],
        },
        mode="validation",
    ),
]
Profile = dict[str, dict[str, dict[CountKey, Measured]]]
"""Weights → segment, or several that run as one (``device*6+cloud``) → batch size → measured seconds of one call, or
their quantiles from the least to the greatest, at equal steps."""

Variation = Annotated[
    float,
    BeforeValidator(parse_share),
    WithJsonSchema({"type": ["string", "number"], "examples": ["20 %", 0.2]}, mode="validation"),
    Field(gt=0, le=10, allow_inf_nan=False),
]


class Jitter(Model):
    """How computing times vary from call to call; exactly one of the keys."""

    quiet = ("measured",)

    cv: Variation | None = None
    """Coefficient of variation of log-normal times, whose mean is what a call takes without jitter."""
    sd: Annotated[Time, Field(gt=0)] | None = None
    """Standard deviation of the same."""
    measured: Annotated[bool, Field(strict=True)] = False
    """Times are drawn from the quantiles of the measured profile."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.cv is not None) + (self.sd is not None) + self.measured != 1:
            raise ValueError("give exactly one of cv, sd and 'measured: true'")
        return self


def _has_quantiles(profile: Profile | None) -> bool:
    """Whether all times of a profile are known with their spread."""
    return profile is not None and all(
        isinstance(value, list)
        for segments in profile.values()
        for sizes in segments.values()
        for value in sizes.values()
    )


class NodeEntry(Model):
    """What one entry of the file's `nodes` may say."""

    quiet = ("queue", "warm_up")

    tier: str
    """The part that it can play in a system; a router only forwards."""
    preset: str | None = None
    """Values of a machine by name; what is given beside it has precedence."""
    kind: str | None = None
    """A user's kind of node, by name or as ``file.py:Name``; by default the plainest that does what the keys ask."""
    site: str | None = None
    """The site that it belongs to; without one it is the only one's, or serves all."""
    speed: Speed = 0.0
    """Sustained speed of each worker."""
    memory_bandwidth: Annotated[Bandwidth, Field(gt=0)] | None = None
    """How fast each worker reads and writes what its operations work on; without it that takes no time."""
    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS, strict=True)] = 1
    """How many calls run at once, each at full `speed`."""
    overhead: Time = 0.0
    """Time of every call before it computes."""
    overhead_per_op: Time = 0.0
    """Time of every tensor operation of a call beside its arithmetic: its dispatch, or the launch of a kernel."""
    jitter: Jitter | None = None
    """How its times vary from call to call; without it they do not."""
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
    """Measured times in place of computed ones: weights → segment → batch size → time, or a file."""
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
        if self.jitter is not None and self.jitter.measured and not _has_quantiles(self.profile):
            raise ValueError(
                "measured jitter needs a profile with quantiles: write one with 'python -m simnet profile'"
            )
        if self.load is not None and not all(0 <= share < 1 for share in self.load.values):
            raise ValueError("load must be at least 0 and less than 1 (100 %)")
        return self


_OF_PRESETS = ("memory", "memory_bandwidth", "power")
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
