"""Whitening: a first convolution that decorrelates the pixels it sees, as a starting point for training.

Source of the idea: the "CIFAR-10 speedrun" networks (Page 2018; Jordan 2024), which freeze such a layer. Ours is only
where training begins, in every device alike; whether it helps is measured in `docs/reproduction.md`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simnet.models.graph import INPUT
from simnet.models.networks.base import Network

EPSILON = 5e-4
"""Added to the eigenvalues: directions with next to no variance are noise and must not be blown up (our choice)."""


def whitening_filters(images: Tensor, size: int) -> Tensor:
    """Eigenvectors of the covariance of all `size` x `size` patches over the root of their eigenvalues, largest first.

    Maps images `[n, c, h, w]` to filters `[c·size², c, size, size]`.
    """
    channels = images.shape[1]
    patches = F.unfold(images.float(), size).transpose(1, 2).reshape(-1, channels * size * size)
    values, vectors = torch.linalg.eigh(torch.cov(patches.T))
    filters = (vectors / (values + EPSILON).sqrt()).T.flip(0)
    shaped: Tensor = filters.reshape(-1, channels, size, size)
    return shaped


@torch.no_grad()
def whiten(network: Network, views: Tensor) -> None:
    """Set the first convolution of every part that takes one view, from prepared views `[n, v, 3, h, w]`.

    Half of its filters are the strongest directions, the other half their negatives, since a ReLU passes one sign only.
    """
    graph = network.graph
    for part, takes in graph.into.items():
        module = network.module(part)
        if module is None or [graph.arcs[arc].source.segment for arcs in takes for arc in arcs] != [INPUT]:
            continue
        conv = next(m for m in module.modules() if isinstance(m, nn.Conv2d))
        half = conv.out_channels // 2
        filters = whitening_filters(views.flatten(0, 1), conv.kernel_size[0])[:half]
        conv.weight[: 2 * half] = torch.cat([filters, -filters]).to(conv.weight)
