"""A scenario file's own form, where it differs from the resolved one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from simnet.scenario.quantities import Bandwidth, Model, Time
from simnet.scenario.schema import Frame


class Header(Frame):
    """The file's top level."""

    workload: dict[str, Any]
    nodes: dict[str, Any]
    links: list[Any]
    systems: dict[str, Any]
    faults: list[Any] = Field(default_factory=list)


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
