"""DDNN and ADA-DDNN as networks of separable segments: device, edge, cloud.

Each segment is a module of its own; `forward` only chains them, so a network gives identical results whole
or in parts. Sources: ADA-DDNN, Wu & Yang 2024 (sections 3 and 4.2); DDNN, Teerapittayanon et al. 2017 in the
form that the former compares with ("algorithm 1", its Fig. 1). What they leave open is marked [I].
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from simnet.models import codecs
from simnet.models.data.base import VIEWS
from simnet.models.networks.ddnn_2017 import Ddnn2017, Ddnn2017Architecture
from simnet.models.networks.layers import FUSION_KINDS, ExitClassifier, FusionKind, extractor, fuse, fused_channels

EXITS = {"ddnn": ("edge", "cloud"), "ada-ddnn": ("edge-1", "edge-2", "cloud")}
"""Exits of each system in the order in which a sample meets them."""

SYSTEMS = (*EXITS, "ddnn-2017")
"""Systems that there are networks of; the exits of `ddnn-2017` depend on its architecture."""

SHALLOW_GRID = 4
"""Cells per side that a classifier on shallow features keeps by default: they are local, so place matters [I]."""


@dataclass(frozen=True)
class Architecture:
    """Everything needed to build a network again; kept in the weight file's card.

    Widths are channels per `ResLayer`; pools are the 1-based numbers of the layers followed by 2x2 max pooling.
    Four device layers and 3x3 convolutions are the paper's; the widths and pools are ours [I].
    """

    system: str
    view: tuple[int, int]
    classes: int = 10
    fusion: FusionKind = "concat"
    device_widths: tuple[int, ...] = (16, 16, 16, 16)
    device_pools: tuple[int, ...] = ()
    edge_widths: tuple[int, ...] = (64, 64)
    edge_pools: tuple[int, ...] = ()
    cloud_widths: tuple[int, ...] = (128, 128)
    cloud_pools: tuple[int, ...] = ()
    fused_grid: int = SHALLOW_GRID
    """Cells per side that algorithm 1's edge classifier keeps of the fused features."""
    codec: str = "fp32"
    """The codec that the network was trained for; it runs with any."""

    def __post_init__(self) -> None:
        codecs.codec(self.codec)  # an unknown one is a ValueError now rather than in the middle of a training run

    @property
    def devices(self) -> tuple[int, ...]:
        """Numbers of the views that have a device: all."""
        return tuple(range(VIEWS))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the card."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Architecture:
        """Inverse of `as_dict`; JSON turns tuples into lists, this turns them back."""
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**fields)


class DeviceSegment(nn.Module):
    """What one device runs: four ResLayers and, in ADA-DDNN, a classifier on their features (section 3.2)."""

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        self.extractor = extractor(3, arch.device_widths, arch.device_pools)
        classifies = arch.system == "ada-ddnn"
        self.classifier = ExitClassifier(arch.device_widths[-1], arch.classes, SHALLOW_GRID) if classifies else None

    def forward(self, view: Tensor) -> tuple[Tensor, Tensor | None]:
        """Map a normalized view `[n, 3, h, w]` to features `[n, c, h', w']` and class scores or None."""
        features = self.extractor(view)
        return features, None if self.classifier is None else self.classifier(features)


