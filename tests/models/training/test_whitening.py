"""Whitening: the first layer's responses are uncorrelated and of equal size on the images it was made from."""

from __future__ import annotations

import torch
from torch.nn import functional as F
from weights import random_network

from simnet.models.training.whitening import EPSILON, whiten, whitening_filters


def images(n: int = 200) -> torch.Tensor:
    """Smooth noise: neighbouring pixels and channels are strongly correlated, as in photographs."""
    noise = torch.randn(n, 1, 14, 20, generator=torch.Generator().manual_seed(3))
    return F.avg_pool2d(noise, 5, 1).repeat(1, 3, 1, 1) + 0.05 * torch.randn(n, 3, 10, 16)


def test_responses_are_white() -> None:
    given = images()
    filters = whitening_filters(given, 3)
    assert filters.shape == (27, 3, 3, 3)
    responses = F.conv2d(given, filters).transpose(0, 1).flatten(1)
    covariance = torch.cov(responses)
    variances = covariance.diagonal()
    off = covariance - torch.diag(variances)
    assert off.abs().max() < 1e-3
    assert (variances <= 1 + 1e-3).all() and variances[0] > 0.99  # EPSILON damps directions without variance
    assert EPSILON > 0


def test_every_device_begins_alike_with_directions_and_their_negatives() -> None:
    network = random_network("ada-ddnn", "cifar10")
    deeper = network.edge.extractor[0].conv.weight.clone()
    whiten(network, images(60).reshape(10, 6, 3, 10, 16))
    assert torch.equal(network.edge.extractor[0].conv.weight, deeper)
    weights = [next(iter(device.parameters())) for device in network.devices]
    assert all(torch.equal(weights[0], weight) for weight in weights[1:])
    assert torch.equal(weights[0][:8], -weights[0][8:16])
