"""`simnet.testing.check_network`: every network of ours passes it on every data set, and whoever breaks it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import nn
from weights import architecture, untrained

from simnet.models.codecs import REAL_VALUED
from simnet.models.data import DATASETS
from simnet.models.graph import INPUT, Graph, Part, Segment, Take
from simnet.models.networks import NETWORKS
from simnet.models.networks.base import Architecture, Given, Network, Output
from simnet.testing import check_network

ONE_VIEW = ["vgg16-quarter", "alexnet-half", "resnet14", "distree", "whole-resnet"]
SHAPED = [name for name in DATASETS if hasattr(DATASETS[name], "view_shape")]
"""Data sets whose shape is known before they are opened."""
SAMPLES = 34
"""Few, but more than the smallest batch."""


@pytest.mark.parametrize(("data", "views"), [*((data, 6) for data in SHAPED), *(("plaza", n) for n in (1, 3, 12))])
@pytest.mark.parametrize("kind", list(NETWORKS))
def test_ours_keep_the_contract(kind: str, data: str, views: int) -> None:
    if kind in ONE_VIEW and views != 1:
        with pytest.raises(ValueError, match=f"one view(, not|; the data have) {views}"):
            untrained(kind, architecture(kind, data, views))
        return
    arch = architecture(kind, data, views)
    assert arch.views == views
    check_network(untrained(kind, arch), SAMPLES)


@pytest.mark.parametrize("codec", [name for name in REAL_VALUED if name != "fp32"])
def test_with_every_codec(codec: str) -> None:
    check_network(Small(), SAMPLES, codec=codec)


class Small(Network):
    """Two eyes and one exit; `way` is what is wrong with it."""

    def __init__(self, way: str = "") -> None:
        super().__init__(Architecture(view=(4, 4), classes=3, views=2))
        self.way = way
        self.eye, self.head = nn.Linear(3, 5), nn.Linear(5, 3)
        device = Segment("device", (Take(INPUT, groups=((0,), (1,))),), 2, sends=(5, 1, 1), scores=False)
        self.graph = Graph(2, (3, 4, 4), [device, Segment("edge", (Take("device"),), exit="edge")], 3)

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        values, _ = given[0]
        if part.segment == "device":
            return DEVICE.get(self.way, Output)(self.eye(values[:, 0].mean((-1, -2)))[..., None, None])
        if self.way == "by chance":
            values = values + torch.rand(values.shape)
        fused = values.sum(1)[..., 0, 0]
        if self.way == "changes":
            values.zero_()
        return EDGE.get(self.way, lambda fused, scores: Output(None, scores))(fused, self.head(fused))

    def module(self, part: Part) -> nn.Module:
        return self.eye if part.segment == "device" else self.head


DEVICE: dict[str, Callable[[Any], Output]] = {
    "no features": lambda features: Output(),
    "features of fewer": lambda features: Output(features[1:]),
    "features of another shape": lambda features: Output(features[:, :4]),
}
EDGE: dict[str, Callable[[Any, Any], Output]] = {
    "no scores": lambda fused, scores: Output(fused),
    "scores of another shape": lambda fused, scores: Output(None, scores[:, :2]),
    "scores of fewer": lambda fused, scores: Output(None, scores[1:]),
    "not finite": lambda fused, scores: Output(None, scores / 0),
    "looks at others": lambda fused, scores: Output(None, scores - scores.mean(0)),
}
BROKEN = {
    "no features": "segment 'device', copy 0: gives no features, which others take",
    "features of fewer": "segment 'device', copy 0: features of 33 samples, not 34",
    "features of another shape": "segment 'device', copy 0: features are not of `sends`",
    "no scores": "segment 'edge', copy 0: gives no scores, as its graph says",
    "scores of another shape": r"segment 'edge', copy 0: scores \(34, 2\), not \(34, 3\)",
    "scores of fewer": r"segment 'edge', copy 0: scores \(33, 3\), not \(34, 3\)",
    "not finite": "segment 'edge', copy 0: scores that are not finite",
    "looks at others": "batched answers differ from unbatched ones",
    "changes": "segment 'edge', copy 0: changes what it is given",
    "by chance": "batched answers differ from unbatched ones|answers otherwise",
}


def test_a_small_network_keeps_it() -> None:
    check_network(Small(), SAMPLES)


@pytest.mark.parametrize("way", BROKEN)
def test_what_is_broken_is_told(way: str) -> None:
    torch.manual_seed(0)
    with pytest.raises(AssertionError, match=BROKEN[way]):
        check_network(Small(way), SAMPLES)
