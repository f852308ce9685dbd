"""A scenario file's own form, where it differs from the resolved one."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from simnet.scenario.scenario import Frame


class Header(Frame):
    """The file's top level."""

    data: Any
    workload: dict[str, Any]
    nodes: dict[str, Any]
    links: list[Any]
    systems: dict[str, Any]
    faults: list[Any] = Field(default_factory=list)
    network: dict[str, Any] = Field(default_factory=dict)
    sites: dict[str, Any] = Field(default_factory=dict)
