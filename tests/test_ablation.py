"""The ablation study: one thing changed at a time, results kept, and what is kept is not run again."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_views import use_fake_views

from models.networks import architecture
from models.recipes import changed, recipe
from models.reproduction import ablation as page
from models.studies import ablation, base


def test_every_variant_changes_our_recipe_or_architecture() -> None:
    ours = architecture(ablation.SYSTEM, ablation.DATA), recipe("ours", ablation.DATA)
    for name, settings in ablation.VARIANTS.items():
        assert (changed(*ours, settings) == ours) == (name == "ours"), name


def test_stored_variants_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_views(monkeypatch)
    for module in (base, ablation):
        monkeypatch.setattr(module, "EVALUATIONS", tmp_path)
    monkeypatch.setattr(ablation, "DATA", "plaza")
    small = ("batch=16", "device_widths=[4,4,4,4]", "edge_widths=[8,8]", "cloud_widths=[8,8]", "edge_pools=[1]")
    monkeypatch.setattr(ablation, "VARIANTS", {"ours": small, "rate 0.01": (*small, "rate=0.01")})
    told: list[str] = []
    for _ in range(2):
        ablation.run(1, 1, None, "cpu", told.append)
    runs = base.stored(ablation.STUDY)["runs"]
    assert [run["variant"] for run in runs] == ["ours", "rate 0.01"] and len(told) == 2
    assert runs[0]["loss"] != runs[1]["loss"]
    ours, other = page({"runs": runs}).splitlines()[2:]
    assert "(+0.00)" in ours and f"{100 * runs[1]['validation_accuracy']['cloud']:.2f} (" in other
