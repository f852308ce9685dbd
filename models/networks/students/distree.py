"""DistrEE (Fei et al. 2025): N students that see the whole image, whose features meet at a source after every stage.

Joint end-to-end training and leaving by the difference of features are the paper's [S], one student a node whose
features are concatenated its lineage's [R: NoNN, RoCoIn]; layers, widths, adapters and everything else is ours [I].
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simnet.models.data.base import Dataset
from simnet.models.graph import INPUT, Graph, Part, Segment, Take
from simnet.models.networks import base
from simnet.models.networks.base import Given, Network, Output
from simnet.models.networks.objective import ITSELF, Plain
from simnet.models.networks.students.distillation import Distillation
from simnet.models.networks.students.preactivation import PreactivationBlock
from simnet.models.networks.students.stages import policies, stages_of

USUAL_NODES = 4
"""The number of nodes for which `DistreeArchitecture.base_widths` are the widths."""


@dataclass(frozen=True)
class DistreeArchitecture(base.Architecture):
    """One student for each node, on one view: the whole image.

    Raises ValueError where there are several views, or the features cannot be shared out equally.
    """

    view: tuple[int, int] = (32, 32)
    views: int = 1
    nodes: int = USUAL_NODES
    base_widths: tuple[int, ...] = (16, 32, 64, 64)
    """Channels of each stage with four nodes; with others times √(4 / nodes), so that the sum of FLOP stays."""
    strides: tuple[int, ...] = (1, 2, 2, 1)
    stem_stride: int = 2
    features: int = 128
    """Length D of what the source joins; each node gives D / nodes of it."""

    def __post_init__(self) -> None:
        if self.views != 1:
            raise ValueError(f"every node sees the whole image, one view; the data have {self.views}")
        if self.nodes < 1 or self.features < 1 or self.features % self.nodes:
            raise ValueError(f"{self.features} features cannot be shared out equally to {self.nodes} nodes")
        if len(self.base_widths) < 2 or len(self.strides) != len(self.base_widths):
            raise ValueError("needs two stages at least, and a stride for each")
        if min(*self.widths, *self.strides, self.stem_stride) < 1:
            raise ValueError("every stage needs a channel at least, and a stride from 1")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage of a student."""
        return tuple(round(width * math.sqrt(USUAL_NODES / self.nodes)) for width in self.base_widths)

    @property
    def share(self) -> int:
        """Features that one node gives, d."""
        return self.features // self.nodes


