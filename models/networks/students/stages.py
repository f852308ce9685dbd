"""What a network says after each of its stages, over a whole data set, and the policies that are calibrated on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from simnet.models.criteria import (
    CRITERIA,
    DRAWN_AS,
    NEVER,
    RANDOM,
    Stage,
    cheapest,
    leaving_rates,
    measures,
)
from simnet.models.data.base import Dataset
from simnet.models.graph import Graph
from simnet.models.networks.base import Network
from simnet.models.networks.passes import Pass


def count(graph: Graph) -> int:
    """Number of stages."""
    return sum(name.startswith("head-") for name in graph.segments)


@torch.inference_mode()
def stages_of(network: Network, data: Dataset, codec: str | None = None, batch: int = 500) -> list[Stage]:
    """Class scores and aligned features of every stage over a data set, in eval mode; nothing is missing."""
    network.eval()
    where = next(network.parameters()).device
    found: list[list[tuple[NDArray[np.float32], NDArray[np.float32]]]] = [[] for _ in range(count(network.graph))]
    for start in range(0, len(data), batch):
        pixels = torch.from_numpy(data.pixels(np.arange(start, min(start + batch, len(data)))))
        walk = Pass(network, network.prepare(pixels.to(where)), codec=codec)
        for number, chunks in enumerate(found, start=1):
            (head,), (aligned,) = (network.graph.parts_of(f"{what}-{number}") for what in ("head", "aligned"))
            features = walk.output(aligned, walk.usual).features
            assert features is not None  # the graph says that it gives some
            chunks.append((walk.scores(head).cpu().numpy(), features.cpu().numpy()))
    return [Stage(*(np.concatenate(arrays) for arrays in zip(*chunks, strict=True))) for chunks in found]


@torch.inference_mode()
def unaligned(network: Any, data: Dataset, batch: int = 500) -> list[Stage]:
    """The same with the joined features as they are, before any map into a common space."""
    network.eval()
    where = next(network.parameters()).device
    found: list[list[tuple[NDArray[np.float32], NDArray[np.float32]]]] = [[] for _ in network.heads]
    for start in range(0, len(data), batch):
        pixels = torch.from_numpy(data.pixels(np.arange(start, min(start + batch, len(data)))))
        joined = network.joined(network.prepare(pixels.to(where)))
        for chunks, head, features in zip(found, network.heads, joined, strict=True):
            chunks.append((head(features).cpu().numpy(), features.cpu().numpy()))
    return [Stage(*(np.concatenate(arrays) for arrays in zip(*chunks, strict=True))) for chunks in found]


def costs(graph: Graph, reads_features: bool) -> list[float]:
    """FLOP of all nodes together for a sample that leaves after each stage; with the maps where a criterion reads them.

    `graph` has the costs of its segments.
    """
    total, found = 0.0, []
    for number in range(1, count(graph) + 1):
        names = [f"stage-{number}", f"adapter-{number}", f"head-{number}"]
        names += [f"aligned-{number}"] if reads_features else []
        total += sum(graph.segments[name].copies * graph.segments[name].flop for name in names)
        found.append(total)
    return found


def policies(graph: Graph, stages: Sequence[Stage], labels: NDArray[np.int64]) -> dict[str, Any]:
    """For each policy its thresholds, by exit, with what they do on validation; `graph` has costs."""
    right = np.stack([stage.scores.argmax(-1) == labels for stage in stages])
    exits = list(graph.exits)
    full = costs(graph, reads_features=False)[-1]
    found: dict[str, Any] = {}
    for name, criterion in CRITERIA.items():
        best = cheapest(measures(criterion, stages), right, costs(graph, criterion.reads_features))
        found[name] = {
            "thresholds": dict(zip(exits, best.thresholds, strict=False)),
            "shares": dict(zip(exits, best.shares, strict=True)),
            "saving": 1 - best.cost / full,
            "accuracy": best.accuracy,
        }
    drawn = list(found[DRAWN_AS]["shares"].values())
    cost = float(np.dot(drawn, costs(graph, reads_features=False)))
    found[RANDOM] = {
        "thresholds": dict(zip(exits, leaving_rates(drawn), strict=False)),
        "shares": dict(zip(exits, drawn, strict=True)),
        "saving": 1 - cost / full,
        "accuracy": float(np.dot(drawn, right.mean(1))),
    }
    found[NEVER] = {
        "thresholds": dict.fromkeys(exits[:-1], 0.0),
        "shares": {**dict.fromkeys(exits, 0.0), exits[-1]: 1.0},
        "saving": 0.0,
        "accuracy": float(right[-1].mean()),
    }
    return found
