"""Operations and the bytes that they move, counted by hand; cards that do not tell them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from weights import random_network, write_network

from simnet.models.cards.card import WeightsError, read_card
from simnet.models.cards.costs import OperationCounter, measured
from simnet.models.graph import Graph, GraphError, Segment, Take


def counted(module: nn.Module, *given: torch.Tensor) -> tuple[int, int]:
    module.eval()
    with torch.no_grad(), OperationCounter([*module.parameters(), *module.buffers()]) as counter:
        module(*given)
    return counter.operations, counter.traffic


def test_each_operator_counts_once_with_what_it_reads_and_writes() -> None:
    """Floats of a 3×4×4 picture: 48; of 8 channels: 128. Convolution 48 + 128, batch norm and ReLU each 128 + 128,
    a mean 128 + 8, a linear layer 8 + 10; weights and statistics are not counted, views neither."""
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 10),
    )  # fmt: skip
    floats = (48 + 128) + (128 + 128) + (128 + 128) + (128 + 8) + (8 + 10)
    assert counted(network, torch.zeros(1, 3, 4, 4)) == (5, 4 * floats)


def test_a_change_in_place_counts_and_views_and_bare_memory_do_not() -> None:
    class Several(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            torch.empty(1000)
            torch.zeros(1000)
            x.view(2, 8).t().unsqueeze(0)
            return x.add_(x)  # 16 floats read twice, written once

    assert counted(Several(), torch.ones(16)) == (1, 4 * 48)


def test_operations_do_not_grow_with_the_batch_and_traffic_does() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU())
    (one, alone), (many, together) = (counted(network, torch.zeros(n, 3, 4, 4)) for n in (1, 5))
    assert (one, many) == (2, 2) and together == 5 * alone


@pytest.fixture
def old_card(tmp_path: Path) -> Path:
    """A card as they were before operations were counted."""
    path = write_network(random_network("ddnn", "plaza"), "ddnn", "plaza", tmp_path / "ddnn-plaza.safetensors")
    card = path.with_suffix(".json")
    values = json.loads(card.read_text())
    for segment in values["graph"]["segments"]:
        del segment["operations"], segment["traffic"]
    card.write_text(json.dumps(values))
    return card


def test_a_card_that_does_not_tell_has_its_network_counted(old_card: Path) -> None:
    card = read_card(str(old_card))
    assert not card.graph.counted and card.graph.segments["edge"].operations is None
    assert card.counted.as_dict() == measured(random_network("ddnn", "plaza")).as_dict()
    again = read_card("ddnn-plaza")
    assert again.graph.counted and again.counted is again.graph


def test_a_card_of_another_network_is_not_counted(old_card: Path) -> None:
    values = json.loads(old_card.read_text())
    values["graph"]["segments"][2]["exit"] = "sky"
    old_card.write_text(json.dumps(values))
    with pytest.raises(WeightsError, match="its graph is not that of the network 'ddnn'"):
        _ = read_card(str(old_card)).counted


def test_measuring_leaves_the_network_as_it_was() -> None:
    network = random_network("ddnn", "plaza").to(memory_format=torch.channels_last).train()
    measured(network)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d) and module.in_channels > 3]
    assert network.training and all(one.weight.is_contiguous(memory_format=torch.channels_last) for one in convolutions)


def test_a_graph_keeps_its_counts_on_the_way_to_a_card_and_back() -> None:
    segment = Segment("only", (Take("input"),), exit="only", operations=7, traffic=0)
    graph = Graph(1, (3, 4, 4), [segment], 2)
    again = Graph.from_dict(json.loads(json.dumps(graph.as_dict())))
    assert again.segments["only"] == segment and graph.counted
    assert "operations" not in graph.structure["segments"][0]
    values = graph.as_dict()
    values["segments"][0]["operations"] = 1.5
    with pytest.raises(GraphError, match=r"1\.5 is no whole number"):
        Graph.from_dict(values)
