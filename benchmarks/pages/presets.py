"""What node presets give for whole networks beside published times, one sample at a time: the table of docs/presets.md.

    python -m benchmarks.pages.presets [--write docs/presets.md]

Networks are torchvision's, or built here, without weights' values (on torch's device "meta"): operations, FLOP and
bytes do not depend on them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from simnet.language.units import BANDWIDTH, SPEED, TIME
from simnet.models.cards.costs import OperationCounter
from simnet.models.cards.markdown import filled, table
from simnet.network.nodes.presets import NODE_PRESETS
from simnet.network.nodes.service import ServiceTime
from simnet.network.nodes.spec import Node
from simnet.network.work import Work


class Block(nn.Module):
    """Two convolutions and a shortcut, a 1×1 convolution where the width changes: as PORTEND's networks have it."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__()
        stride = 1 if given == width else 2
        self.first = nn.Sequential(nn.Conv2d(given, width, 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.BatchNorm2d(width))
        self.shortcut = nn.Identity() if given == width else nn.Conv2d(given, width, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Features of the next block."""
        return torch.relu_(self.second(self.first(x)).add_(self.shortcut(x)))


def resnet_of_cifar(blocks: int) -> nn.Module:
    """ResNet for 32×32 pixels (He et al. 2016) with three stages of so many blocks."""
    widths = [16] * (blocks + 1) + [32] * blocks + [64] * blocks
    stem = (nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(inplace=True))
    body = [Block(given, width) for given, width in pairwise(widths)]
    return nn.Sequential(*stem, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def mobilenet_v1() -> nn.Module:
    """MobileNet (Howard et al. 2017)."""

    def layer(given: int, width: int, kernel: int, stride: int, groups: int = 1) -> list[nn.Module]:
        convolution = nn.Conv2d(given, width, kernel, stride, kernel // 2, groups=groups, bias=False)
        return [convolution, nn.BatchNorm2d(width), nn.ReLU6(inplace=True)]

    layers = layer(3, 32, 3, 2)
    widths = [32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    for place, (given, width) in enumerate(pairwise(widths)):
        layers += layer(given, given, 3, 2 if place in (1, 3, 5, 11) else 1, given) + layer(given, width, 1, 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000))


BUILDERS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "ResNet-20": (partial(resnet_of_cifar, 3), 32),
    "ResNet-110": (partial(resnet_of_cifar, 18), 32),
    "EfficientNet-B0": (torchvision.models.efficientnet_b0, 224),
    "VGG16": (torchvision.models.vgg16, 224),
    "ResNet50": (torchvision.models.resnet50, 224),
    "DenseNet121": (torchvision.models.densenet121, 224),
    "MobileNetV1": (mobilenet_v1, 224),
    "MobileNetV2": (torchvision.models.mobilenet_v2, 224),
    "InceptionV3": (partial(torchvision.models.inception_v3, aux_logits=False, init_weights=False), 299),
}
"""How each network is built, and the side of its picture."""


class Published(NamedTuple):
    """A published time of a whole network, in ms, and the preset that stands for the machine."""

    preset: str
    network: str
    milliseconds: float


PUBLISHED = [
    *(
        Published("raspberry-pi-4", network, milliseconds)
        for network, milliseconds in (
            ("VGG16", 2110.9), ("ResNet50", 961.4), ("DenseNet121", 1240.9), ("MobileNetV1", 344.4),
            ("MobileNetV2", 443.5), ("InceptionV3", 1291.4),
        )
    ),
    *(
        Published("desktop-cpu", network, milliseconds)
        for network, milliseconds in (("VGG16", 113), ("ResNet50", 81), ("DenseNet121", 121), ("MobileNetV2", 55))
    ),
    *(
        Published("nvidia-t4", network, milliseconds)
        for network, milliseconds in (("ResNet-20", 2.86), ("ResNet-110", 16.15), ("EfficientNet-B0", 8.79))
    ),
]  # fmt: skip
"""Of the Pi and the desktop processor Scission's, of the T4 PORTEND's; sources in `simnet.network.nodes.presets`."""


@cache
def counts(name: str) -> Work:
    """What one sample of a network costs."""
    build, side = BUILDERS[name]
    with torch.device("meta"), torch.no_grad():
        network, picture = build().eval(), torch.zeros(1, 3, side, side)
        with (
            FlopCounterMode(display=False) as flop,
            OperationCounter([*network.parameters(), *network.buffers()]) as operators,
        ):
            network(picture)
    weights = sum(4 * parameter.numel() for parameter in network.parameters())
    return Work(float(flop.get_total_flops()), (), operators.operations, float(operators.traffic), float(weights))


def given(preset: str, network: str) -> float:
    """Seconds that a network takes by a preset."""
    values = NODE_PRESETS[preset].values
    spec = Node(
        tier="device",
        speed=SPEED.parse(values["speed"]),
        overhead_per_op=TIME.parse(values["overhead_per_op"]),
        memory_bandwidth=BANDWIDTH.parse(values["memory_bandwidth"]) if "memory_bandwidth" in values else None,
    )
    return ServiceTime(spec).seconds(counts(network), 1)


def residuals(rows: Sequence[Published] = PUBLISHED) -> str:
    """Markdown table: published and preset's times, and their ratio."""

    def row(one: Published) -> list[str]:
        work, ours = counts(one.network), 1e3 * given(one.preset, one.network)
        return [
            f"`{one.preset}`",
            one.network,
            f"{work.operations}",
            f"{work.flop / 1e6:,.0f}",
            f"{work.traffic / 1e6:,.1f}",
            f"{work.weights / 1e6:,.1f}",
            f"{one.milliseconds:,g}",
            f"{ours:,.4g}",
            f"{ours / one.milliseconds:.2f}",
        ]

    head = (
        "preset",
        "network",
        "operations",
        "MFLOP",
        "traffic, MB",
        "weights, MB",
        "published, ms",
        "preset, ms",
        "ratio",
    )
    return table(head, map(row, rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pages.presets", description="Presets beside published times."
    )
    parser.add_argument("--write", type=Path, help="page to bring up to date, between its marks")
    page = parser.parse_args().write
    if page is None:
        print(residuals())
    else:
        page.write_text(filled(page.read_text(encoding="utf-8"), {"residuals": residuals()}), encoding="utf-8")
