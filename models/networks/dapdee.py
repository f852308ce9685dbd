"""The networks that DAPDEE (Ding et al. 2025) and DADS (Hu et al. 2019) cut, made small, with exits on the way.

VGG16 and AlexNet on CIFAR-10 are the paper's [R]; fewer channels, where the exits are and their heads (average pooling
and a linear layer) are ours [I], as is the residual network, the paper's "complex DAG".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from simnet.models.networks import base
from simnet.models.networks.dag import DagNetwork
from simnet.models.networks.layers import ExitClassifier


@dataclass(frozen=True)
class ChainArchitecture(base.Architecture):
    """3x3 convolutions in blocks; `widths` has the channels of each block's convolutions."""

    views: int = 1
    widths: tuple[tuple[int, ...], ...] = ()
    pools: tuple[int, ...] = ()
    """1-based numbers of the blocks that end with 2x2 max pooling."""


class ChainNetwork(DagNetwork):
    """Convolutions with batch norm and ReLU, one after the other; an exit behind each block."""

    Architecture: ClassVar[type[Any]] = ChainArchitecture
    arch: ChainArchitecture

    def __init__(self, arch: ChainArchitecture) -> None:
        body, inputs = nn.Sequential(), 3
        for number, widths in enumerate(arch.widths, start=1):
            block = nn.Sequential()
            for layer, width in enumerate(widths, start=1):
                block.add_module(f"conv{layer}", conv3(inputs, width))
                inputs = width
            if number in arch.pools:
                block.add_module("pool", nn.MaxPool2d(2))
            body.add_module(f"block{number}", block)
        body.add_module("head", ExitClassifier(inputs, arch.classes))
        ends = {f"block{number}": widths[-1] for number, widths in enumerate(arch.widths, start=1)}
        super().__init__(arch, body, *exits_behind(ends, arch.classes))

    def layers(self) -> dict[str, str]:
        """Channels per convolution, an arrow where 2x2 pooling follows."""
        each = [
            ", ".join(map(str, widths)) + " ↓" * (number in self.arch.pools)
            for number, widths in enumerate(self.arch.widths, start=1)
        ]
        return {"convolutions": ", ".join(each)}


@dataclass(frozen=True)
class VggArchitecture(ChainArchitecture):
    """VGG16 (Simonyan & Zisserman 2015) with a quarter of its channels."""

    widths: tuple[tuple[int, ...], ...] = ((16, 16), (32, 32), (64, 64, 64), (128, 128, 128), (128, 128, 128))
    pools: tuple[int, ...] = (1, 2, 3, 4, 5)


class Vgg16Quarter(ChainNetwork):
    """VGG16 with a quarter of its channels; an exit behind each pooling."""

    Architecture = VggArchitecture


@dataclass(frozen=True)
class AlexNetArchitecture(ChainArchitecture):
    """AlexNet (Krizhevsky et al. 2012) with half of its channels, 3x3 convolutions and no wide linear layers."""

    widths: tuple[tuple[int, ...], ...] = ((32,), (96,), (192,), (128,), (128,))
    pools: tuple[int, ...] = (1, 2, 5)


class AlexNetHalf(ChainNetwork):
    """AlexNet with half of its channels; an exit behind each convolution."""

    Architecture = AlexNetArchitecture


@dataclass(frozen=True)
class ResNetArchitecture(base.Architecture):
    """Stages of two basic blocks each; every stage but the first halves the sides, as the stem does."""

    views: int = 1
    stem: int = 32
    widths: tuple[int, ...] = (32, 64, 128)


class ResNet14(DagNetwork):
    """A residual network (He et al. 2016): a true DAG; an exit behind each stage."""

    Architecture: ClassVar[type[Any]] = ResNetArchitecture
    arch: ResNetArchitecture

    def __init__(self, arch: ResNetArchitecture) -> None:
        body, inputs = nn.Sequential(), arch.stem
        body.add_module("stem", conv3(3, inputs, stride=2))
        for number, width in enumerate(arch.widths, start=1):
            stage = nn.Sequential(BasicBlock(inputs, width, 1 if number == 1 else 2), BasicBlock(width, width, 1))
            body.add_module(f"stage{number}", stage)
            inputs = width
        body.add_module("head", ExitClassifier(inputs, arch.classes))
        ends = {f"stage{number}": width for number, width in enumerate(arch.widths, start=1)}
        super().__init__(arch, body, *exits_behind(ends, arch.classes))

    def layers(self) -> dict[str, str]:
        """Channels of the stem and of each stage."""
        return {"stem": str(self.arch.stem), "stages": ", ".join(map(str, self.arch.widths))}


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and the identity, or a 1x1 convolution where shapes change (He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = conv3(inputs, outputs, stride)
        self.conv2 = nn.Sequential(nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs))
        same = inputs == outputs and stride == 1
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, inputs, h, w]` to `[n, outputs, h/stride, w/stride]`."""
        shortcut = self.shortcut(x)
        return F.relu(self.conv2(self.conv1(x)) + shortcut)


def conv3(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def exits_behind(ends: Mapping[str, int], classes: int) -> tuple[dict[str, tuple[str, nn.Module]], str]:
    """The heads behind all modules but the last one (name → channels), and the name of the last exit."""
    names = {module: f"exit-{number}" for number, module in enumerate(ends, start=1)}
    *early, last = names
    return {names[module]: (module, ExitClassifier(ends[module], classes)) for module in early}, names[last]
