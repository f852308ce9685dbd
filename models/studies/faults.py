"""Fault tolerance: cameras that fail at inference time, every subset of them (ADA-DDNN, section 4.3.3, Figs. 5 and 6).

The paper draws the missing devices at random; all subsets leave nothing to the draw. What the edge does about a
missing device is not in the paper, both modes are interpretations [I]: `zero features` puts zeros in place of its
features, `zero input` what the device computes for a black view (kept by the edge for that case). In neither it has a
result of its own, so edge exit 1 never takes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np
import torch

from simnet.models.cards.card import Card
from simnet.models.cards.weights import load_network
from simnet.models.data.base import Dataset
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import Scores, exit_scores, scores_of
from simnet.models.networks.base import Network
from simnet.models.networks.passes import Pass

Mode = Literal["zero features", "zero input"]
MODES: tuple[Mode, ...] = ("zero features", "zero input")


def subsets(views: Sequence[int]) -> list[tuple[int, ...]]:
    """Every set of missing views but that of all: without any view there is no answer."""
    return [missing for n in range(len(views)) for missing in combinations(views, n)]


@torch.inference_mode()
def _batches(network: Network, data: Dataset, rows: int, mode: Mode, batch: int = 250) -> Iterator[list[Scores]]:
    """Class scores of every segment, one entry per subset, batch by batch; the devices run once for all subsets."""
    for start in range(0, rows, batch):
        pixels = torch.from_numpy(data.pixels(np.arange(start, min(start + batch, rows))))
        walk = Pass(network, network.prepare(pixels), zero_input=mode == "zero input")
        found = []
        for missing in subsets(network.graph.seen):
            found.append(scores_of(walk, missing))
            walk.forget()
        yield found


def run(card: Card, data: Dataset, rows: int) -> dict[str, Any]:
    """Accuracies of the card's weights on the first `rows` samples, see `with_missing`."""
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
    """
    labels = data.labels[:rows]
    results: dict[str, list[dict[str, Any]]] = {}
    for mode in MODES:
        parts = list(_batches(network, data, rows, mode))
        entries = []
        for number, missing in enumerate(subsets(network.graph.seen)):
            scores = {name: np.concatenate([p[number][name] for p in parts]) for name in parts[0][number]}
            exits = Exits(exit_scores(network, scores, card.temperatures), labels)
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
