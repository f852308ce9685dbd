"""Small untrained networks with honest cards, for tests that ask for the machinery and not for accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from simnet.models.cards.costs import segment_costs
from simnet.models.cards.weights import save_weights
from simnet.models.networks.early_exit import EXITS, Architecture, EarlyExitNetwork, architecture


def random_network(system: str, data: str, seed: int = 0, **changes: Any) -> EarlyExitNetwork:
    """An untrained network whose batch norms are not the identity, in eval mode."""
    torch.manual_seed(seed)
    network = EarlyExitNetwork(Architecture.from_dict({**architecture(system, data).as_dict(), **changes}))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.normal_(module.running_mean, std=0.1)
    return network.eval()


def write_random_weights(folder: Path, system: str, data: str, threshold: float = 0.95) -> Path:
    """Write a random network and its card; returns the weight file."""
    network = random_network(system, data)
    path = folder / f"{system}-{data}.safetensors"
    card = {
        "system": system,
        "data": data,
        "class_names": [str(number) for number in range(10)],
        "classifiers": ["cloud", "device", "edge"] if system == "ada-ddnn" else ["cloud", "edge"],
        "architecture": network.arch.as_dict(),
        "segments": segment_costs(network),
        "calibration": {"thresholds": dict.fromkeys(EXITS[system][:-1], threshold)},
    }
    save_weights(network, card, path)
    return path
