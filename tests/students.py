"""A small DistrEE: untrained students, noise for images, and a card with thresholds for every policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from weights import untrained

from simnet.models.cards.card import read_card
from simnet.models.cards.costs import measured
from simnet.models.cards.weights import save_weights
from simnet.models.networks import NETWORKS
from simnet.models.networks.base import Network

NOISE = '''
import hashlib

import numpy as np

from simnet import Dataset


class Noise(Dataset):
    """Ten classes of noise, one view."""

    name, licence = "noise", "made up"
    class_names = tuple("abcdefghij")
    views, view_shape = 1, (3, 16, 16)

    def __init__(self, split):
        self.split = split
        self.random = np.random.default_rng(len(split))
        self.labels = np.arange(60) % 10
        self.all = self.random.integers(0, 256, (60, 1, 3, 16, 16), dtype=np.uint8)

    @classmethod
    def open(cls, options, split, data_dir):
        return cls(split)

    @property
    def checksum(self):
        return hashlib.sha256(f"noise {self.split}".encode()).hexdigest()

    def pixels(self, rows):
        return self.all[np.asarray(rows)]
'''
DATA = "noise.py:Noise"


def small(nodes: int = 4, seed: int = 0, **changes: Any) -> Network:
    """Four stages of few channels on images of 16 x 16, with maps that are not the identity."""
    values = {"base_widths": (4, 6, 8, 8), "features": 16, **changes}
    arch = NETWORKS["distree"].Architecture(view=(16, 16), nodes=nodes, **values)
    network = untrained("distree", arch, seed)
    for place in network.aligned:  # type: ignore[union-attr]
        torch.nn.init.normal_(place.weight)
    return network


def policies(thresholds: dict[str, dict[str, float]] | None = None) -> dict[str, Any]:
    """What a card says of policies: T of stages 1 to 3, by default some that leave after every stage."""
    usual = {"exit-1": 0.0, "exit-2": 0.5, "exit-3": 0.5}
    names = ("feature-difference", "relative-difference", "similarity", "entropy", "random")
    return {name: {"thresholds": (thresholds or {}).get(name, usual)} for name in names}


def write_students(folder: Path, network: Network | None = None, **card: Any) -> Path:
    """The data set and the weights in a folder; returns the weight file."""
    network = network or small()
    (folder / "noise.py").write_text(NOISE, encoding="utf-8")
    path = folder / "students.safetensors"
    values = {
        "network": "distree",
        "data": DATA,
        "class_names": list("abcdefghij"),
        "architecture": network.arch.as_dict(),
        "graph": measured(network).as_dict(),
        "layers": network.layers(),
        "calibration": {"thresholds": dict.fromkeys(list(network.graph.exits)[:-1], 0.5)},
        "policies": policies(),
        **card,
    }
    save_weights(network, values, path)
    assert read_card(str(path)).graph.counted
    return path
