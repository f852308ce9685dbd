"""Edge only: raw views to the edge, which runs the devices' segments and its own."""

from __future__ import annotations

from typing import Any

from simnet.models.graph import Graph
from simnet.systems.base import needing
from simnet.systems.baselines.one_exit import AllInOnePlace, exit_of
from simnet.systems.roles import Place, Roles, Unfit, cameras, one


class EdgeOnly(AllInOnePlace):
    """The edge answers every sample at the exit of its own segment: ADA-DDNN's edge exit 2."""

    forgets = True
    roles = Roles(device=cameras(), edge=one("edge"))
    answers = "edge"

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """The edge's segment must have an exit."""
        super().fit(graph, place, options)
        needing(graph, "edge")
        if exit_of(graph, "edge") is None:
            raise Unfit("it needs an exit of segment 'edge'; the network has none")
