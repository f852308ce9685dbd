"""A residual network on whole images that others learn from: its last feature map and its class scores [I]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from simnet.models.graph import INPUT, Graph, Part, Segment, Take
from simnet.models.networks import base
from simnet.models.networks.base import Given, Network, Output
from simnet.models.networks.students.preactivation import PreactivationBlock


@dataclass(frozen=True)
class WholeResnetArchitecture(base.Architecture):
    """One view. Raises ValueError where there are several."""

    view: tuple[int, int] = (32, 32)
    views: int = 1
    widths: tuple[int, ...] = (64, 128, 256)
    """Channels of each stage; all but the first halve the map."""
    blocks: int = 2
    """Residual blocks of a stage."""
    features: int = 128
    """Channels of the last feature map, which students share out among them."""

    def __post_init__(self) -> None:
        if self.views != 1:
            raise ValueError(f"it sees the whole image, one view; the data have {self.views}")
        if min(*self.widths, self.blocks, self.features) < 1:
            raise ValueError("every stage needs a channel and a block at least")


class WholeResnet(Network):
    """Stem of stride 2, stages of pre-activation blocks, a 1x1 conv to the features, average pool, one linear layer."""

    Architecture: ClassVar[type[Any]] = WholeResnetArchitecture
    arch: WholeResnetArchitecture
    usual: ClassVar[Mapping[str, Any]] = {
        "epochs": 30, "batch": 250, "rate": 0.1, "weight_decay": 5e-4, "whitening": False, "average": 0.0,
    }  # fmt: skip

    def __init__(self, arch: WholeResnetArchitecture) -> None:
        super().__init__(arch)
        layers: list[nn.Module] = [nn.Conv2d(3, arch.widths[0], 3, 2, padding=1, bias=False)]
        for number, (before, after) in enumerate(pairwise((arch.widths[0], *arch.widths))):
            for block in range(arch.blocks):
                first = not block
                layers.append(PreactivationBlock(before if first else after, after, 2 if number and first else 1))
        layers += [nn.BatchNorm2d(arch.widths[-1]), nn.ReLU(), nn.Conv2d(arch.widths[-1], arch.features, 1, bias=False)]
        self.body = nn.Sequential(*layers, nn.BatchNorm2d(arch.features), nn.ReLU())
        self.head = nn.Linear(arch.features, arch.classes)
        self.graph = Graph(1, (3, *arch.view), [Segment("whole", (Take(INPUT),), exit="last")], arch.classes)

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        """Pooled features `[n, D]` and class scores."""
        pooled: Tensor = F.adaptive_avg_pool2d(self.body(given[0].values[:, 0]), 1).flatten(1)
        return Output(pooled, self.head(pooled))

    def module(self, part: Part) -> nn.Module:
        """All of it."""
        return nn.ModuleList([self.body, self.head])

    def layers(self) -> dict[str, str]:
        """Channels of the stages."""
        return {"cloud": f"{', ↓ '.join(map(str, self.arch.widths))} × {self.arch.blocks} blocks"}