class Adapter(nn.Module):
    """What leaves a node after a stage: batch norm, ReLU, average pool, one linear layer to the common dimension.

    Maps `[n, c, h, w]` to `[n, 1, 1, d]`: one channel, so that a codec treats the d values alike.
    """

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.linear = nn.Linear(channels, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, c, h, w]` to `[n, 1, 1, d]`."""
        made: Tensor = self.linear(F.relu(self.norm(x)).mean((2, 3)))
        return made[:, None, None]


class RidgeMap(nn.Module):
    """An affine map that is fitted, not learned by gradient: buffers, no parameters."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight: Tensor
        self.bias: Tensor
        self.register_buffer("weight", torch.eye(outputs, inputs))
        self.register_buffer("bias", torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, inputs]` to `[n, outputs]`."""
        return F.linear(x, self.weight, self.bias)


class Distree(Network):
    """N students of several stages; after each stage the adapters' features meet in a head, and in a common space.

    Segments of stage e (from 1): `stage-e` and `adapter-e`, one copy a node; `head-e`, the exit `exit-e`; `aligned-e`,
    which maps all features `[n, D]` of the stage to those of the teacher, so that stages can be compared.
    """

    Architecture: ClassVar[type[Any]] = DistreeArchitecture
    arch: DistreeArchitecture
    usual: ClassVar[Mapping[str, Any]] = {
        "epochs": 40,
        "batch": 250,
        "optimizer": "sgd",
        "rate": 0.1,
        "weight_decay": 5e-4,
        "shift": 4,
        "flip": True,
        "whitening": False,
        "average": 0.0,
        "teacher": ITSELF,
        "loss_weights": {"head-1": 0.4, "head-2": 0.6, "head-3": 0.8, "head-4": 1.0},
        "objective": {"distillation": 0.5, "temperature": 3.0, "transfer": 0.05, "node_dropout": 0.15},
    }

    def __init__(self, arch: DistreeArchitecture) -> None:
        super().__init__(arch)
        self.stages = nn.ModuleList(nn.ModuleList(_student(arch)) for _ in range(arch.nodes))
        self.adapters = nn.ModuleList(
            nn.ModuleList(Adapter(width, arch.share) for width in arch.widths) for _ in range(arch.nodes)
        )
        self.heads = nn.ModuleList(nn.Linear(arch.features, arch.classes) for _ in arch.widths)
        self.aligned = nn.ModuleList(RidgeMap(arch.features, arch.features) for _ in arch.widths)
        each = tuple((node,) for node in range(arch.nodes))
        segments = []
        for number in range(1, len(arch.widths) + 1):
            given = Take(f"stage-{number - 1}", groups=each) if number > 1 else Take(INPUT, groups=((0,),) * arch.nodes)
            segments += [
                Segment(f"stage-{number}", (given,), arch.nodes, scores=False),
                Segment(f"adapter-{number}", (Take(f"stage-{number}", groups=each),), arch.nodes, scores=False),
                Segment(f"head-{number}", (Take(f"adapter-{number}"),), exit=f"exit-{number}"),
                Segment(f"aligned-{number}", (Take(f"adapter-{number}"),), scores=False),
            ]
        self.graph = Graph(1, (3, *arch.view), segments, arch.classes)

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        """Run a stage or an adapter of one node, a head, or the map into the common space."""
        module = self.module(part)
        values = given[0].values
        if part.segment.startswith(("stage", "adapter")):
            return Output(module(values[:, 0]))
        made = module(values.flatten(1))
        return Output(None, made) if part.segment.startswith("head") else Output(made)

    def module(self, part: Part) -> nn.Module:
        """The stage or adapter of a node, a head, or a map."""
        name, _, number = part.segment.partition("-")
        places: Any = {"stage": self.stages, "adapter": self.adapters, "head": self.heads, "aligned": self.aligned}[
            name
        ]
        found: nn.Module = (places[part.copy] if name in ("stage", "adapter") else places)[int(number) - 1]
        return found

    def joined(self, views: Tensor, present: Tensor | None = None) -> list[Tensor]:
        """F_e `[n, D]` of every stage, for prepared views `[n, 1, 3, h, w]`.

        `present` `[n, nodes]` (bool) says which nodes are there (all); zeros stand for the others.
        """
        found: list[list[Tensor]] = [[] for _ in self.heads]
        for node in range(self.arch.nodes):
            x = views[:, 0]
            for number, joined in enumerate(found, start=1):
                x = self.module(Part(f"stage-{number}", node))(x)
                z = self.module(Part(f"adapter-{number}", node))(x).flatten(1)
                joined.append(z if present is None else z * present[:, node, None])
        return [torch.cat(each, 1) for each in found]

    def objective(self, recipe: Any, teacher: Network | None, plain: Plain) -> Distillation:
        """The paper's joint loss: labels, distillation and transfer of features, at every stage."""
        return Distillation(self, self.arch.nodes, recipe, teacher, plain)

    def own_values(self, graph: Graph, validation: Dataset) -> dict[str, Any]:
        """The thresholds of every policy, `policies`."""
        return {"policies": policies(graph, stages_of(self, validation), validation.labels)}

    @classmethod
    def for_data(cls, name: str, views: int, view: tuple[int, int], classes: int) -> DistreeArchitecture:
        """The whole image."""
        return DistreeArchitecture(view=view, classes=classes, views=views)

    def layers(self) -> dict[str, str]:
        """Channels of a student's stages, an arrow where the stride is 2."""
        arch = self.arch
        stages = ", ".join(f"{'↓ ' if s > 1 else ''}{w}" for w, s in zip(arch.widths, arch.strides, strict=True))
        return {"device": f"{arch.nodes} × ({stages})", "fusion": "concat"}


def _student(arch: DistreeArchitecture) -> list[nn.Module]:
    made: list[nn.Module] = []
    for number, ((before, after), stride) in enumerate(
        zip(pairwise((arch.widths[0], *arch.widths)), arch.strides, strict=True)
    ):
        block: nn.Module = PreactivationBlock(before, after, stride)
        made.append(
            block if number else nn.Sequential(nn.Conv2d(3, before, 3, arch.stem_stride, padding=1, bias=False), block)
        )
    return made
