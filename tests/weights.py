"""Small untrained networks with honest cards, for tests that ask for the machinery and not for accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from simnet.models.cards.costs import measured
from simnet.models.cards.weights import save_weights
from simnet.models.data import DATASETS
from simnet.models.networks import NETWORKS
from simnet.models.networks.base import Network

SHAPES = {"plaza": (6, (32, 32), 10), "cifar10": (6, (10, 16), 10), "mvmc": (6, (32, 32), 3)}
"""Views, height and width, classes of our data sets."""


def random_network(kind: str, data: str, seed: int = 0, **changes: Any) -> Network:
    """An untrained network whose batch norms are not the identity, in eval mode."""
    assert data in DATASETS
    torch.manual_seed(seed)
    usual = NETWORKS[kind].for_data(data, *SHAPES[data])
    network = NETWORKS[kind](type(usual).from_dict({**usual.as_dict(), **changes}))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.normal_(module.running_mean, std=0.1)
    return network.eval()


def write_network(network: Network, kind: str, data: str, path: Path, threshold: float = 0.95) -> Path:
    """Write a network and its card; returns the weight file."""
    card = {
        "network": kind,
        "data": data,
        "class_names": [str(number) for number in range(network.arch.classes)],
        "architecture": network.arch.as_dict(),
        "graph": measured(network).as_dict(),
        "calibration": {"thresholds": dict.fromkeys(list(network.graph.exits)[:-1], threshold)},
    }
    save_weights(network, card, path)
    return path


def write_random_weights(folder: Path, kind: str, data: str, threshold: float = 0.95) -> Path:
    """Write a random network and its card; returns the weight file."""
    return write_network(random_network(kind, data), kind, data, folder / f"{kind}-{data}.safetensors", threshold)
