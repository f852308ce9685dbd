"""The ablation study: one thing changed at a time, results kept, and what is kept is not run again."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_views import open_fake, use_fake_views
from weights import architecture

from simnet.models.studies import ablation, base
from simnet.models.studies.reproduction import ablation as page
from simnet.models.training.recipes import changed, recipe

EXITS = ("edge-1", "edge-2", "cloud")


def test_every_variant_changes_our_recipe_or_architecture() -> None:
    ours = architecture(ablation.KIND, ablation.DATA), recipe("ours", ablation.DATA)
    for name, settings in ablation.VARIANTS.items():
        assert (changed(*ours, settings) == ours) == (name == "ours"), name


def test_stored_variants_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_views(monkeypatch)
    for module in (base, ablation):
        monkeypatch.setattr(module, "EVALUATIONS", tmp_path)
    monkeypatch.setattr(ablation, "DATA", "plaza")
    monkeypatch.setattr(ablation, "open_dataset", open_fake)
    small = ("batch=16", "device_widths=[4,4,4,4]", "edge_widths=[8,8]", "cloud_widths=[8,8]", "edge_pools=[1]")
    monkeypatch.setattr(ablation, "VARIANTS", {"ours": small, "rate 0.01": (*small, "rate=0.01")})
    told: list[str] = []
    for seeds in ((1,), (1, 2), (1, 2)):
        ablation.run(1, seeds, None, told.append)
    runs = base.stored(ablation.STUDY)["runs"]
    assert [(run["variant"], run["seed"]) for run in runs] == [
        (name, seed) for seed in (1, 2) for name in ("ours", "rate 0.01")
    ]
    assert len(told) == 4 and len({run["loss"]["total"] for run in runs}) == 4


def test_the_page_compares_variants_seed_by_seed() -> None:
    """Mean over seeds, difference to ours with the same seed, least and greatest of these."""
    runs = [
        {
            "variant": name,
            "epochs": 1,
            "seed": seed,
            "parameters": 1_000,
            "validation_accuracy": dict.fromkeys(EXITS, a),
        }
        for name, seed, a in (("ours", 1, 0.5), ("ours", 2, 0.7), ("other", 2, 0.65), ("other", 1, 0.48))
    ]
    ours, other = page({"runs": runs}).splitlines()[2:]
    assert ours == "| ours | 1, 2 | 1,000 | 60.0 | 60.0 | 60.0 |"
    assert other.endswith("| 56.5 (-3.5 [-5.0 – -2.0]) |")
