"""Fault tolerance: cameras that fail at inference time, every subset of them (ADA-DDNN, section 4.3.3, Figs. 5 and 6).

The paper draws the missing devices at random; all subsets leave nothing to the draw. What the edge does about a
missing device is not in the paper, both modes are interpretations [I]: `zero features` puts zeros in place of its
features, `zero input` what the device computes for a black view (kept by the edge for that case). In neither it has a
result of its own, so edge exit 1 never takes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from simnet.models.networks.early_exit import EarlyExitNetwork, Network, normalize

from simnet.models.cards.card import Card
from simnet.models.cards.weights import load_network
from simnet.models.codecs import codec
from simnet.models.data.base import VIEWS, Dataset
from simnet.models.evaluation.scores import Exits, Scores

Mode = Literal["zero features", "zero input"]
MODES: tuple[Mode, ...] = ("zero features", "zero input")


def subsets() -> list[tuple[int, ...]]:
    """Every set of missing cameras (0-based) but that of all: without any view there is no answer."""
    return [missing for n in range(VIEWS) for missing in combinations(range(VIEWS), n)]


@torch.inference_mode()
def _batches(
    network: EarlyExitNetwork, data: Dataset, rows: int, mode: Mode, batch: int = 250
) -> Iterator[list[Scores]]:
    """Class scores of every classifier, one entry per subset, batch by batch; the devices run once for all subsets."""
    way = codec(network.arch.codec)
    black = normalize(torch.zeros(1, 3, *network.arch.view, dtype=torch.uint8))
    dark = torch.stack([device(black)[0] for device in network.devices], dim=1)
    for start in range(0, rows, batch):
        views = normalize(torch.from_numpy(data.pixels(np.arange(start, min(start + batch, rows)))))
        reports = [device(views[:, v]) for v, device in enumerate(network.devices)]
        features = torch.stack([f for f, _ in reports], dim=1)
        classified = [s for _, s in reports if s is not None]
        found = []
        for missing in subsets():
            there = torch.ones(VIEWS, dtype=torch.bool)
            there[list(missing)] = False
            sent, present = features, there.expand(len(views), -1)
            if mode == "zero input":
                sent = torch.where(there[:, None, None, None], features, dark)
                present = torch.ones_like(present)
            fused, edge = network.edge(way.transmit(sent), present)
            scores = {"edge": edge, "cloud": network.cloud(way.transmit(fused))}
            if classified:
                scores["device"] = torch.stack(classified, dim=1)
                scores["device"][:, ~there] = float("nan")
            found.append({name: s.float().numpy() for name, s in scores.items()})
        yield found


def run(card: Card, data: Dataset, rows: int) -> dict[str, Any]:
    """Accuracies of the card's weights on the first `rows` samples, see `with_missing`.

    Raises ValueError for weights of another system than `ddnn` and `ada-ddnn`.
    """
    rows = min(rows, len(data))
    return {
        "weights": card.name,
        "sha256": card.values["sha256"],
        "data": card.values["data"],
        "split": data.split,
        "samples": rows,
        "modes": with_missing(load_network(card), card, data, rows),
    }


def with_missing(network: Network, card: Card, data: Dataset, rows: int) -> dict[str, list[dict[str, Any]]]:
    """For each mode, one entry for every subset of missing cameras, of a network that was trained as the card says.

    An entry has `missing` (1-based), `forced` (accuracy of each exit on the first `rows` samples), and `shares`,
    `exit_accuracies` (None where no sample left) and `system` at the card's T.
    Raises ValueError for networks of another system than `ddnn` and `ada-ddnn`.
    """
    if not isinstance(network, EarlyExitNetwork):
        raise ValueError(f"{card.name}: the study is of ddnn and ada-ddnn, not of {card.values['system']}")
    labels: NDArray[np.int64] = data.labels[:rows]
    results: dict[str, list[dict[str, Any]]] = {}
    for mode in MODES:
        parts = list(_batches(network, data, rows, mode))
        entries = []
        for number, missing in enumerate(subsets()):
            scores = {name: np.concatenate([p[number][name] for p in parts]) for name in parts[0][number]}
            exits = Exits(card.values["system"], scores, labels, card.temperatures)
            outcome = exits.outcome([card.thresholds[name] for name in exits.names[:-1]])
            entries.append(
                {
                    "missing": [camera + 1 for camera in missing],
                    "forced": exits.forced_accuracies,
                    "shares": dict(zip(exits.names, outcome.shares, strict=True)),
                    "exit_accuracies": {
                        name: None if accuracy != accuracy else accuracy
                        for name, accuracy in zip(exits.names, outcome.exit_accuracies, strict=True)
                    },
                    "system": outcome.system_accuracy,
                }
            )
        results[mode] = entries
    return results
