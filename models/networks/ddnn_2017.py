"""DDNN of 2017 with binarized features: devices, local aggregator, no, one or several edges, cloud.

Source: Teerapittayanon, McDanel, Kung 2017. Tiers and joint training are the paper's [S]; the block, the fusion kinds
and the aggregators follow the authors' public code [R]; widths of edge and cloud, the fusion on an edge, the
aggregation of several edges' scores and what a missing view does are ours [I].

Two variants: the public code's, with binary heads and a binary cloud (`PUBLISHED`) [R], and ours, the default, whose
heads and cloud have real weights, clipped to [-1, 1] [I].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from simnet.models.graph import INPUT, Graph, Part, Segment, Take
from simnet.models.networks import base
from simnet.models.networks.base import Given, Network, Output

Aggregation = Literal["max", "mean", "concat"]
"""Across devices: MP, AP and CC of the paper."""
AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)

PAIRS: dict[str, tuple[Aggregation, Aggregation]] = {
    "MP": ("max", "max"),
    "AP": ("mean", "mean"),
    "CC": ("concat", "concat"),
    "MP-CC": ("max", "concat"),
    "AP-CC": ("mean", "concat"),
    "AP-MP": ("mean", "max"),
    "MP-AP": ("max", "mean"),
    "CC-MP": ("concat", "max"),
    "CC-AP": ("concat", "mean"),
}
"""The nine pairs of local and cloud fusion [R]."""

Head = Literal["linear", "binary"]
PUBLISHED: dict[str, Any] = {"head": "binary", "binary_cloud": True, "cloud_filters": (16, 16)}
"""What of an architecture makes it the public code's [R]: two binary blocks of 16 filters in the cloud."""


@dataclass(frozen=True)
class Ddnn2017Architecture(base.Architecture):
    """`devices` are the numbers of the views that have a device; `edges` the views of each edge.

    Edges hold every device once together, or there are none. Raises ValueError where devices, edges or the fusion kinds
    make no network.
    """

    view: tuple[int, int] = (32, 32)
    classes: int = 3
    codec: str = "binary"
    devices: tuple[int, ...] = tuple(range(6))
    edges: tuple[tuple[int, ...], ...] = ()
    local_fusion: Aggregation = "max"
    """Of the devices' class scores; of several edges' class scores, too [I]."""
    cloud_fusion: Aggregation = "concat"
    """Of features, on an edge and in the cloud."""
    filters: int = 4
    """Channels of a device's features."""
    edge_filters: int = 8
    cloud_filters: tuple[int, ...] = (16, 32)
    """Channels of each block in the cloud."""
    head: Head = "linear"
    """What makes class scores of features: one linear layer, or the signs of its weights and a batch norm [R]."""
    binary_cloud: bool = False
    """Whether the cloud convolves with the signs of its weights, and pools with stride 1 [R]."""

    def __post_init__(self) -> None:
        views = {*range(self.views)}
        if not self.devices or sorted(set(self.devices)) != list(self.devices) or not set(self.devices) <= views:
            raise ValueError(f"devices {self.devices} are not different views of 0..{self.views - 1} in order")
        if self.edges and (not all(self.edges) or sorted(v for e in self.edges for v in e) != list(self.devices)):
            raise ValueError(f"edges {self.edges} do not hold every device of {self.devices} once")
        for kind in (self.local_fusion, self.cloud_fusion):
            if kind not in AGGREGATIONS:
                raise ValueError(f"unknown fusion {kind!r}; known: {', '.join(AGGREGATIONS)}")
        if self.head not in get_args(Head):
            raise ValueError(f"unknown head {self.head!r}; known: {', '.join(get_args(Head))}")
        if min(self.filters, self.edge_filters, *self.cloud_filters, 1) < 1:
            raise ValueError("every block needs at least one filter")


class _Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        passed: Tensor = grad * (x.abs() <= 1)
        return passed


def sign(x: Tensor) -> Tensor:
    """±1 by the sign (+1 for zero); its gradient is that of the identity where |x| <= 1, else zero [R]."""
    made: Tensor = _Sign.apply(x)
    return made


