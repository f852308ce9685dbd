"""Device only: each device classifies what it sees, and their reports are all that the answer takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from simnet.models.graph import FLOAT, Graph
from simnet.systems.base import needing
from simnet.systems.baselines.one_exit import OneExit, exit_of
from simnet.systems.options import EdgeOptions, SystemOptions
from simnet.systems.roles import Place, Roles, Unfit, cameras, one


class DeviceOnlyOptions(EdgeOptions):
    """Keys of device-only."""

    edge_1: Literal["surest", "vote", "mean"] = "surest"
    """What answers: the surest device, a vote of all that reported, or their mean."""


class DeviceOnly(OneExit):
    """Devices run their segments and report entropy and class scores; the first exit of these answers, always.

    That is ADA-DDNN's edge exit 1 for every sample: the surest device's result. Nothing is computed at the edge.
    """

    Options: ClassVar[type[SystemOptions]] = DeviceOnlyOptions
    forgets = True
    roles = Roles(device=cameras(), edge=one("edge"))

    @classmethod
    def instead(cls, options: DeviceOnlyOptions) -> Mapping[str, str]:
        """The vote or the mean in place of the surest device."""
        return {} if options.edge_1 == "surest" else {"edge-1": options.edge_1}

    @classmethod
    def answering(cls, graph: Graph) -> str:
        """The first segment with an exit that takes nothing but the devices' scores."""
        for name, segment in graph.segments.items():
            if segment.exit is not None and {(take.source, take.what) for take in segment.takes} == {
                ("device", "scores")
            }:
                return name
        return ""

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """Devices must classify, and there must be an exit of their scores."""
        super().fit(graph, place, options)
        needing(graph, "device")
        if exit_of(graph, cls.answering(graph)) is None:
            raise Unfit("it needs an exit of the devices' class scores; the network has none")

    def report_size(self) -> int:
        """4·|C| + 4 bytes: class scores and entropy."""
        return self.graph.score_bytes + FLOAT
