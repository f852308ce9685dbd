"""Cloud only: raw views to the cloud, which runs all segments."""

from __future__ import annotations

from simnet.models.graph import Graph
from simnet.systems.baselines.one_exit import AllInOnePlace
from simnet.systems.roles import Roles, cameras, maybe, one


class CloudOnly(AllInOnePlace):
    """The cloud answers every sample at the last exit. Views take the links there are: each crosses the edge's, too.

    The edge stores and forwards, and has the answer at the end (`reply`); where there is none, devices have it.
    """

    forgets = True
    roles = Roles(device=cameras(), edge=maybe("edge"), cloud=one("cloud"))
    meets = "cloud"

    @classmethod
    def answering(cls, graph: Graph) -> str:
        """The segment of the last exit."""
        return list(graph.exits.values())[-1].name
