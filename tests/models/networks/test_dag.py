"""Any module as a DAG of vertices: what it computes, whole and cut anywhere, and what is said of what is none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simnet.models.cards.costs import measured
from simnet.models.codecs import codec as codec_named
from simnet.models.graph import INPUT, Graph, GraphError, Part
from simnet.models.networks import NETWORKS
from simnet.models.networks.base import Architecture, Network
from simnet.models.networks.dag import DagNetwork
from simnet.models.networks.dapdee import ResNetArchitecture
from simnet.models.networks.passes import Pass
from simnet.models.networks.vertices import Traced
from simnet.systems.partition.cuts import least_latency, partitions
from simnet.systems.partition.dag import sent
from simnet.systems.partition.slices import slices_of
from simnet.testing import check_network

ONE = Architecture(view=(8, 8), classes=3, views=1)


class Odd(nn.Module):
    """What layers of strangers do: sizes, parts, constants, sums of several, a result that two take."""

    def __init__(self, way: str = "") -> None:
        super().__init__()
        self.way = way
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.left, self.right = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1)
        self.scale = nn.Parameter(torch.full((1, 8, 1, 1), 0.5))
        self.pool, self.last = nn.AdaptiveAvgPool2d(2), nn.Linear(32, 3)
        self.same = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        if self.way == "branch" and x.sum() > 0:
            return x
        made = F.relu(self.first(x)) * self.scale
        one, two = made.chunk(2, dim=1)
        both = torch.cat([self.left(one), torch.tanh(self.right(self.same(two)))], 1)
        pooled = self.pool(both + made)
        scores: Tensor = self.last(pooled.view(pooled.size(0), -1))
        return scores


class OddNetwork(DagNetwork):
    def __init__(self, arch: Any) -> None:
        super().__init__(arch, Odd(), {"early": ("first", nn.Sequential(nn.Flatten(), nn.LazyLinear(3)))})


def test_a_strangers_module() -> None:
    """Vertices, arcs and shapes by hand: `first` is kept from its activation, since a head takes it."""
    torch.manual_seed(3)
    network = OddNetwork(ONE).eval()
    found = {name: [take.source for take in one.takes] for name, one in network.graph.segments.items()}
    assert found == {
        "first": [INPUT],
        "early": ["first"],
        "relu": ["first"],
        "left": ["relu"],
        "right": ["relu"],
        "cat": ["left", "right"],
        "add": ["cat", "relu"],
        "pool": ["add"],
        "last": ["pool"],
    } or found == {
        "first": [INPUT],
        "early": ["first"],
        "relu": ["first"],
        "left": ["relu"],
        "right": ["relu"],
        "cat": ["left", "right", "relu"],
        "pool": ["cat"],
        "last": ["pool"],
    }
    assert list(network.graph.exits) == ["early", "last"]
    views = torch.randn(5, 1, 3, 8, 8)
    torch.manual_seed(3)
    plain = Odd().eval()
    with torch.inference_mode():
        assert torch.equal(network(views)["last"], plain(views[:, 0]))
    check_network(network, 34)


def test_element_wise_operations_belong_to_what_makes_their_input() -> None:
    """resnet14: convolution, batch norm, ReLU are one vertex, the sum belongs to the second convolution."""
    graph = measured(NETWORKS["resnet14"](ResNetArchitecture(view=(32, 32)))).segments
    assert len(graph) == 15 + 3  # stem, 6 · 2 convolutions, 2 · 1×1, three heads
    assert [take.source for take in graph["stage1_0_conv2_0"].takes] == ["stage1_0_conv1_0", "stem_0"]
    assert [take.source for take in graph["stage2_0_conv2_0"].takes] == ["stage2_0_conv1_0", "stage2_0_shortcut_0"]
    assert graph["stage2_0_conv2_0"].sends == (64, 8, 8)
    # 3×3 convolution of 32 by 32 channels on 16×16 values, two FLOP each
    assert graph["stage1_0_conv1_0"].flop == 2 * 9 * 32 * 32 * 16 * 16


@pytest.mark.parametrize(
    ("kind", "flop", "parameters", "exits"),
    [("vgg16-quarter", 39.8, 0.93, 5), ("alexnet-half", 84.4, 0.57, 5), ("resnet14", 52.9, 0.70, 3)],
)
def test_what_ours_cost(kind: str, flop: float, parameters: float, exits: int) -> None:
    network = NETWORKS[kind](NETWORKS[kind].for_data("cifar10", 1, (32, 32), 10))
    graph = measured(network)
    assert round(sum(one.flop for one in graph.segments.values()) / 1e6, 1) == flop
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 2) == parameters
    assert list(graph.exits) == [f"exit-{number}" for number in range(1, exits + 1)]
    depth = [sum(graph.segments[name].flop for name in one.segments) for one in slices_of(graph, "fp32").values()]
    assert all(shallow < deep for shallow, deep in pairwise(depth))


@pytest.mark.parametrize("codec", ["fp32", "int8"])
def test_cut_anywhere_it_answers_alike(codec: str) -> None:
    """Every partition of a small resnet14: with fp32 the answer of the whole, with int8 that of coded cut tensors."""
    torch.manual_seed(1)
    network = small_resnet()
    graph, views = measured(network), torch.rand(4, 1, 3, 16, 16)
    (one,) = [one for name, one in slices_of(graph, codec).items() if name == "exit-3"]
    every = partitions(len(one.segments) + 1, one.arcs)
    assert every is not None and len(every.kept) == 19
    walk = Pass(network, views, codec=codec)
    with torch.inference_mode():
        whole = network(views, codec="fp32")["exit-3"]
        for row in every.kept:
            kept = frozenset(row.nonzero()[0].tolist())
            crossing = {one.segments[vertex - 1] for vertex in sent(one.arcs, kept) if vertex}
            mine = set(one.names(kept))
            apart = sum(
                1 << number
                for number, arc in enumerate(graph.arcs)
                if arc.source.segment in crossing and arc.target.segment not in mine and one.used >> number & 1
            )
            coded = 0 if codec == "fp32" else graph.coded(apart)
            found = walk.scores(Part("exit-3"), one.used | coded)
            assert torch.allclose(found, by_hand(network, graph, views, mine, codec), atol=1e-5)
            if codec == "fp32":
                assert torch.equal(found, whole)


def by_hand(network: Network, graph: Graph, views: Tensor, mine: set[str], codec: str) -> Tensor:
    """Vertex after vertex, coding what goes from the device's to the edge's."""
    values = {INPUT: views[:, 0]}
    for name, segment in graph.segments.items():
        given = [
            codec_named(codec).transmit(values[take.source])
            if take.source in mine and name not in mine
            else values[take.source]
            for take in segment.takes
        ]
        module = network.module(Part(name))
        assert module is not None
        values[name] = module(*given)
    return values["exit-3"]


def small_resnet() -> Network:
    return NETWORKS["resnet14"](ResNetArchitecture(view=(16, 16), stem=4, widths=(4, 8, 8), classes=3)).eval()


@pytest.mark.parametrize(("kind", "least", "most"), [("resnet14", 0.8, 140), ("vgg16-quarter", 0.55, 35)])
def test_interior_cuts_of_small_images_need_one_bit(kind: str, least: float, most: float) -> None:
    """docs/scenario.md: on 32×32 and with 4 and 132 GFLOP/s only `1bit` features are less than the raw image."""
    graph = measured(NETWORKS[kind](NETWORKS[kind].for_data("cifar10", 1, (32, 32), 10)))
    inside: dict[str, list[float]] = {}
    for codec in ("fp32", "fp16", "int8", "1bit"):
        (*_, whole) = slices_of(graph, codec).values()
        for bandwidth in (0.05, 0.3, least, 2.0, 5.85, most, 300.0):
            dag = whole.dag(
                lambda name: graph.segments[name].flop / 4e9,
                lambda name: graph.segments[name].flop / 132e9,
                8e-6 / bandwidth,
            )
            if 1 < len(least_latency(dag)) < len(dag.device):
                inside.setdefault(codec, []).append(bandwidth)
    assert inside == {"1bit": [least, 2.0, 5.85, most]}


class Two(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


class Same(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x + 1, x - 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (Odd("branch"), "torch.fx cannot trace Odd: symbolically traced variables cannot be used as inputs to control"),
        (Two(), "Two must take one tensor and give one, its class scores; it takes x, y and gives add"),
        (Same(), "Same must take one tensor and give one, its class scores; it takes x and gives x"),
        (Pair(), r"Pair must take one tensor and give one, its class scores; it takes x and gives \(add, sub\)"),
    ],
)
def test_what_cannot_be_traced(body: nn.Module, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Traced(body)


@pytest.mark.parametrize(
    ("arch", "heads", "message"),
    [
        (ONE, {"early": ("frist", nn.Identity())}, "Odd has no module 'frist' that makes a tensor"),
        (ONE, {"last": ("first", nn.Identity())}, "the last exit has the body's scores, no head: 'last'"),
        (ONE, {"early": ("pool", nn.Flatten())}, "exit 'early' gives 32 scores, not one for each of 3"),
        (Architecture(view=(8, 8), classes=5, views=1), {}, "exit 'last' gives 3 scores, not one for each of 5"),
        (Architecture(view=(8, 8), classes=3, views=6), {}, "DagNetwork takes one view, not 6"),
        (ONE, {"early": ("pool", nn.Linear(7, 3))}, "cannot take views of 8 x 8: mat1 and mat2 shapes"),
    ],
)
def test_what_makes_no_network(arch: Architecture, heads: dict[str, tuple[str, nn.Module]], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        DagNetwork(arch, Odd(), heads)


def test_a_view_that_is_too_small() -> None:
    kind = NETWORKS["vgg16-quarter"]
    with pytest.raises(GraphError, match="Vgg16Quarter cannot take views of 10 x 16: "):
        kind(kind.for_data("cifar10", 1, (10, 16), 10))
