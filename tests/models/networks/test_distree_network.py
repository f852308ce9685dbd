"""The network of DistrEE: what it costs by the definition, its contract, and that a node in zeros is a mask."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
import torch
from students import small

from simnet.models.cards.costs import measured
from simnet.models.codecs import REAL_VALUED, codec
from simnet.models.graph import Part
from simnet.models.networks import NETWORKS
from simnet.models.networks.passes import Pass
from simnet.models.networks.students.stages import costs
from simnet.testing import check_network


def test_costs_are_those_of_the_definition() -> None:
    """157,168 parameters a node; 10.33, 7.35, 7.36, 9.45 MFLOP of all four nodes a stage."""
    graph = measured(NETWORKS["distree"](NETWORKS["distree"].Architecture()))
    on_node = [segment for name, segment in graph.segments.items() if name.startswith(("stage", "adapter"))]
    assert sum(segment.parameters for segment in on_node) == 157_168
    flop = [sum(graph.segments[f"{what}-{n}"].flop for what in ("stage", "adapter")) for n in range(1, 5)]
    # Stem and 16-16-16 on 16x16, 16-32-32 on 8x8, 32-64-64 and 64-64-64 on 4x4; adapters of 32.
    assert flop == [
        2 * 256 * 16 * (27 + 144 + 144) + 2 * 16 * 32,
        2 * 64 * 32 * (144 + 288 + 16) + 2 * 32 * 32,
        2 * 16 * 64 * (288 + 576 + 32) + 2 * 64 * 32,
        2 * 16 * 64 * (576 + 576) + 2 * 64 * 32,
    ]
    assert [round(4 * one / 1e6, 2) for one in flop] == [10.33, 7.35, 7.36, 9.45]
    heads = 2 * 128 * 10
    assert costs(graph, reads_features=False) == [4 * sum(flop[:n]) + n * heads for n in range(1, 5)]
    assert costs(graph, reads_features=True) == [4 * sum(flop[:n]) + n * (heads + 2 * 128 * 128) for n in range(1, 5)]
    saved = [1 - one / costs(graph, reads_features=False)[-1] for one in costs(graph, reads_features=False)]
    assert [round(100 * one, 1) for one in saved[1:3]] == [48.7, 27.4]


@pytest.mark.parametrize("nodes", [2, 8])
def test_with_other_nodes_widths_keep_the_sum(nodes: int) -> None:
    arch = NETWORKS["distree"].Architecture(nodes=nodes)
    assert arch.widths == tuple(round(width * sqrt(4 / nodes)) for width in (16, 32, 64, 64))
    assert arch.share == 128 // nodes
    whole, usual = (
        costs(measured(NETWORKS["distree"](NETWORKS["distree"].Architecture(nodes=n))), False)[-1] for n in (nodes, 4)
    )
    assert whole == pytest.approx(usual, rel=0.02)


def test_what_a_node_sends_in_every_codec() -> None:
    sends = measured(NETWORKS["distree"](NETWORKS["distree"].Architecture())).segments["adapter-2"].sends
    assert sends == (1, 1, 32)
    assert {name: codec(name).bytes(sends) for name in REAL_VALUED} == {"fp32": 128, "fp16": 64, "int8": 36, "1bit": 8}


@pytest.mark.parametrize("nodes", [2, 4, 8])
def test_it_keeps_the_contract(nodes: int) -> None:
    check_network(small(nodes), samples=34)


def test_the_teacher_keeps_it_too() -> None:
    arch = NETWORKS["whole-resnet"].Architecture(view=(16, 16), widths=(4, 6), blocks=1, features=5)
    check_network(NETWORKS["whole-resnet"](arch), samples=34)
    costs_of = measured(NETWORKS["whole-resnet"](NETWORKS["whole-resnet"].Architecture())).segments["whole"]
    assert (round(costs_of.parameters / 1e6, 1), round(costs_of.flop / 1e6)) == (2.8, 212)


def test_a_node_in_zeros_is_the_masked_forward() -> None:
    network: Any = small()
    views = network.prepare(torch.randint(0, 256, (40, 1, 3, 16, 16), dtype=torch.uint8))
    graph = network.graph
    gone = graph.arcs_from(*(Part(f"adapter-{n}", 2) for n in range(1, 5)))
    with torch.inference_mode():
        walk = Pass(network, views)
        present = torch.tensor([[True, True, False, True]] * 40)
        joined = network.joined(views, present)
        for number, features in enumerate(joined, start=1):
            made = walk.scores(Part(f"head-{number}"), graph.all & ~gone)
            assert torch.allclose(made, network.heads[number - 1](features), atol=1e-5)
            assert (features.unflatten(1, (4, 4))[:, 2] == 0).all()
            whole = walk.scores(Part(f"head-{number}"))
            assert not torch.allclose(made, whole, atol=1e-3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"views": 6}, "every node sees the whole image, one view; the data have 6"),
        ({"nodes": 3}, "128 features cannot be shared out equally to 3 nodes"),
        ({"nodes": 0}, "cannot be shared out"),
        ({"base_widths": (16,), "strides": (1,)}, "two stages at least"),
        ({"strides": (1, 2)}, "a stride for each"),
        ({"base_widths": (16, 0, 8, 8)}, "a channel at least"),
    ],
)
def test_what_makes_no_network_is_said(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NETWORKS["distree"].Architecture(**values)


@pytest.mark.parametrize("values", [{"views": 6}, {"blocks": 0}])
def test_what_makes_no_teacher_is_said(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"one view|a block at least"):
        NETWORKS["whole-resnet"].Architecture(**values)
