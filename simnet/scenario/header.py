"""A scenario file's own form, where it differs from the resolved one."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from simnet.scenario.scenario import Frame


class Header(Frame):
    """The file's top level."""

    data: Any
    """The data set by name, or its name (`set`) and its own keys."""
    workload: dict[str, Any]
    """When samples are captured."""
    nodes: dict[str, Any]
    """The machines, each under its name; a name such as camera[1..6] is six of them."""
    links: list[Any]
    """The connections, each in both directions."""
    systems: dict[str, Any]
    """The inference systems to compare, each in a world of its own."""
    faults: list[Any] = Field(default_factory=list)
    """What fails, when, and for how long."""
    network: dict[str, Any] = Field(default_factory=dict)
    """What holds for the whole network."""
    sites: dict[str, Any] = Field(default_factory=dict)
    """Workloads of sites that differ from `workload`."""
