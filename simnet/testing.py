"""Whether a kind keeps its contract: for the tests of those who write one (and of ours).

from simnet.testing import check_network
check_network(MyNetwork(MyNetwork.Architecture(view=(64, 64))))
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from simnet.models.graph import INPUT, Graph, Part
from simnet.models.networks.base import Network
from simnet.models.networks.passes import SMALLEST_BATCH, Pass, given_all

CLOSE = 1e-4
"""How far scores may be apart between batches of different size."""


def check_network(network: Network, samples: int = 40, seed: int = 0, codec: str = "fp32") -> None:
    """Hold a network to the contract of `Network`, with random pixels and random losses.

    Every part gives what its graph says, in shape and number; scores are finite; a sample's answers do not depend on
    who else is in the batch (batched = unbatched); the whole network at once answers as its parts one after the other;
    what did not arrive does not matter; nothing that is given is changed; the graph survives the way to a card and
    back.

    Raises AssertionError that says what does not hold.
    """
    network = network.eval()
    graph, random = network.graph, np.random.default_rng(seed)
    where = next(iter(network.parameters())).device
    pixels = torch.from_numpy(random.integers(0, 256, (samples, graph.views, *graph.view), dtype=np.uint8)).to(where)
    assert Graph.from_dict(graph.as_dict()).as_dict() == graph.as_dict(), "the graph is another when it is read back"
    with torch.inference_mode():
        views = network.prepare(pixels)
        # What a part makes of the same is made once for all masks.
        walk, few = Pass(network, views, codec=codec), Pass(network, _filled(views[:3]), codec=codec)
        for upstream in _losses(graph, random):
            _check_parts(walk, few, views, upstream)
        _check_purity(walk)
        whole = network(views)
        for name, segment in graph.segments.items():
            if segment.scores and segment.copies == 1:
                alone = Pass(network, views).scores(Part(name))
                assert torch.equal(whole[name], alone), f"segment {name!r}: the whole network answers otherwise"


def _losses(graph: Graph, random: np.random.Generator, several: int = 4) -> list[int]:
    """Everything has arrived, and some masks in which arcs are missing at random."""
    masks = [graph.all]
    for _ in range(several):
        mask = sum(1 << arc for arc in range(len(graph.arcs)) if random.random() < 0.8)
        masks.append(mask | graph.of_views(1))
    return masks


def _check_parts(walk: Pass, few: Pass, views: Tensor, upstream: int) -> None:
    graph, count = walk.graph, len(views)
    # What did not arrive must not matter: other views in the place of those that are missing.
    missing = [view for view in range(graph.views) if not upstream & graph.arcs_from(Part(INPUT, view))]
    other = walk
    if missing:
        blind = views.clone()
        blind[:, missing] = 0.123
        other = Pass(walk.network, blind, codec=walk.codec)
    for part in graph.parts:
        if not graph.alive(part, upstream):
            continue
        segment = graph.segments[part.segment]
        made = walk.output(part, upstream)
        what = f"segment {part.segment!r}, copy {part.copy}"
        if segment.scores:
            assert made.scores is not None, f"{what}: gives no scores, as its graph says"
            shape = tuple(made.scores.shape)
            assert shape == (count, graph.classes), f"{what}: scores {shape}, not {(count, graph.classes)}"
            assert bool(made.scores.isfinite().all()), f"{what}: scores that are not finite"
            again = few.output(part, upstream).scores
            assert again is not None
            far = float((again[:3] - made.scores[:3]).abs().max())
            assert far <= CLOSE, f"{what}: batched answers differ from unbatched ones by {far:g}"
            blinded = other.output(part, upstream).scores
            assert blinded is not None and torch.equal(blinded, made.scores), f"{what}: depends on what did not arrive"
        taken = any(arc.source == part and arc.what == "features" for arc in graph.arcs)
        if taken:
            assert made.features is not None, f"{what}: gives no features, which others take"
            assert len(made.features) == count, f"{what}: features of {len(made.features)} samples, not {count}"
            assert segment.sends in (None, tuple(made.features.shape[1:])), f"{what}: features are not of `sends`"


def _check_purity(walk: Pass) -> None:
    """What a part is given others are given, too: it must stay as it is."""
    for part in walk.graph.parts:
        given = given_all(walk, part)
        before = [(one.values.clone(), one.present.clone()) for one in given]
        walk.network.run(part, given)
        for one, (values, present) in zip(given, before, strict=True):
            same = torch.equal(one.values, values) and torch.equal(one.present, present)
            assert same, f"segment {part.segment!r}, copy {part.copy}: changes what it is given"


def _filled(views: Tensor) -> Tensor:
    """A batch as small as batches get, filled up with repetitions."""
    return views[torch.arange(SMALLEST_BATCH) % len(views)]
