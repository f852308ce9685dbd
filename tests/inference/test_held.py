"""What is held of a cold run does not grow with the number of samples: features, views, answers at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from test_feature_rules import Levels, Sums

from simnet.inference.answers import Answers
from simnet.inference.batches import Batches
from simnet.inference.features import Features
from simnet.inference.window import FEATURE_BYTES, feature_bytes, room_of, window_of
from simnet.models.cards.card import Card, read_card
from simnet.models.cards.costs import measured
from simnet.models.graph import Part
from simnet.models.networks.base import Architecture

BATCH, WINDOW = 32, 64
EACH = 3 * 4
"""Bytes of a sample's features: one number from each of two devices, one from the edge."""


class Many(Levels):
    """So many samples, the levels of each its number's last digits."""

    def __init__(self, count: int) -> None:
        self.labels = np.zeros(count, np.int64)
        self.all = np.stack([np.arange(count) % 250, np.arange(count) % 199], axis=1).astype(np.uint8)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    network = Sums(Architecture(view=(2, 2), classes=2, views=2)).eval()
    monkeypatch.setattr("simnet.inference.batches.load_network", lambda card, device: network)
    values = {"network": "sums", "graph": measured(network).as_dict(), "class_names": ["a", "b"], "calibration": {}}
    return Card(Path("none.json"), values)


def most_held(card: Card, count: int) -> tuple[int, int, int]:
    """The most that was held at any time of a run that asks one sample after the other: bytes, rows, answers."""
    answers = Answers(
        card, Many(count), ["first", "second"], {"first": -1.0}, np.zeros(count, np.int64), batch=BATCH, window=WINDOW,
        device="cpu",
    )  # fmt: skip
    found = []
    for sample in range(count):
        for name in ("first", "second"):
            answers.get(name, sample, card.graph.all)
        held = answers._batches.held
        found.append((held.held, held.rows, max(map(len, answers._found.values()))))
    sums = Many(count).all.astype(np.float32).sum(1)
    assert answers.told("second", np.arange(count), card.graph.all)[0][:, 0].tolist() == sums.tolist()
    return max(one for one, _, _ in found), max(one for _, one, _ in found), max(one for _, _, one in found)


def test_ten_times_the_samples_hold_no_more(card: Card) -> None:
    """Two windows of 64 samples at 12 bytes; of each of the three numbers at most 128 rows; answers of 8 windows."""
    assert feature_bytes(card.graph) == EACH
    few, many = most_held(card, 800), most_held(card, 8000)
    assert few == many
    size, rows, answers = many
    assert size == 2 * WINDOW * EACH and rows == 3 * 2 * WINDOW
    assert 8 * WINDOW <= answers <= 9 * WINDOW


def test_the_window_has_room_for_its_features() -> None:
    """Six devices send 8 x 8 x 8, the edge 24 x 4 x 4 numbers of 4 bytes: 13,824 bytes a sample."""
    graph = read_card("ada-ddnn-plaza").graph
    assert feature_bytes(graph) == 13_824
    assert (window_of(graph, 128), room_of(graph, 1024)) == (1024, 2 * 1024 * 13_824)
    assert FEATURE_BYTES // 2 // 13_824 == 1820, "so many would have room"
    assert window_of(graph, 128, 2000) == 1820
    assert window_of(graph, 2048, 2048) == 2048, "a batch runs whole"
    assert room_of(graph, 2048) == FEATURE_BYTES


def test_the_oldest_block_goes_and_a_row_that_was_made_again_stays() -> None:
    """Room for two blocks of two rows of one number; row 1 is in the first and in the third block."""
    held, kept, rows = Features(16), (Part("edge"), 1, False), np.array
    held.put(kept, rows([0, 1]), torch.tensor([[10.0], [11.0]]))
    held.put(kept, rows([2, 3]), torch.tensor([[12.0], [13.0]]))
    assert held.get(kept, rows([3, 0])).tolist() == [[13.0], [10.0]] and held.held == 16
    held.put(kept, rows([1, 4]), torch.tensor([[21.0], [14.0]]))
    assert held.has(kept, rows([0, 1, 2, 3, 4])).tolist() == [False, True, True, True, True]
    assert held.get(kept, rows([4, 1, 2])).tolist() == [[14.0], [21.0], [12.0]] and (held.held, held.rows) == (16, 4)
    held.put(kept, rows([5, 6]), torch.tensor([[15.0], [16.0]]))
    held.put(kept, rows([7, 8]), torch.tensor([[17.0], [18.0]]))
    assert not held.has(kept, rows([0, 1, 2, 3, 4])).any() and held.rows == 4
    assert not held.has((Part("edge"), 2, False), rows([7])).any()


def test_views_go_to_a_gpu_once_a_batch_out_of_pinned_memory_without_waiting(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Played on the processor: pinning and sending are noted, and leave the tensor where it is."""
    batches, rows, done = Batches(card, Many(50), "cpu"), np.arange(40), list[object]()

    def sent(tensor: torch.Tensor, device: str, non_blocking: bool = False) -> torch.Tensor:
        done.append((tuple(tensor.shape), tensor.dtype, device, non_blocking))
        return tensor

    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: done.append("pinned") or tensor)
    monkeypatch.setattr(torch.Tensor, "to", sent)
    batches.device = "cuda"
    found = [batches.view(rows, number)[:, 0, 0, 0].tolist() for number in (0, 1)]
    assert found == [list(range(40)), list(range(40))]
    assert done == ["pinned", ((40, 2, 3, 2, 2), torch.uint8, "cuda", True)]
    batches.view(rows[:35], 1)
    assert len(done) == 4, "another batch"
