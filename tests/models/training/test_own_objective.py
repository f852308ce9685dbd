"""Training with an objective of a network's own: it learns, resumes bit for bit, is concluded and told in the card."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from fake_views import FakeViews
from students import small

from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.networks import NETWORKS
from simnet.models.training.publish import publish, recalibrate
from simnet.models.training.recipes import recipe
from simnet.models.training.training import Recipe, Training
from simnet.systems import bytes_until

WIDTHS = (8, 8, 8, 8)
"""With fewer channels torch 2.14 on a CPU writes beyond its memory: strided convolutions, channels last, backward."""
RECIPE = replace(recipe("ours", "plaza", NETWORKS["distree"].usual), epochs=2, batch=16, rate=0.05, warm_up=0.5)


class Whole(FakeViews):
    """One view of 16 x 16."""

    def __init__(self, split: str) -> None:
        super().__init__(split, side=16, views=1)


@pytest.fixture(autouse=True)
def whole_images(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for place in ("data", "cards.sources", "training.training", "training.publish"):
        monkeypatch.setattr(f"simnet.models.{place}.open_dataset", lambda name, split, *_: Whole(split))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def begin(how: Recipe = RECIPE, kind: str = "distree", arch: Any = None) -> Training:
    return Training(kind, small(base_widths=WIDTHS).arch if arch is None else arch, "plaza", how, None, "cpu")


def nothing() -> None:
    """Advance no bar."""


def test_a_kind_says_how_it_is_trained_by_default() -> None:
    assert (RECIPE.teacher, RECIPE.optimizer, RECIPE.whitening, RECIPE.average) == ("itself", "sgd", False, 0.0)
    assert RECIPE.loss_weights == {"head-1": 0.4, "head-2": 0.6, "head-3": 0.8, "head-4": 1.0}
    assert recipe("ours", "plaza") == recipe("ours", "plaza", {}), "others are as they were"


def test_it_learns_and_a_resumed_run_is_the_same(tmp_path: Path) -> None:
    whole = begin(replace(RECIPE, epochs=6))
    lines = [whole.run_epoch(nothing) for _ in range(2)]
    whole.save(tmp_path / "at2.pt")
    lines += [whole.run_epoch(nothing) for _ in range(4)]
    assert lines[-1]["loss"]["total"] < lines[0]["loss"]["total"]
    assert list(lines[0]["loss"]) == ["head-1", "head-2", "head-3", "head-4", "distillation", "transfer", "total"]
    again = begin(replace(RECIPE, epochs=6))
    again.resume(tmp_path / "at2.pt")
    for _ in range(4):
        again.run_epoch(nothing)
    for one, other in zip(whole.network.state_dict().values(), again.network.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_what_is_published_has_maps_and_thresholds_of_every_policy(tmp_path: Path) -> None:
    run = begin()
    for _ in range(2):
        run.run_epoch(nothing)
    path = tmp_path / "students.safetensors"
    publish(run, path, None, bytes_until)
    card = read_card(str(path))
    assert set(card.values["policies"]) == {
        "feature-difference", "relative-difference", "similarity", "entropy", "random", "last-exit",
    }  # fmt: skip
    for found in card.values["policies"].values():
        assert list(found["thresholds"]) == ["exit-1", "exit-2", "exit-3"] and found["thresholds"]["exit-1"] == 0
        assert sum(found["shares"].values()) == pytest.approx(1)
    network: Any = load_network(card)
    assert not torch.equal(network.aligned[0].weight, torch.eye(16)), "fitted"
    assert card.values["command"].startswith("python -m models train distree plaza")
    again = recalibrate(card, None, bytes_until)
    assert again.values["policies"] == card.values["policies"]


def test_others_learn_from_a_teacher_that_was_published(tmp_path: Path) -> None:
    arch = NETWORKS["whole-resnet"].Architecture(view=(16, 16), widths=(8, 8), blocks=1, features=16)
    how = replace(recipe("ours", "plaza", NETWORKS["whole-resnet"].usual), epochs=1, batch=16)
    taught = begin(how, "whole-resnet", arch)
    taught.run_epoch(nothing)
    path = tmp_path / "teacher.safetensors"
    publish(taught, path, None, bytes_until)
    run = begin(replace(RECIPE, teacher=str(path)))
    line = run.run_epoch(nothing)
    assert line["loss"]["transfer"] > 0 and line["loss"]["distillation"] > 0
    again = begin(replace(RECIPE, teacher=str(path)))
    assert torch.equal(again.objective.channels, run.objective.channels), "a run that goes on shares out alike"  # type: ignore[union-attr]


@pytest.mark.parametrize("values", [{"teacher": "itself"}, {"objective": {"distillation": 0.5}}])
def test_a_network_without_one_refuses_its_values(values: dict[str, Any]) -> None:
    arch = NETWORKS["whole-resnet"].Architecture(view=(16, 16), widths=(8, 8), blocks=1, features=5)
    with pytest.raises(ValueError, match="network 'whole-resnet' has no objective of its own"):
        begin(Recipe(epochs=1, batch=16, **values), "whole-resnet", arch)
