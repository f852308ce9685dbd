"""Scores of a trained network over a data set, segment by segment, and at its exits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from simnet.models.data.base import Dataset
from simnet.models.graph import Graph, Part
from simnet.models.networks.base import Given, Network
from simnet.models.networks.passes import Pass

Scores = dict[str, NDArray[np.floating]]
"""Segment → class scores `[n, classes]`, of one with several copies `[n, copies, classes]`."""


def there(graph: Graph, missing: Sequence[int] = ()) -> int:
    """Bit mask of all views but those that are `missing` (numbers from 0)."""
    return sum(1 << view for view in range(graph.views) if view not in missing)


@torch.inference_mode()
def segment_scores(
    network: Network, data: Dataset, batch: int = 500, missing: Sequence[int] = (), codec: str | None = None
) -> Scores:
    """Class scores of every segment that gives some over a whole data set (float32, eval mode).

    Views in `missing` do not arrive; what a segment without any input would have said is NaN. Features travel with
    `codec`, by default the network's own.
    """
    network.eval()
    where = next(network.parameters()).device
    parts: dict[str, list[NDArray[np.floating]]] = {}
    for start in range(0, len(data), batch):
        pixels = torch.from_numpy(data.pixels(np.arange(start, min(start + batch, len(data)))))
        walk = Pass(network, network.prepare(pixels.to(where)), codec=codec)
        for name, scores in scores_of(walk, missing).items():
            parts.setdefault(name, []).append(scores)
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def scores_of(walk: Pass, missing: Sequence[int] = ()) -> Scores:
    """The same for one batch on its way through a network."""
    graph = walk.graph
    upstream = walk.usual & ~graph.all | graph.of_views(there(graph, missing))
    found: Scores = {}
    for name, segment in graph.segments.items():
        if segment.scores:
            each = []
            for part in graph.parts_of(name):
                scores = walk.scores(part, upstream).float().cpu().numpy()
                each.append(scores if graph.alive(part, upstream) else np.full_like(scores, np.nan))
            found[name] = each[0] if segment.copies == 1 else np.stack(each, axis=1)
    return found


@torch.inference_mode()
def exit_features(network: Network, data: Dataset, batch: int = 500) -> dict[str, NDArray[np.float32] | None]:
    """What a rule may read, `[n, ...]`, of every segment that can answer at an exit but the last (`Pass.features`).

    Over a whole data set, everything held at once. None for a segment that has no features.
    """
    network.eval()
    graph, where = network.graph, next(network.parameters()).device
    early = list(graph.exits)[:-1]
    names = [name for name, one in graph.segments.items() if (one.exit or one.instead) in early]
    parts: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    for start in range(0, len(data), batch):
        pixels = torch.from_numpy(data.pixels(np.arange(start, min(start + batch, len(data)))))
        walk = Pass(network, network.prepare(pixels.to(where)))
        for name, found in parts.items():
            features = walk.features(Part(name), walk.usual)
            found += [] if features is None else [features.float().cpu().numpy()]
    return {name: np.concatenate(found) if found else None for name, found in parts.items()}


def exit_scores(
    network: Network,
    scores: Mapping[str, NDArray[np.floating]],
    temperatures: Mapping[str, float] | None = None,
    instead: Mapping[str, str] | None = None,
) -> dict[str, NDArray[np.floating]]:
    """Scores `[n, classes]` at every exit, in order, of what `segment_scores` gave.

    `instead` names segments that answer at an exit in place of its own.

    `temperatures` divide the scores of the segments that they name. Where an exit's segment is scaled by another one,
    its `scale`, it chooses anew of what is divided (the surest device may then be another).
    """
    found = {}
    for name in network.graph.exits:
        segment = network.graph.answering(name, (instead or {}).get(name))
        t = (temperatures or {}).get(segment.scale or segment.name, 1.0)
        if segment.scale and t != 1.0:
            found[name] = _chosen_anew(network, segment.name, scores, t)
        else:
            found[name] = scores[segment.name] / t
    return found


@torch.inference_mode()
def _chosen_anew(
    network: Network, name: str, scores: Mapping[str, NDArray[np.floating]], t: float
) -> NDArray[np.floating]:
    (part,), where = network.graph.parts_of(name), next(network.parameters()).device
    given = []
    for take in network.graph.segments[name].takes:
        values = scores[take.source] / t
        values = values[:, None] if values.ndim == 2 else values
        present = ~np.isnan(values).any(-1)
        tensors = torch.from_numpy(np.nan_to_num(values)).to(where), torch.from_numpy(present).to(where)
        given.append(Given(*tensors))
    made = network.run(part, given).scores
    assert made is not None  # the graph says that it gives some
    return made.float().cpu().numpy()


def camera_accuracy(network: Network, scores: Scores, labels: NDArray[np.int64]) -> list[float] | None:
    """Accuracy of each view's own classifier over all samples, NaN where the view is missing.

    None where no segment has a copy with scores for each of several views.
    """
    name = view_segment(network.graph)
    if name is None:
        return None
    found = scores[name]
    found = found[:, None] if found.ndim == 2 else found
    right = (found.argmax(axis=-1) == labels[:, None]).mean(axis=0)
    return [float(a) for a in np.where(np.isnan(found).all(axis=(0, 2)), np.nan, right)]


def view_segment(graph: Graph) -> str | None:
    """The segment whose copies each classify one view, if there is one."""
    for name, segment in graph.segments.items():
        alone = all(len(arcs) == 1 for part in graph.parts_of(name) for arcs in graph.into[part])
        if segment.scores and segment.exit is None and alone and all(t.source == "input" for t in segment.takes):
            return name
    return None


def seen_by(graph: Graph, name: str) -> list[int]:
    """The view of each copy of a segment that takes one view."""
    return [graph.arcs[graph.into[part][0][0]].source.copy for part in graph.parts_of(name)]
