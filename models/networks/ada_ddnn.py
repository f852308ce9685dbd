"""ADA-DDNN (Wu & Yang 2024, sections 3 and 4.2): devices classify, too, and the edge has a deeper extractor."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from simnet.models.graph import Part, Segment, Take
from simnet.models.networks.base import Given, Output
from simnet.models.networks.residual import ResidualNetwork


class AdaDdnn(ResidualNetwork):
    """Edge exit 1 is the surest device's result, edge exit 2 that of the fused features."""

    edge_exit = "edge-2"
    ada = True

    def at_the_edge(self) -> list[Segment]:
        """The edge processing module (section 3.2); a device without a result of its own is never chosen."""
        reports = Take("device", "scores", filled=False)
        return [Segment("surest", (reports,), exit="edge-1", trained=False, scale="device")]

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        """Run a device, the edge or the cloud, or choose the surest device."""
        return Output(None, surest(*given[0])) if part.segment == "surest" else super().run(part, given)


def surest(scores: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Scores `[n, classes]` of the device with minimum entropy among those `present` `[n, d]`, of `[n, d, classes]`.

    Of equally sure devices the first is taken (our choice). In double precision, as `simnet.models.rules` measures.
    """
    p = (scores.double() - scores.double().amax(-1, keepdim=True)).softmax(-1)
    entropies = -torch.where(p == 0, 0.0, p * p.log()).sum(-1)
    chosen = entropies.masked_fill(~present, float("inf")).argmin(1)
    return scores[torch.arange(len(scores), device=scores.device), chosen]
