"""What DDNN ("algorithm 1") and ADA-DDNN share: residual segments on devices, one edge and a cloud.

Sources: ADA-DDNN, Wu & Yang 2024 (sections 3 and 4.2). What the paper leaves open is marked [I].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

from torch import Tensor, nn

from simnet.models.graph import INPUT, Graph, Part, Segment, Take
from simnet.models.networks import base
from simnet.models.networks.base import Given, Network, Output
from simnet.models.networks.layers import (
    FUSION_KINDS,
    POOLINGS,
    TILE_GRID,
    ExitClassifier,
    FusionKind,
    Pooling,
    extractor,
    fuse,
    fused_channels,
)

SHALLOW_GRID = 4
"""Cells per side that a classifier on shallow features keeps by default: they are local, so place matters [I]."""


@dataclass(frozen=True)
class ResidualArchitecture(base.Architecture):
    """Widths are channels per residual layer; pools are the 1-based numbers of the layers followed by 2x2 pooling.

    Four device layers and 3x3 convolutions are the paper's; the widths and pools are ours [I]. Raises ValueError for an
    unknown fusion or pooling, another number of convolutions than one or two, or tiles of another number of views than
    the grid has.
    """

    fusion: FusionKind = "concat"
    device_widths: tuple[int, ...] = (16, 16, 16, 16)
    device_pools: tuple[int, ...] = ()
    edge_widths: tuple[int, ...] = (64, 64)
    edge_pools: tuple[int, ...] = ()
    cloud_widths: tuple[int, ...] = (128, 128)
    cloud_pools: tuple[int, ...] = ()
    fused_grid: int = SHALLOW_GRID
    """Cells per side that algorithm 1's edge classifier keeps of the fused features."""
    device_grid: int = SHALLOW_GRID
    """Cells per side that a device's classifier keeps; 1 is global pooling."""
    convolutions: int = 1
    """Of a residual layer; 2 is the layer of the lineage's public code [R]."""
    pooling: Pooling = "max"
    """What 2x2 pooling takes; `mean` in the lineage's public code [R]."""

    def __post_init__(self) -> None:
        if self.fusion not in FUSION_KINDS:
            raise ValueError(f"unknown fusion {self.fusion!r}; known: {', '.join(FUSION_KINDS)}")
        if self.pooling not in POOLINGS:
            raise ValueError(f"unknown pooling {self.pooling!r}; known: {', '.join(POOLINGS)}")
        if self.convolutions not in (1, 2):
            raise ValueError(f"a residual layer has 1 or 2 convolutions, not {self.convolutions}")
        if self.fusion == "tile" and self.views != TILE_GRID[0] * TILE_GRID[1]:
            raise ValueError(f"fusion 'tile' puts {' x '.join(map(str, TILE_GRID))} patches in place, not {self.views}")


LINEAGE: dict[str, Any] = {
    "fusion": "concat",
    "device_widths": (8, 8, 16, 16),
    "device_pools": (),
    "edge_widths": (64, 64, 128),
    "edge_pools": (),
    "cloud_widths": (128, 128),
    "cloud_pools": (0,),
    "fused_grid": 1,
    "device_grid": 1,
    "convolutions": 2,
    "pooling": "mean",
}
"""What of an architecture makes it that of the lineage's public code [R], with the four device layers of the paper [S].

Its views are the 16 x 10 patches of that code; every classifier has global pooling.
"""


def _extractor(
    arch: ResidualArchitecture, inputs: int, widths: tuple[int, ...], pools: tuple[int, ...]
) -> nn.Sequential:
    return extractor(inputs, widths, pools, arch.convolutions, arch.pooling)


class DeviceSegment(nn.Module):
    """What one device runs: four ResLayers and, if it `classifies`, a classifier on their features (section 3.2)."""

    def __init__(self, arch: ResidualArchitecture, classifies: bool) -> None:
        super().__init__()
        self.extractor = _extractor(arch, 3, arch.device_widths, arch.device_pools)
        self.classifier = ExitClassifier(arch.device_widths[-1], arch.classes, arch.device_grid) if classifies else None

    def forward(self, view: Tensor) -> tuple[Tensor, Tensor | None]:
        """Map a normalized view `[n, 3, h, w]` to features `[n, c, h', w']` and class scores or None."""
        features = self.extractor(view)
        return features, None if self.classifier is None else self.classifier(features)


