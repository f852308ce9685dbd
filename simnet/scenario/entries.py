"""A scenario file's own form, where it differs from the resolved one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from simnet.scenario.faults import LEAST_SHAPE
from simnet.scenario.quantities import Bandwidth, Model, Share, Time
from simnet.scenario.schema import Frame
from simnet.scenario.workloads import Demand


class Header(Frame):
    """The file's top level."""

    workload: dict[str, Any]
    nodes: dict[str, Any]
    links: list[Any]
    systems: dict[str, Any]
    faults: list[Any] = Field(default_factory=list)
    network: dict[str, Any] = Field(default_factory=dict)
    sites: dict[str, Any] = Field(default_factory=dict)


class TraceEntry(Model):
    """A value over time: `steps` is a list of pairs, or CSV as text; after `repeat` s it begins anew."""

    file: str | None = None
    steps: Any = None
    repeat: Annotated[Time, Field(gt=0)] | None = None


class RecordedEntry(Demand):
    """A workload from a trace: a file's name, a list of times, or CSV as text."""

    trace: Any
    repeat: Annotated[Time, Field(gt=0)] | None = None


class LinkEntry(Model):
    """One entry of the file's `links`; values but `sharing`, `medium` and `attempts` may be `{up: …, down: …}`."""

    between: tuple[str, str]
    preset: str | None = None
    bandwidth: Any = None
    latency: Any = None
    header: Any = None
    sharing: Any = None
    medium: Any = None
    mtu: Any = None
    loss: Any = None
    attempts: Any = None
    jitter: Any = None
    queue: Any = None
    trace: Any = None


class FaultEntry(Model):
    """One entry of the file's `faults`."""

    name: str | None = None
    at: Time | None = None
    lasts: Annotated[Time, Field(gt=0)] | None = Field(None, alias="for")
    node: str | None = None
    link: tuple[str, str] | None = None
    site: str | None = None
    partition: tuple[tuple[str, ...], ...] | None = None
    direction: Literal["up", "down"] | None = None
    state: Literal["down", "up"] | None = Field(None, alias="is")
    slow: Annotated[float, Field(ge=1, strict=True, allow_inf_nan=False)] | None = None
    bandwidth: Annotated[Bandwidth, Field(gt=0)] | None = None
    loss: Annotated[Share, Field(gt=0)] | None = None
    mtbf: Annotated[Time, Field(gt=0)] | None = None
    mttr: Annotated[Time, Field(gt=0)] | None = None
    shape: Annotated[float, Field(ge=LEAST_SHAPE, strict=True, allow_inf_nan=False)] | None = None
    together: Annotated[bool, Field(strict=True)] | None = None
