"""ADA-DDNN (Wu & Yang 2024): several edge exits, the first of which needs no fusion."""

from __future__ import annotations

from simnet.systems.base import Protocol
from simnet.systems.one_edge import OneEdge


class AdaDdnn(OneEdge):
    """Devices classify, too; the surest one may answer for all, before the edge fuses anything."""

    exits = ("edge-1", "edge-2", "cloud")
    steps = (("device", "edge-1"), ("edge", "edge-2"), ("cloud", "cloud"))
    keys = ("upload",)

    def classify(self, sample: int) -> Protocol:
        """Section 3.2, Fig. 2. Entropy, result and features of a device travel together.

        With `upload: on_request` [I] the features travel only if edge exit 1 did not fire: fewer bytes, one more round
        trip. Without any features in time the surest device's result is what the edge can answer with.
        """
        captured = self.env.now
        views = yield self.gather(sample)
        # The edge processing module: the result of minimum entropy leaves at edge exit 1, without fusion.
        surest = self.decide("edge-1", sample, views)
        if self.leaves(surest):
            return surest
        if self.on_request:
            views = yield self.fetch(sample, views, captured)
            if not views:
                return surest._replace(forced=True)
        yield self.compute_at_edge(sample)
        fused = self.decide("edge-2", sample, views)
        if self.leaves(fused):
            return fused
        if not (yield self.ask_cloud(sample)):
            return fused._replace(forced=True)
        return self.decide("cloud", sample, views)