class EdgeSegment(nn.Module):
    """Fusion of the devices' features; if `deeper` (ADA-DDNN) a further extractor; a classifier.

    Algorithm 1 has no deeper extractor on the edge: it classifies the fused features as they are [I].
    """

    def __init__(self, arch: ResidualArchitecture, deeper: bool) -> None:
        super().__init__()
        self.fusion: FusionKind = arch.fusion
        channels = fused_channels(arch.fusion, arch.views, arch.device_widths[-1])
        self.extractor = _extractor(arch, channels, arch.edge_widths, arch.edge_pools) if deeper else nn.Identity()
        self.classifier = (
            ExitClassifier(arch.edge_widths[-1], arch.classes)
            if deeper
            else ExitClassifier(channels, arch.classes, arch.fused_grid)
        )

    def forward(self, features: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Map features `[n, v, c, h, w]` and present `[n, v]` to the features sent on and class scores."""
        fused = self.extractor(fuse(features, present, self.fusion))
        return fused, self.classifier(fused)


class CloudSegment(nn.Module):
    """Deeper extractor and classifier; in algorithm 1 (not `deeper_edge`) it holds the edge's layers, too [I]."""

    def __init__(self, arch: ResidualArchitecture, deeper_edge: bool) -> None:
        super().__init__()
        if deeper_edge:
            self.extractor = _extractor(arch, arch.edge_widths[-1], arch.cloud_widths, arch.cloud_pools)
        else:
            channels = fused_channels(arch.fusion, arch.views, arch.device_widths[-1])
            pools = (*arch.edge_pools, *(len(arch.edge_widths) + p for p in arch.cloud_pools))
            self.extractor = _extractor(arch, channels, (*arch.edge_widths, *arch.cloud_widths), pools)
        self.classifier = ExitClassifier(arch.cloud_widths[-1], arch.classes)

    def forward(self, fused: Tensor) -> Tensor:
        """Map the features that the edge sent on, `[n, c, h, w]`, to class scores `[n, classes]`."""
        scores: Tensor = self.classifier(self.extractor(fused))
        return scores


class ResidualNetwork(Network):
    """A device for each view, one edge, one cloud."""

    Architecture: ClassVar[type[Any]] = ResidualArchitecture
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({"lineage": LINEAGE})
    arch: ResidualArchitecture
    edge_exit: ClassVar[str]
    """Name of the exit that tests the edge's scores."""
    ada: ClassVar[bool]
    """Whether devices classify and the edge has a deeper extractor."""

    def __init__(self, arch: ResidualArchitecture) -> None:
        super().__init__(arch)
        self.devices = nn.ModuleList(DeviceSegment(arch, self.ada) for _ in range(arch.views))
        self.edge = EdgeSegment(arch, self.ada)
        self.cloud = CloudSegment(arch, self.ada)
        each = tuple((view,) for view in range(arch.views))
        segments = [
            Segment("device", (Take(INPUT, groups=each),), arch.views, scores=self.ada),
            *self.at_the_edge(),
            Segment("edge", (Take("device"),), exit=self.edge_exit),
            Segment("cloud", (Take("edge"),), exit="cloud"),
            *self.at_the_end(),
        ]
        self.graph = Graph(arch.views, (3, *arch.view), segments, arch.classes)

    def at_the_edge(self) -> list[Segment]:
        """Segments before the fusion."""
        return []

    def at_the_end(self) -> list[Segment]:
        """Segments behind all others."""
        return []

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        """Run the device of a view, the edge or the cloud."""
        if part.segment == "device":
            return Output(*self.devices[part.copy](given[0].values[:, 0]))
        if part.segment == "edge":
            return Output(*self.edge(*given[0]))
        return Output(None, self.cloud(given[0].values[:, 0]))

    def module(self, part: Part) -> nn.Module | None:
        """The device of a view, the edge or the cloud."""
        return self.devices[part.copy] if part.segment == "device" else getattr(self, part.segment, None)

    @classmethod
    def for_data(cls, name: str, views: int, view: tuple[int, int], classes: int) -> ResidualArchitecture:
        """Both networks share widths, so that only the idea differs; tile fusion is for the patches of one image."""
        usual = {"cifar10": _CIFAR10}.get(name, _VIEWS)
        fusion = usual.fusion if views == usual.views else "concat"
        return replace(usual, views=views, view=view, classes=classes, fusion=fusion)

    def layers(self) -> dict[str, str]:
        """Channels per residual layer, an arrow where 2x2 pooling stands."""
        arch = self.arch
        found = {"device": _layers(arch.device_widths, arch.device_pools), "fusion": arch.fusion}
        edge, cloud = _layers(arch.edge_widths, arch.edge_pools), _layers(arch.cloud_widths, arch.cloud_pools)
        # Algorithm 1 has the edge's layers in the cloud.
        return {**found, **({"edge": edge, "cloud": cloud} if self.ada else {"cloud": f"{edge}, {cloud}"})}


def _layers(widths: Sequence[int], pools: Sequence[int]) -> str:
    each = ", ".join(f"{width}{' ↓' if n in pools else ''}" for n, width in enumerate(widths, start=1))
    return f"↓ {each}" if 0 in pools else each


_CIFAR10 = ResidualArchitecture(
    view=(10, 16),
    fusion="tile",
    device_widths=(16, 16, 16, 16),
    device_pools=(2,),
    edge_widths=(64, 128, 128, 128),
    edge_pools=(1, 4),
    cloud_widths=(256, 256, 256),
    cloud_pools=(),
)
_VIEWS = ResidualArchitecture(
    view=(32, 32),
    fusion="concat",
    device_widths=(8, 16, 16, 8),
    device_pools=(1, 2),
    edge_widths=(24, 24),
    edge_pools=(1,),
    cloud_widths=(64, 96, 96),
    cloud_pools=(),
    fused_grid=1,
)
"""Several cameras that look at one scene."""
