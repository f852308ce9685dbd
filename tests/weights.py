"""Small untrained networks with honest cards, for tests that ask for the machinery and not for accuracy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from simnet.models.cards.costs import measured
from simnet.models.cards.weights import save_weights
from simnet.models.data import DATASETS
from simnet.models.networks import NETWORKS
from simnet.models.networks.base import Network


def architecture(system: str, data: str, views: int = 6) -> Any:
    """What is trained for a data set by default, told without opening it."""
    kind = DATASETS[data]
    return NETWORKS[system].for_data(data, views, kind.view_shape[1:], len(kind.class_names))


def untrained(system: str, arch: Any, seed: int = 0) -> Network:
    """A network whose batch norms are not the identity, in eval mode."""
    torch.manual_seed(seed)
    network = NETWORKS[system](arch)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.normal_(module.running_mean, std=0.1)
    return network.eval()


def random_network(system: str, data: str, seed: int = 0, **changes: Any) -> Network:
    """An untrained network for a data set; `changes` are fields of its architecture."""
    views = changes.get("views", 6)
    return untrained(system, replace(architecture(system, data, views), **changes), seed)


def card_of(system: str, data: str, network: Network, threshold: float = 0.95) -> dict[str, Any]:
    """What a simulation reads of a card."""
    return {
        "network": system,
        "data": data,
        "class_names": list(DATASETS[data].class_names)[: network.graph.classes],
        "architecture": network.arch.as_dict(),
        "graph": measured(network).as_dict(),
        "layers": network.layers(),
        "calibration": {"thresholds": dict.fromkeys(list(network.graph.exits)[:-1], threshold)},
    }


def write_network(network: Network, system: str, data: str, path: Path, threshold: float = 0.95) -> Path:
    """Write a network and its card; returns the weight file."""
    save_weights(network, card_of(system, data, network, threshold), path)
    return path


def write_random_weights(
    folder: Path, system: str, data: str, threshold: float = 0.95, seed: int = 0, **changes: Any
) -> Path:
    """Write a random network and its card; returns the weight file."""
    network = random_network(system, data, seed, **changes)
    return write_network(network, system, data, folder / f"{system}-{data}.safetensors", threshold)
