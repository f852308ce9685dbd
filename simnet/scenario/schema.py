"""The resolved scenario: what the engine reads. Frozen pydantic models, SI floats inside.

Values may be given as texts with a unit ("10 Mbit/s") anywhere; bare numbers mean SI units in Python, and are
refused in scenario files, which validate with `context=FROM_FILE`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from simnet.scenario import units
from simnet.scenario.errors import Path, ScenarioError
from simnet.scenario.source import Source

VIEWS = 6
"""Views per sample, hence the most devices a scenario may have."""

FROM_FILE = {"from_file": True}
"""Validation context in which a bare number is no quantity."""


def _parser(quantity: units.Quantity) -> Callable[[object, ValidationInfo], float]:
    def parse(value: object, info: ValidationInfo) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and not info.context:
            return float(value)
        return quantity.parse(value)

    return parse


Time = Annotated[float, BeforeValidator(_parser(units.TIME)), Field(ge=0, allow_inf_nan=False)]
Bandwidth = Annotated[float, BeforeValidator(_parser(units.BANDWIDTH)), Field(ge=0, allow_inf_nan=False)]
Speed = Annotated[float, BeforeValidator(_parser(units.SPEED)), Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, BeforeValidator(_parser(units.RATE)), Field(gt=0, allow_inf_nan=False)]
Size = Annotated[int, BeforeValidator(_parser(units.SIZE)), Field(ge=0)]
Split = Literal["train", "validation", "test"]
Threshold = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]


class Model(BaseModel):
    """Common behaviour: frozen, and a key that does not exist is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Periodic(Model):
    """One sample every `every` s, each shifted by up to `jitter` s (0 ≤ jitter < every)."""

    every: Annotated[Time, Field(gt=0)]
    jitter: Time = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.jitter >= self.every:
            every, jitter = units.format_time(self.every), units.format_time(self.jitter)
            raise ValueError(f"jitter ({jitter}) must be smaller than every ({every})")
        return self


class Poisson(Model):
    """Arrivals of a Poisson process, `poisson` samples per second."""

    poisson: Rate


class Node(Model):
    """A machine: `speed` in FLOP/s (0: a router, which only forwards), `overhead` in s per call, `memory` in bytes.

    A gateway can hold the local aggregator of `ddnn-2017`, and forwards else. `workers` calls run at once, each at full
    `speed`. `view` (1..6, devices only): which camera's view it sees.
    """

    tier: Literal["device", "gateway", "edge", "cloud", "router"]
    preset: str | None = None
    speed: Speed = 0.0
    workers: Annotated[int, Field(ge=1, strict=True)] = 1
    overhead: Time = 0.0
    memory: Annotated[Size, Field(gt=0)] | None = None
    view: Annotated[int, Field(ge=1, le=VIEWS, strict=True)] | None = None


class Link(Model):
    """One direction of a connection: `bandwidth` in bytes/s, `latency` in s, `header` in bytes a message."""

    source: str
    target: str
    bandwidth: Annotated[Bandwidth, Field(gt=0)]
    latency: Time
    header: Size = 0


class SystemSpec(Model):
    """An inference system to run.

    `thresholds`: "calibrated" (from the weights' card), one number for every exit but the last, or one each.
    `wait`: s the edge waits for reports after the first arrived; `cloud_limit`: s it waits for the cloud's
    answer before its own last exit answers instead. `codec`: how features travel (None: as the weights' card says).
    `upload`: whether features come with the report or only when they are needed. `missing`: what stands for a view
    that did not arrive, zeros or what a device gives for a black view. `tiers`: see `simnet.systems.tiers`.
    """

    system: str
    weights: str
    thresholds: Literal["calibrated"] | Threshold | dict[str, Threshold] = "calibrated"
    wait: Time = 1.0
    cloud_limit: Time = 1.0
    codec: str | None = None
    upload: Literal["together", "on_request"] = "together"
    missing: Literal["zero features", "zero input"] = "zero features"
    tiers: str | None = None


class Fault(Model):
    """From `at` s on, for `lasts` s (None: to the end), `node` or directed `link` is down, up, slow or narrow.

    `value`: times slower for "slow", bytes/s for "bandwidth", else None.
    """

    at: Time
    lasts: Annotated[Time, Field(gt=0)] | None = None
    node: str | None = None
    link: tuple[str, str] | None = None
    action: Literal["down", "up", "slow", "bandwidth"]
    value: float | None = None


class Frame(Model):
    """The single values at a file's top level."""

    name: Annotated[str, Field(min_length=1)]
    description: str = ""
    seed: Annotated[int, Field(ge=0, strict=True)] = 1
    data: Literal["plaza", "cifar10", "mvmc"]
    split: Split = "test"
    samples: Annotated[int, Field(ge=1, strict=True)] | None = None
    duration: Annotated[Time, Field(gt=0)] | None = None


class Scenario(Frame):
    """Everything one file asks for, resolved: no presets to look up, no ranges, no globs, SI units."""

    workload: Periodic | Poisson
    nodes: dict[str, Node]
    links: list[Link]
    systems: dict[str, SystemSpec]
    faults: list[Fault] = []

    _source: Source = PrivateAttr(default_factory=Source)

    def __eq__(self, other: object) -> bool:
        """Equal in every public field; where the values were read does not count."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    def error(self, path: Path, message: str) -> ScenarioError:
        """An error for later stages to raise, pointing at the line that `path` came from.

        `path` has the file's keys, e.g. `("systems", "ada-ddnn", "weights")`; names that came out of a range
        are known, list positions are those of the file's list.
        """
        return ScenarioError([self._source.problem(path, message)])

    def to_yaml(self) -> str:
        """The resolved scenario in the file format; loading it gives an equal scenario.

        Raises:
            ValueError: a link has no opposite direction (only possible for a scenario made in Python).
        """
        from simnet.scenario.dump import dump

        return dump(self)


class Header(Frame):
    """The file's top level: single values checked here, sections one by one in `resolve`."""

    workload: dict[str, Any]
    nodes: dict[str, Any]
    links: list[Any]
    systems: dict[str, Any]
    faults: list[Any] = []


class LinkEntry(Model):
    """One entry of the file's `links`; values may be `{up: …, down: …}`."""

    between: tuple[str, str]
    preset: str | None = None
    bandwidth: Any = None
    latency: Any = None
    header: Any = None


class FaultEntry(Model):
    """One entry of the file's `faults`."""

    at: Time
    lasts: Annotated[Time, Field(gt=0)] | None = Field(None, alias="for")
    node: str | None = None
    link: tuple[str, str] | None = None
    direction: Literal["up", "down"] | None = None
    state: Literal["down", "up"] | None = Field(None, alias="is")
    slow: Annotated[float, Field(ge=1, strict=True, allow_inf_nan=False)] | None = None
    bandwidth: Annotated[Bandwidth, Field(gt=0)] | None = None
