"""DDNN of 2017 with binarized features: devices, local aggregator, no, one or several edges, cloud.

Source: Teerapittayanon, McDanel, Kung 2017. Tiers and joint training are the paper's [S]; the block, the fusion kinds
and the aggregators follow the authors' public code [R]; widths of edge and cloud, the fusion on an edge, the
aggregation of several edges' scores and what a missing view does are ours [I]. Weights are clipped, not binarized [I].
Every segment is a module of its own; `Ddnn2017.forward` only chains them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from simnet.models.data.base import VIEWS

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


@dataclass(frozen=True)
class Ddnn2017Architecture:
    """Everything needed to build a network again; kept in the weight file's card.

    `devices` are the numbers of the views that have a device; `edges` the views of each edge, together every device
    once, or empty where there is no edge tier. Raises ValueError where they or the fusion kinds make no network.
    """

    system: str = "ddnn-2017"
    view: tuple[int, int] = (32, 32)
    classes: int = 3
    devices: tuple[int, ...] = tuple(range(VIEWS))
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

    def __post_init__(self) -> None:
        if self.system != "ddnn-2017":
            raise ValueError(f"system {self.system!r} is not 'ddnn-2017'")
        if (
            not self.devices
            or sorted(set(self.devices)) != list(self.devices)
            or not set(self.devices) <= {*range(VIEWS)}
        ):
            raise ValueError(f"devices {self.devices} are not different views of 0..{VIEWS - 1} in order")
        if self.edges and (not all(self.edges) or sorted(v for e in self.edges for v in e) != list(self.devices)):
            raise ValueError(f"edges {self.edges} do not hold every device of {self.devices} once")
        for kind in (self.local_fusion, self.cloud_fusion):
            if kind not in AGGREGATIONS:
                raise ValueError(f"unknown fusion {kind!r}; known: {', '.join(AGGREGATIONS)}")
        if min(self.filters, self.edge_filters, *self.cloud_filters, 1) < 1:
            raise ValueError("every block needs at least one filter")

    @property
    def exits(self) -> tuple[str, ...]:
        """Exits in the order in which a sample meets them."""
        return ("local", "edge", "cloud") if self.edges else ("local", "cloud")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the card."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Ddnn2017Architecture:
        """Inverse of `as_dict`; JSON turns tuples into lists, this turns them back."""
        return cls(**{name: _tuples(value) for name, value in values.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


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


class BinaryBlock(nn.Sequential):
    """The binary conv/pool block [R]: 3x3 conv, 3x3 max pool of stride 2, batch norm, sign.

    Maps `[n, inputs, h, w]` to ±1 `[n, outputs, ceil(h/2), ceil(w/2)]`.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.MaxPool2d(3, stride=2, padding=1), nn.BatchNorm2d(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, inputs, h, w]` to ±1."""
        return sign(super().forward(x))  # type: ignore[no-untyped-call]


def halved(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width that a `BinaryBlock` makes of these."""
    return (size[0] + 1) // 2, (size[1] + 1) // 2


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
    """What one device runs: a binary block and class scores from one linear layer on its ±1 features."""

    def __init__(self, arch: Ddnn2017Architecture) -> None:
        super().__init__()
        self.block = BinaryBlock(3, arch.filters)
        height, width = halved(arch.view)
        self.head = nn.Linear(arch.filters * height * width, arch.classes)

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
        self.head = nn.Linear(arch.edge_filters * height * width, arch.classes)

    def forward(self, features: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Map ±1 features `[n, d, f, h, w]` and present `[n, d]` to ±1 features and class scores `[n, classes]`."""
        made = self.block(aggregate(features, present, self.kind))
        return made, self.head(made.flatten(1))


class EdgeTier(nn.Module):
    """All edges together and the aggregation of their class scores."""

    def __init__(self, arch: Ddnn2017Architecture) -> None:
        super().__init__()
        self.edges = nn.ModuleList(EdgeSegment(arch, len(views)) for views in arch.edges)
        self.slots = [[arch.devices.index(view) for view in views] for views in arch.edges]
        """For each edge the places of its devices in the order of `arch.devices`."""
        self.aggregator = (
            LocalAggregator(len(arch.edges), arch.classes, arch.local_fusion) if len(arch.edges) > 1 else None
        )

    def present(self, present: Tensor) -> Tensor:
        """Which edges send anything, `[n, e]`: those with a device present, of devices `[n, d]`."""
        return torch.stack([present[:, slots].any(1) for slots in self.slots], dim=1)

    def forward(self, features: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Map features `[n, d, f, h, w]` and present `[n, d]` to `[n, e, c, h', w']` and class scores `[n, classes]`.

        A missing edge's features are to be passed on as missing, see `present`; it takes no part in the scores.
        """
        made = [edge(features[:, slots], present[:, slots]) for edge, slots in zip(self.edges, self.slots, strict=True)]
        scores = torch.stack([s for _, s in made], dim=1)
        fused = torch.stack([f for f, _ in made], dim=1)
        if self.aggregator is None:
            return fused, scores[:, 0]
        return fused, self.aggregator(scores, self.present(present))


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
        self.blocks = nn.Sequential(*(BinaryBlock(before, after) for before, after in pairwise(widths)))
        for _ in arch.cloud_filters:
            size = halved(size)
        self.head = nn.Linear(widths[-1] * size[0] * size[1], arch.classes)

    def forward(self, features: Tensor, present: Tensor) -> Tensor:
        """Map ±1 features of devices or edges `[n, d, c, h, w]` and present `[n, d]` to class scores `[n, classes]`."""
        scores: Tensor = self.head(self.blocks(aggregate(features, present, self.kind)).flatten(1))
        return scores


class Ddnn2017(nn.Module):
    """Devices, local aggregator, edges if any, cloud. `devices[i]` belongs to the view `arch.devices[i]`.

    The module `edge` is there only with `arch.edges`.
    """

    def __init__(self, arch: Ddnn2017Architecture) -> None:
        super().__init__()
        self.arch = arch
        self.devices = nn.ModuleList(DeviceSegment(arch) for _ in arch.devices)
        self.local = LocalAggregator(len(arch.devices), arch.classes, arch.local_fusion)
        if arch.edges:
            self.edge = EdgeTier(arch)
        self.cloud = CloudSegment(arch)

    def forward(self, views: Tensor, present: Tensor | None = None, codec: str | None = None) -> dict[str, Tensor]:
        """Class scores of every classifier, for normalized views `[n, 6, 3, h, w]` and present `[n, 6]` (all).

        `codec` is there for the same call as `EarlyExitNetwork`; ±1 arrive exactly with every one.
        Returns `device` `[n, d, classes]`, `local`, `edge` (with edges only) and `cloud` `[n, classes]`.
        """
        chosen = list(self.arch.devices)
        if present is None:
            present = torch.ones(views.shape[:2], dtype=torch.bool, device=views.device)
        here = present[:, chosen]
        reports = [device(views[:, view]) for view, device in zip(chosen, self.devices, strict=True)]
        features, classified = (torch.stack(parts, dim=1) for parts in zip(*reports, strict=True))
        scores = {"device": classified, "local": self.local(classified, here)}
        if self.arch.edges:
            features, scores["edge"] = self.edge(features, here)
            here = self.edge.present(here)
        scores["cloud"] = self.cloud(features, here)
        return scores

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