class BinaryConv2d(nn.Conv2d):
    """A convolution with the signs of its weights [R]."""

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, inputs, h, w]` to `[n, outputs, h, w]`."""
        made: Tensor = self._conv_forward(x, sign(self.weight), self.bias)
        return made


class BinaryLinear(nn.Linear):
    """A linear layer with the signs of its weights [R]."""

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, inputs]` to `[n, outputs]`."""
        made: Tensor = nn.functional.linear(x, sign(self.weight), self.bias)
        return made


class BinaryBlock(nn.Sequential):
    """The binary conv/pool block [R]: 3x3 conv, 3x3 max pool of stride 2, batch norm, sign.

    Maps `[n, inputs, h, w]` to ±1 `[n, outputs, ceil(h/2), ceil(w/2)]`; with `stride` 1 height and width stay.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 2, binary: bool = False) -> None:
        convolution = BinaryConv2d if binary else nn.Conv2d
        super().__init__(
            convolution(inputs, outputs, 3, padding=1),
            nn.MaxPool2d(3, stride=stride, padding=1),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, inputs, h, w]` to ±1."""
        return sign(super().forward(x))  # type: ignore[no-untyped-call]


def halved(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width that a `BinaryBlock` makes of these."""
    return (size[0] + 1) // 2, (size[1] + 1) // 2


def head(inputs: int, classes: int, kind: Head) -> nn.Module:
    """What maps features `[n, inputs]` to class scores `[n, classes]`."""
    if kind == "linear":
        return nn.Linear(inputs, classes)
    return nn.Sequential(BinaryLinear(inputs, classes, bias=False), nn.BatchNorm1d(classes))


def aggregate(values: Tensor, present: Tensor, kind: Aggregation) -> Tensor:
    """Fuse `values` `[n, d, c, ...]` of d senders, of which `present` `[n, d]` (bool) arrived.

    `max` and `mean` run over those present; in `concat` zeros stand for the others; with none present every kind gives
    zeros [I]. Returns `[n, c, ...]`, for `concat` `[n, d*c, ...]`.
    """
    mask = present.reshape(*present.shape, *[1] * (values.dim() - 2))
    if kind == "max":
        highest = values.masked_fill(~mask, float("-inf")).amax(1)
        return highest.masked_fill(~mask.any(1), 0.0)
    shown = values.masked_fill(~mask, 0.0)
    if kind == "mean":
        return shown.sum(1) / mask.sum(1).clamp(min=1)
    return shown.flatten(1, 2)


class DeviceSegment(nn.Module):
    """What one device runs: a binary block and class scores of its ±1 features."""

    def __init__(self, arch: Ddnn2017Architecture) -> None:
        super().__init__()
        self.block = BinaryBlock(3, arch.filters)
        height, width = halved(arch.view)
        self.head = head(arch.filters * height * width, arch.classes, arch.head)

    def forward(self, view: Tensor) -> tuple[Tensor, Tensor]:
        """Map a normalized view `[n, 3, h, w]` to features ±1 `[n, f, h/2, w/2]` and class scores `[n, classes]`."""
        features = self.block(view)
        return features, self.head(features.flatten(1))


class LocalAggregator(nn.Module):
    """Fuses class scores of devices (or of several edges); concatenation is followed by one linear layer [R]."""

    def __init__(self, senders: int, classes: int, kind: Aggregation) -> None:
        super().__init__()
        self.kind: Aggregation = kind
        self.linear = nn.Linear(senders * classes, classes) if kind == "concat" else nn.Identity()

    def forward(self, scores: Tensor, present: Tensor) -> Tensor:
        """Map scores `[n, d, classes]` and present `[n, d]` to scores `[n, classes]`."""
        fused: Tensor = self.linear(aggregate(scores, present, self.kind))
        return fused


class EdgeSegment(nn.Module):
    """What one edge runs: fusion of its devices' features, a binary block, class scores."""

    def __init__(self, arch: Ddnn2017Architecture, senders: int) -> None:
        super().__init__()
        self.kind: Aggregation = arch.cloud_fusion
        inputs = arch.filters * (senders if self.kind == "concat" else 1)
        self.block = BinaryBlock(inputs, arch.edge_filters)
        height, width = halved(halved(arch.view))
        self.head = head(arch.edge_filters * height * width, arch.classes, arch.head)

    def forward(self, features: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Map ±1 features `[n, d, f, h, w]` and present `[n, d]` to ±1 features and class scores `[n, classes]`."""
        made = self.block(aggregate(features, present, self.kind))
        return made, self.head(made.flatten(1))


class EdgeTier(nn.Module):
    """All edges, and the aggregation of several edges' class scores."""

    def __init__(self, arch: Ddnn2017Architecture) -> None:
        super().__init__()
        self.edges = nn.ModuleList(EdgeSegment(arch, len(views)) for views in arch.edges)
        several = len(arch.edges) > 1
        self.aggregator = LocalAggregator(len(arch.edges), arch.classes, arch.local_fusion) if several else None


class CloudSegment(nn.Module):
    """Fusion of what devices or edges sent, further binary blocks, class scores."""

    def __init__(self, arch: Ddnn2017Architecture) -> None:
        super().__init__()
        self.kind: Aggregation = arch.cloud_fusion
        senders, channels, size = (
            (len(arch.edges), arch.edge_filters, halved(halved(arch.view)))
            if arch.edges
            else (len(arch.devices), arch.filters, halved(arch.view))
        )
        widths = (channels * (senders if self.kind == "concat" else 1), *arch.cloud_filters)
        stride = 1 if arch.binary_cloud else 2
        self.blocks = nn.Sequential(
            *(BinaryBlock(before, after, stride, arch.binary_cloud) for before, after in pairwise(widths))
        )
        for _ in arch.cloud_filters if stride == 2 else ():
            size = halved(size)
        self.head = head(widths[-1] * size[0] * size[1], arch.classes, arch.head)

    def forward(self, features: Tensor, present: Tensor) -> Tensor:
        """Map ±1 features of devices or edges `[n, d, c, h, w]` and present `[n, d]` to class scores `[n, classes]`."""
        scores: Tensor = self.head(self.blocks(aggregate(features, present, self.kind)).flatten(1))
        return scores


class Ddnn2017(Network):
    """Devices, local aggregator, edges if any, cloud. `devices[i]` belongs to the view `arch.devices[i]`.

    The six configurations of tiers are one graph with other groups. The module `edge` is there only with `arch.edges`.
    """

    Architecture: ClassVar[type[Any]] = Ddnn2017Architecture
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({"paper": PUBLISHED})
    arch: Ddnn2017Architecture

    def __init__(self, arch: Ddnn2017Architecture) -> None:
        super().__init__(arch)
        self.devices = nn.ModuleList(DeviceSegment(arch) for _ in arch.devices)
        self.local = LocalAggregator(len(arch.devices), arch.classes, arch.local_fusion)
        if arch.edges:
            self.edge = EdgeTier(arch)
        self.cloud = CloudSegment(arch)
        each = tuple((view,) for view in arch.devices)
        segments = [
            Segment("device", (Take(INPUT, groups=each),), len(each)),
            Segment("local", (Take("device", "scores"),), exit="local"),
            *self._edges(arch),
            Segment("cloud", (Take("edge" if arch.edges else "device"),), exit="cloud"),
        ]
        self.graph = Graph(arch.views, (3, *arch.view), segments, arch.classes)

    @staticmethod
    def _edges(arch: Ddnn2017Architecture) -> list[Segment]:
        """Each edge fuses its own devices' features; several edges' scores are aggregated once more [I]."""
        groups = tuple(tuple(arch.devices.index(view) for view in views) for views in arch.edges)
        if len(groups) == 1:
            return [Segment("edge", (Take("device", groups=groups),), exit="edge")]
        if not groups:
            return []
        return [
            Segment("edge", (Take("device", groups=groups),), len(groups), trained=False),
            Segment("edges", (Take("edge", "scores"),), exit="edge"),
        ]

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        """Run a device, the local aggregator, an edge, the aggregator of edges or the cloud."""
        match part.segment:
            case "device":
                return Output(*self.devices[part.copy](given[0].values[:, 0]))
            case "edge":
                return Output(*self.edge.edges[part.copy](*given[0]))
            case "edges":
                assert self.edge.aggregator is not None
                return Output(None, self.edge.aggregator(*given[0]))
        return Output(None, getattr(self, part.segment)(*given[0]))

    def module(self, part: Part) -> nn.Module | None:
        """The module of a part."""
        match part.segment:
            case "device":
                return self.devices[part.copy]
            case "edge":
                return self.edge.edges[part.copy]
            case "edges":
                return self.edge.aggregator
        found: nn.Module = getattr(self, part.segment)
        return found

    @classmethod
    def for_data(cls, name: str, views: int, view: tuple[int, int], classes: int) -> Ddnn2017Architecture:
        """A device for each view, no edge."""
        return Ddnn2017Architecture(view=view, classes=classes, views=views, devices=tuple(range(views)))

    def layers(self) -> dict[str, str]:
        """Filters per binary block; those with an arrow halve height and width."""
        arch = self.arch
        pool = "" if arch.binary_cloud else " ↓"
        edge = {"edge": f"{len(arch.edges)} of {arch.edge_filters} ↓"} if arch.edges else {}
        return {
            "device": f"{len(arch.devices)} of {arch.filters} ↓",
            "fusion": f"{arch.local_fusion}, {arch.cloud_fusion}",
            **edge,
            "cloud": ", ".join(f"{width}{pool}" for width in arch.cloud_filters),
            **({} if arch.head == "linear" else {"head": arch.head}),
        }

    @torch.no_grad()
    def after_step(self) -> None:
        """Clip the weights of convolutions and linear layers to [-1, 1]; called after every training step [R]."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.clamp_(-1, 1)


def bytes_per_device(classes: int, local_share: float, filters: int = 4, outputs: int = 256) -> float:
    """Bytes that one device sends for a sample on average: `4·|C| + (1 − l)·f·o/8` [R].

    `outputs` are elements per filter, one bit each; `local_share` l of the samples leave at the local exit.
    """
    return 4 * classes + (1 - local_share) * filters * outputs / 8


def raw_bytes(view: Sequence[int]) -> int:
    """Bytes of a raw view of `view` (height, width), three colours of one byte."""
    return 3 * view[0] * view[1]
