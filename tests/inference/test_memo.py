"""Answers on disk: only what this network answered, here, on these data, under these settings, is believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from simnet.inference.answers import memo_folder
from simnet.inference.memo import Table
from simnet.models.cards.card import read_card
from simnet.models.data import open_dataset
from simnet.models.device import VARIABLES, numerics
from simnet.models.graph import Part

KEY = Part("edge"), 0b11
SCORES = np.array([[0.5, 2.0], [3.0, -1.0]], np.float32)


def kept(folder: Path) -> Path:
    table = Table(KEY, 4, 2, folder)
    table.put(np.array([0, 2]), SCORES)
    table.save()
    return folder / "edge-0-3.npz"


def rewritten(file: Path, **changes: np.ndarray) -> None:
    with np.load(file) as held:
        content = {**held, **changes}
    with file.open("wb") as target:
        np.savez(target, **content)


def test_what_was_kept_is_known_again(tmp_path: Path) -> None:
    kept(tmp_path / "a")
    again = Table(KEY, 4, 2, tmp_path / "a")
    assert again.known.tolist() == [True, False, True, False]
    assert again.scores[[0, 2]].tolist() == SCORES.tolist()


def test_answers_of_another_network_or_part_are_not_believed(tmp_path: Path) -> None:
    mine = kept(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / mine.name).write_bytes(mine.read_bytes())
    (tmp_path / "a" / "edge-0-1.npz").write_bytes(mine.read_bytes())
    assert not Table(KEY, 4, 2, tmp_path / "b").known.any()
    assert not Table((Part("edge"), 0b01), 4, 2, tmp_path / "a").known.any()


@pytest.mark.parametrize(
    "changes",
    [
        {"scores": np.zeros((4, 2), np.float32)},
        {"known": np.ones(4, bool)},
        {"scores": np.zeros((4, 2), np.float64)},
        {"scores": np.zeros((2, 2), np.float32)},
        {"about": np.array("{}")},
        {"about": np.array("no JSON")},
        {"about": np.array(json.dumps({"of": ["a", "edge-0-3"], "sha256": "0" * 64}))},
    ],
)
def test_a_file_that_was_changed_is_no_answer(changes: dict[str, np.ndarray], tmp_path: Path) -> None:
    rewritten(kept(tmp_path / "a"), **changes)
    again = Table(KEY, 4, 2, tmp_path / "a")
    assert not again.known.any() and again.ask(np.arange(4)).tolist() == [0, 1, 2, 3]


def test_no_score_says_that_it_is_unknown(tmp_path: Path) -> None:
    """A network may answer nothing but zeros, or NaN: what is known is told beside the scores."""
    table = Table(KEY, 4, 2, tmp_path / "a")
    table.put(np.array([1, 3]), np.array([[0, 0], [np.nan, np.inf]], np.float32))
    table.save()
    again = Table(KEY, 4, 2, tmp_path / "a")
    assert again.ask(np.arange(4)).tolist() == [0, 2]
    assert np.isnan(again.scores[3, 0]) and np.isinf(again.scores[3, 1]) and not again.scores[1].any()


def test_answers_under_other_settings_of_torch_lie_elsewhere(
    random_weights: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    card, data = read_card(str(random_weights("ddnn", "plaza"))), open_dataset("plaza", "test")

    def folder() -> str:
        return memo_folder(card, data).name

    usual = folder()
    assert set(numerics()) == {"torch"}, "its defaults need no word"
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        assert folder() == usual, "the number of threads changes no answer"
    finally:
        torch.set_num_threads(threads)
    found = {usual}
    for change in (
        lambda: torch.set_float32_matmul_precision("medium"),
        lambda: torch.use_deterministic_algorithms(True),
    ):
        try:
            change()
            found.add(folder())
        finally:
            torch.set_float32_matmul_precision("highest")
            torch.use_deterministic_algorithms(False)
        assert folder() == usual
    with torch.autocast("cpu", torch.bfloat16):
        found.add(folder())
    monkeypatch.setenv("ONEDNN_DEFAULT_FPMATH_MODE", "BF16")
    found.add(folder())
    assert len(found) == 5