class EdgeSegment(nn.Module):
    """Fusion of the devices' features; in ADA-DDNN a deeper extractor; a classifier.

    Algorithm 1 has no deeper extractor on the edge: it classifies the fused features as they are [I].
    """

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        self.fusion: FusionKind = arch.fusion
        channels = fused_channels(arch.fusion, VIEWS, arch.device_widths[-1])
        deeper = arch.system == "ada-ddnn"
        self.extractor = extractor(channels, arch.edge_widths, arch.edge_pools) if deeper else nn.Identity()
        self.classifier = (
            ExitClassifier(arch.edge_widths[-1], arch.classes)
            if deeper
            else ExitClassifier(channels, arch.classes, arch.fused_grid)
        )

    def forward(self, features: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Map features `[n, 6, c, h, w]` and present `[n, 6]` to the features sent on and class scores."""
        fused = self.extractor(fuse(features, present, self.fusion))
        return fused, self.classifier(fused)


class CloudSegment(nn.Module):
    """Deeper extractor and classifier; in algorithm 1 it holds the layers that ADA-DDNN has on the edge, too [I]."""

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        if arch.system == "ada-ddnn":
            self.extractor = extractor(arch.edge_widths[-1], arch.cloud_widths, arch.cloud_pools)
        else:
            channels = fused_channels(arch.fusion, VIEWS, arch.device_widths[-1])
            pools = (*arch.edge_pools, *(len(arch.edge_widths) + p for p in arch.cloud_pools))
            self.extractor = extractor(channels, (*arch.edge_widths, *arch.cloud_widths), pools)
        self.classifier = ExitClassifier(arch.cloud_widths[-1], arch.classes)

    def forward(self, fused: Tensor) -> Tensor:
        """Map the features that the edge sent on, `[n, c, h, w]`, to class scores `[n, classes]`."""
        scores: Tensor = self.classifier(self.extractor(fused))
        return scores


class EarlyExitNetwork(nn.Module):
    """Six devices, one edge, one cloud: DDNN ("algorithm 1") or ADA-DDNN, by `arch.system`.

    Raises ValueError for an unknown system or fusion kind.
    """

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        if arch.system not in EXITS:
            raise ValueError(f"unknown system {arch.system!r}; known: {', '.join(EXITS)}")
        if arch.fusion not in FUSION_KINDS:
            raise ValueError(f"unknown fusion {arch.fusion!r}; known: {', '.join(FUSION_KINDS)}")
        self.arch = arch
        self.devices = nn.ModuleList(DeviceSegment(arch) for _ in range(VIEWS))
        self.edge = EdgeSegment(arch)
        self.cloud = CloudSegment(arch)

    def forward(self, views: Tensor, present: Tensor | None = None, codec: str | None = None) -> dict[str, Tensor]:
        """Class scores of every classifier, for normalized views `[n, 6, 3, h, w]` and present `[n, 6]` (all).

        Features travel with `codec`, by default the architecture's. Raises ValueError for an unknown one.
        Returns `device` `[n, 6, classes]` (ADA-DDNN only), `edge` and `cloud` `[n, classes]`.
        """
        way = codecs.codec(codec or self.arch.codec)
        if present is None:
            present = torch.ones(views.shape[:2], dtype=torch.bool, device=views.device)
        reports = [device(views[:, v]) for v, device in enumerate(self.devices)]
        sent = torch.stack([features for features, _ in reports], dim=1)
        fused, edge = self.edge(way.transmit(sent), present)
        scores = {"edge": edge, "cloud": self.cloud(way.transmit(fused))}
        if self.arch.system == "ada-ddnn":
            scores["device"] = torch.stack([classified for _, classified in reports], dim=1)
        return scores


def normalize(views: Tensor) -> Tensor:
    """Pixels `[..., 3, h, w]` uint8 to float32 in [-1, 1], the input of every device segment."""
    return views.float().div_(127.5).sub_(1.0)


_CIFAR10 = Architecture(
    system="ada-ddnn",
    view=(10, 16),
    fusion="tile",
    device_widths=(16, 16, 16, 16),
    device_pools=(2,),
    edge_widths=(64, 128, 128, 128),
    edge_pools=(1, 4),
    cloud_widths=(256, 256, 256),
    cloud_pools=(),
)
_PLAZA = Architecture(
    system="ada-ddnn",
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


_DDNN_2017 = {
    "mvmc": Ddnn2017Architecture(),
    "plaza": Ddnn2017Architecture(classes=10),
    "cifar10": Ddnn2017Architecture(classes=10, view=_CIFAR10.view),
}

AnyArchitecture = Architecture | Ddnn2017Architecture
Network = EarlyExitNetwork | Ddnn2017


def architecture(system: str, data: str) -> AnyArchitecture:
    """Our architecture of `system` for `data`; ddnn and ada-ddnn share widths, so that only the idea differs.

    Raises KeyError for an unknown data set.
    """
    if system == "ddnn-2017":
        return _DDNN_2017[data]
    return replace({"cifar10": _CIFAR10, "plaza": _PLAZA, "mvmc": replace(_PLAZA, classes=3)}[data], system=system)


def read_architecture(values: dict[str, Any]) -> AnyArchitecture:
    """The architecture that a card or a checkpoint holds; missing fields take their defaults.

    Raises TypeError or ValueError for fields that there are not or that make no network.
    """
    kind = Ddnn2017Architecture if values.get("system") == "ddnn-2017" else Architecture
    return kind.from_dict(values)


def build(arch: AnyArchitecture) -> Network:
    """An untrained network. Raises ValueError for an unknown system or fusion kind."""
    return Ddnn2017(arch) if isinstance(arch, Ddnn2017Architecture) else EarlyExitNetwork(arch)
