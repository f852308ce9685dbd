"""The study of fine-tuned networks over seeds: same start, other seed, other network; what is stored stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
from fake_views import FakeViews, use_fake_views
from weights import architecture

from simnet.models.cards.card import Card, read_card
from simnet.models.studies import base, faults, fine_tuning
from simnet.models.studies.reproduction import fine_tuned, fine_tuned_missing
from simnet.models.training.publish import publish
from simnet.models.training.recipes import changed, recipe
from simnet.models.training.training import Training
from simnet.systems import bytes_until

SMALL = ("batch=16", "device_widths=[4,4,4,4]", "edge_widths=[8,8]", "cloud_widths=[8,8]", "edge_pools=[1]")


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    """A small network, fine-tuned with view dropout for one epoch, seed 1."""
    use_fake_views(monkeypatch)
    for module in (base, fine_tuning):
        monkeypatch.setattr(module, "EVALUATIONS", tmp_path)
    usual = architecture("ada-ddnn", "plaza"), replace(recipe("ours", "plaza"), epochs=1, warm_up=0.0)
    for name, settings in (("start", ()), ("tuned", (f"start={tmp_path / 'start.json'}", "view_dropout=0.5"))):
        arch, how = changed(*usual, (*SMALL, *settings))
        training = Training("ada-ddnn", arch, "plaza", how, None, "cpu")
        training.run_epoch(lambda: None)
        publish(training, tmp_path / f"{name}.safetensors", None, bytes_until)
    return read_card(str(tmp_path / "tuned.json"))


def test_seeds_of_a_fine_tuning(card: Card) -> None:
    """The card's seed is its own network; another begins at the same weights and ends elsewhere."""
    test, told = FakeViews("test"), list[str]()
    for seeds in ((1, 2), (1, 2), (1, 2, 3)):
        fine_tuning.run(card, test, 10, seeds, None, told.append)  # type: ignore[arg-type]
    study = base.stored("fine-tuning-tuned", card)
    assert [run["seed"] for run in study["runs"]] == [1, 2, 3] and len(told) == 3
    shipped, other, _ = study["runs"]
    assert shipped["forced"] == pytest.approx(card.values["forced_accuracy"]["test"])
    assert shipped != {**other, "seed": 1}
    zeros = faults.run(card, test, 10)["modes"]["zero features"]  # type: ignore[arg-type]
    two = fmean(e["forced"]["cloud"] for e in zeros if len(e["missing"]) == 2)
    assert shipped["cloud_missing"]["zero features"][2] == pytest.approx(two)


def test_page_of_fine_tuned_networks() -> None:
    """Mean, interval over samples, least and greatest of the seeds; points lost are counted within each seed."""
    runs = [
        {"seed": seed, "forced": {"cloud": all_there}, "cloud_missing": {"zero features": [all_there, less] * 3}}
        for seed, all_there, less in ((1, 0.5, 0.4), (2, 0.6, 0.3))
    ]
    study = {"weights": "x", "samples": 100, "runs": runs}
    assert "| `x` | 1, 2 | cloud | 55.00 (45.2–64.4) [50.0–60.0] |" in fine_tuned([study])
    lost = "20.0 [10.0 – 30.0] | 0.0 [0.0 – 0.0] | 20.0 [10.0 – 30.0]"
    assert f"| `x` | zero features | {lost} |" in fine_tuned_missing([study])
