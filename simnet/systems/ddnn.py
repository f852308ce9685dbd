"""DDNN as the ADA-DDNN paper compares with it ("algorithm 1", its Fig. 1; after Teerapittayanon et al. 2017)."""

from __future__ import annotations

from simnet.models.graph import Graph
from simnet.systems.base import Lifeline
from simnet.systems.one_edge import OneEdge
from simnet.systems.traffic import Message, feature_bytes


class Ddnn(OneEdge):
    """Devices extract features and send them all; the edge fuses and classifies, or the cloud answers."""

    exits = ("edge", "cloud")
    forgets = True

    def classify(self, sample: int) -> Lifeline:
        """Section 2, Fig. 1: the fused features' result leaves at the edge if it is sure enough, else the cloud's."""
        reported = yield self.gather(sample)
        yield self.compute_at_edge(sample)
        fused = self.decide("edge", sample, reported)
        if self.leaves(fused):
            return fused
        if not (yield self.ask_cloud(sample)):
            return fused._replace(forced=True)
        return self.decide("cloud", sample, reported)

    @classmethod
    def messages(cls, graph: Graph, codec: str) -> list[Message]:
        """Features only."""
        return [
            Message("device", "edge", feature_bytes(graph, codec, "device")),
            Message("edge", "cloud", feature_bytes(graph, codec, "edge")),
        ]
