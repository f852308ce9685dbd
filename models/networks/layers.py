"""Building blocks shared by the networks: residual layers, exit classifiers and the fusion of views."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FusionKind = Literal["concat", "tile", "max", "mean"]
FUSION_KINDS: tuple[FusionKind, ...] = get_args(FusionKind)
TILE_GRID = (3, 2)
"""Rows and columns of patches that tile fusion puts back in place (the six-patch cut)."""


Pooling = Literal["max", "mean"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)


def _rectified_sum(made: Tensor, other: Tensor | None = None) -> Tensor:
    """`relu(made + other)`. Where no gradient is wanted in `made`'s place, which is quicker: the same bits."""
    if torch.is_grad_enabled():
        return F.relu(made if other is None else made + other)
    return (made if other is None else made.add_(other)).relu_()


class ResLayer(nn.Module):
    """One residual layer: `relu(bn(conv3x3(x)) + shortcut(x))`, stride 1, padding 1 (ADA-DDNN, section 4.2).

    The paper names the layer and its convolution; the batch norm and the 1x1 shortcut where the number
    of channels changes are our choice. Maps `[n, inputs, h, w]` to `[n, outputs, h, w]`.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, inputs, h, w]` to `[n, outputs, h, w]`."""
        return _rectified_sum(self.norm(self.conv(x)), self.shortcut(x))


class TwoConvLayer(nn.Module):
    """The residual layer of the lineage's public code [R]: two 3x3 convolutions with bias, each with a batch norm.

    ReLU between and after them; the identity is added only where the number of channels stays. Maps
    `[n, inputs, h, w]` to `[n, outputs, h, w]`.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs))
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs))
        self.adds = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, inputs, h, w]` to `[n, outputs, h, w]`."""
        made = self.second(_rectified_sum(self.first(x)))
        return _rectified_sum(made, x if self.adds else None)


def extractor(
    inputs: int, widths: tuple[int, ...], pools: tuple[int, ...], convolutions: int = 1, pooling: Pooling = "max"
) -> nn.Sequential:
    """A feature extractor: one residual layer per width, 2x2 pooling after the layers numbered in `pools`.

    0 stands for a pooling before the first. A layer has one or two `convolutions`. Pooling rounds up, so that no row or
    column of an odd-sized map is lost.
    """
    kind = ResLayer if convolutions == 1 else TwoConvLayer
    pool = nn.MaxPool2d if pooling == "max" else nn.AvgPool2d
    layers: list[nn.Module] = [pool(2, ceil_mode=True)] if 0 in pools else []
    for number, (before, after) in enumerate(pairwise((inputs, *widths)), start=1):
        layers.append(kind(before, after))
        if number in pools:
            layers.append(pool(2, ceil_mode=True))
    return nn.Sequential(*layers)


class ExitClassifier(nn.Module):
    """The classifier of an exit: average pooling to `grid` x `grid`, then one linear layer to class scores [I]."""

    def __init__(self, channels: int, classes: int, grid: int = 1) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(grid)
        self.linear = nn.Linear(channels * grid * grid, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Map features `[n, channels, h, w]` to class scores (logits) `[n, classes]`."""
        scores: Tensor = self.linear(self.pool(features).flatten(1))
        return scores


def fused_channels(kind: FusionKind, views: int, channels: int) -> int:
    """Channels of the fused feature map, for views of `channels` each."""
    return views * channels if kind == "concat" else channels


def fuse(features: Tensor, present: Tensor, kind: FusionKind) -> Tensor:
    """Fuse the feature maps of all views into one.

    `features` is `[n, v, c, h, w]`; `present` is `[n, v]` bool. A missing view's features count as zeros in
    `concat` and `tile`; `max` and `mean` run over the views that are present (our interpretation, the papers
    do not say); with no view at all every kind gives zeros. Returns `[n, v*c, h, w]` (concat),
    `[n, c, rows*h, columns*w]` (tile) or `[n, c, h, w]`.
    """
    mask = present[:, :, None, None, None]
    n, v, c, h, w = features.shape
    if kind == "max":
        # Features leave a ReLU, so they are never negative and zeros in a missing view's place cannot win.
        return (features * mask).amax(dim=1)
    shown = features * mask
    if kind == "mean":
        return shown.sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    if kind == "concat":
        return shown.reshape(n, v * c, h, w)
    rows, columns = TILE_GRID
    return shown.reshape(n, rows, columns, c, h, w).permute(0, 3, 1, 4, 2, 5).reshape(n, c, rows * h, columns * w)
