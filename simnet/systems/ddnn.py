"""DDNN as the ADA-DDNN paper compares with it ("algorithm 1", its Fig. 1; after Teerapittayanon et al. 2017)."""

from __future__ import annotations

from simnet.systems.base import Protocol
from simnet.systems.one_edge import OneEdge


class Ddnn(OneEdge):
    """Devices extract features and send them all; the edge fuses and classifies, or the cloud answers."""

    exits = ("edge", "cloud")
    steps = (("device", None), ("edge", "edge"), ("cloud", "cloud"))

    def classify(self, sample: int) -> Protocol:
        """Section 2, Fig. 1: the fused features' result leaves at the edge if it is sure enough, else the cloud's."""
        views = yield self.gather(sample)
        yield self.compute_at_edge(sample)
        fused = self.decide("edge", sample, views)
        if self.leaves(fused):
            return fused
        if not (yield self.ask_cloud(sample)):
            return fused._replace(forced=True)
        return self.decide("cloud", sample, views)
