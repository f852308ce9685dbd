"""ADA-DDNN (Wu & Yang 2024, sections 3 and 4.2): devices classify, too, and the edge has a deeper extractor."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from simnet.models.graph import Part, Segment, Take
from simnet.models.networks.base import Given, Output
from simnet.models.networks.residual import ResidualNetwork

REPORTS = Take("device", "scores", filled=False)
"""A device without a result of its own is never chosen and has no vote."""


class AdaDdnn(ResidualNetwork):
    """Edge exit 1 is the surest device's result, edge exit 2 that of the fused features."""

    edge_exit = "edge-2"
    ada = True

    def at_the_edge(self) -> list[Segment]:
        """The edge processing module (section 3.2)."""
        return [Segment("surest", (REPORTS,), exit="edge-1", trained=False, scale="device")]

    def at_the_end(self) -> list[Segment]:
        """What can answer at edge exit 1 in place of the surest device, of the same reports (our choice)."""
        return [Segment(name, (REPORTS,), trained=False, instead="edge-1") for name in ("vote", "mean")]

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        """Run a device, the edge or the cloud, or join the devices' results."""
        joined = {"surest": surest, "vote": vote, "mean": mean}.get(part.segment)
        return super().run(part, given) if joined is None else Output(None, joined(*given[0]))


def surest(scores: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Scores `[n, classes]` of the device with minimum entropy among those `present` `[n, d]`, of `[n, d, classes]`.

    Of equally sure devices the first is taken (our choice). In double precision, as `simnet.models.rules` measures.
    """
    p = (scores.double() - scores.double().amax(-1, keepdim=True)).softmax(-1)
    entropies = -torch.where(p == 0, 0.0, p * p.log()).sum(-1)
    chosen = entropies.masked_fill(~present, float("inf")).argmin(1)
    return scores[torch.arange(len(scores), device=scores.device), chosen]


def vote(scores: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Product of experts: log q `[n, classes]`, q ∝ exp(Σ log pᵢ), over the devices that are `present` `[n, d]`.

    pᵢ is the softmax of `scores` `[n, d, classes]`; a device that is missing drops one factor.
    """
    logs = scores.double().log_softmax(-1).masked_fill(~present[..., None], 0.0)
    return logs.sum(1).log_softmax(-1).to(scores.dtype)


def mean(scores: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Logarithm `[n, classes]` of the mean probability over the devices that are `present` `[n, d]`."""
    p = scores.double().softmax(-1) * present[..., None]
    return (p.sum(1) / present.sum(1, keepdim=True).clamp(min=1)).clamp(min=1e-300).log().to(scores.dtype)
