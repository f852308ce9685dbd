"""Recipes: settings change exactly what they name; view dropout, averaging and fine-tuning do what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from fake_views import use_fake_views
from weights import architecture

from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.training.recipes import RECIPES, changed, recipe, settings_of
from simnet.models.training.training import Recipe, Training, dropped_views


@pytest.fixture(autouse=True)
def fake_views(monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_views(monkeypatch)


def test_papers_recipe() -> None:
    """ADA-DDNN, table 2: SGD, rate 0.1, cosine annealing, batch 200, 180 epochs."""
    paper = recipe("paper", "cifar10")
    assert (paper.epochs, paper.batch, paper.rate, paper.warm_up) == (180, 200, 0.1, 0.0)
    assert RECIPES == ("ours", "paper", "lineage")
    with pytest.raises(KeyError):
        recipe("best", "cifar10")


def test_lineages_recipe() -> None:
    """The public code: weight decay 1e-4 on everything, all cross-entropies with weight 1, zeros at the border."""
    how = recipe("lineage", "cifar10")
    assert (how.optimizer, how.rate, how.momentum, how.nesterov, how.batch) == ("sgd", 0.1, 0.9, True, 200)
    assert (how.weight_decay, how.decay_all, how.sum_devices, how.border) == (1e-4, True, True, "zeros")
    assert set(how.loss_weights.values()) == {1.0} and (how.warm_up, how.anneal) == (0, True)


def test_settings_round_trip() -> None:
    base = architecture("ada-ddnn", "cifar10"), recipe("ours", "cifar10")
    settings = [
        "edge_widths=[8,8]",
        "fusion=max",
        "codec=1bit",
        "epochs=3",
        "rate=1",
        "whitening=false",
        "start=ada-ddnn-plaza",
        'loss_weights={"device":1.0,"edge":0.5,"cloud":1.0}',
    ]
    arch, how = changed(*base, settings)
    assert (arch.edge_widths, arch.fusion, arch.codec) == ((8, 8), "max", "1bit")
    assert (how.epochs, how.rate, how.whitening, how.start) == (3, 1.0, False, "ada-ddnn-plaza")
    assert type(how.rate) is float
    again = settings_of(arch, how, base)
    assert len(again) == len(settings) and changed(*base, again) == (arch, how)
    assert settings_of(*base, base) == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("speed=1", r"unknown setting of an architecture or a recipe 'speed' \(allowed: anneal, "),
        ("system=ddnn", "unknown setting of an architecture or a recipe 'system'"),
        ("epochs=2.5", "epochs: '2.5' is no int"),
        ("rate=fast", "rate: 'fast' is no float"),
        ("whitening=1", "whitening: '1' is no bool"),
        ("fusion=sum", "fusion: 'sum' is none of concat, tile, max, mean"),
        ("edge_widths=64", "edge_widths: '64' is no"),
        ("edge_widths=[64,0.5]", "edge_widths"),
        ("edge_width=[64,64]", r"'edge_width'; did you mean 'edge_widths'\?"),
        ("seed=1", "unknown setting"),
        ("rate=" + "9" * 400, "rate: .* is no finite number"),
        ("rate=" + "9" * 5000, "rate: "),
        ("rate=NaN", "rate: 'NaN' is no finite number"),
        ("rate=1e999", "rate: '1e999' is no finite number"),
        ("rate=" + "[" * 100_000, "rate: "),
    ],
)
def test_bad_settings(setting: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(architecture("ddnn", "plaza"), recipe("ours", "plaza"), [setting])


def test_view_dropout_takes_views_at_its_rate_and_leaves_one() -> None:
    generator = torch.Generator().manual_seed(2)
    present = dropped_views(20_000, 6, 0.3, generator)
    # One kept for certain, the other five each with 0.7: (1 + 5 · 0.7) / 6.
    assert present.float().mean().item() == pytest.approx(0.75, abs=0.01)
    assert dropped_views(500, 6, 1.0, generator).sum(1).eq(1).all()
    assert dropped_views(500, 6, 0.0, generator).all()


def tiny_run(**changes: object) -> Training:
    arch = replace(architecture("ddnn", "plaza"), device_widths=(4,) * 4, edge_widths=(8,), cloud_widths=(8,))
    arch = replace(arch, edge_pools=(), cloud_pools=())
    return Training("ddnn", arch, "plaza", Recipe(epochs=1, batch=16, shift=1, **changes), None, "cpu")  # type: ignore[arg-type]


def test_average_lags_behind_and_is_the_result() -> None:
    """The moving average is the exact weighted sum of the weights after each step, from the untrained ones on."""
    run = tiny_run(average=0.5)
    name = "cloud.classifier.linear.bias"
    expected = run.network.state_dict()[name].clone()
    first = True

    def follow() -> None:
        nonlocal expected, first
        now = run.network.state_dict()[name].clone()
        expected = now if first else 0.5 * expected + 0.5 * now  # the first update copies
        first = False

    run.run_epoch(follow)
    assert torch.allclose(run.result.state_dict()[name], expected, atol=1e-6)
    assert not torch.equal(run.result.state_dict()[name], run.network.state_dict()[name])
    plain = tiny_run()
    assert plain.result is plain.network


def test_fine_tuning_begins_with_the_weights_it_names() -> None:
    card = read_card("ada-ddnn-plaza")
    how = Recipe(epochs=1, batch=16, shift=1, start=card.name)
    run = Training("ada-ddnn", architecture("ada-ddnn", "plaza"), "plaza", how, None, "cpu")
    for name, tensor in load_network(card).state_dict().items():
        assert torch.equal(run.network.state_dict()[name], tensor)
    with pytest.raises(ValueError, match="ada-ddnn-plaza does not fit"):
        Training("ddnn", architecture("ddnn", "plaza"), "plaza", how, None, "cpu")
