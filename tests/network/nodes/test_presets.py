"""Node presets beside published times of whole networks: how far they are off, and that docs/presets.md says so."""

from __future__ import annotations

import pytest
from paths import ROOT

from simnet.language.presets import Preset
from simnet.network.nodes.presets import NODE_PRESETS


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def test_operations_and_flop_of_known_networks_by_hand() -> None:
    """ResNet-20 with 1×1 shortcuts: 21 convolutions, 19 batch norms, 19 ReLUs, 9 sums, a mean, a linear layer; VGG16:
    13 convolutions and 15 ReLUs, 5 pools, 3 linear layers, and torchvision's average pool."""
    from benchmarks.pages.presets import counts

    assert counts("ResNet-20").operations == 21 + 19 + 19 + 9 + 1 + 1
    assert counts("ResNet-110").operations == 111 + 109 + 109 + 54 + 1 + 1
    assert counts("VGG16").operations == 13 + 15 + 5 + 3 + 1
    stem = 27 * 16 * 1024
    stages = (6 * 144 * 16 * 1024, (144 * 32 + 5 * 288 * 32 + 16 * 32) * 256, (288 * 64 + 5 * 576 * 64 + 32 * 64) * 64)
    assert counts("ResNet-20").flop == 2 * (stem + sum(stages) + 64 * 10)


def test_a_preset_gives_what_the_formula_says() -> None:
    """The T4: 70 · 39 µs + 81.6 MFLOP ÷ 2.43 TFLOP/s; the Pi with VGG16: 37 · 0.1 ms + 30.94 GFLOP ÷ 14.4 GFLOP/s."""
    from benchmarks.pages.presets import given

    assert given("nvidia-t4", "ResNet-20") == pytest.approx(70 * 39e-6 + 81_626_368 / 2.43e12)
    assert given("raspberry-pi-4", "VGG16") == pytest.approx(37 * 1e-4 + 30_940_528_640 / 14.4e9)


def test_presets_are_within_a_fifth_of_what_was_published() -> None:
    from benchmarks.pages.presets import PUBLISHED, given

    for preset, network, milliseconds in PUBLISHED:
        assert 0.8 < given(preset, network) * 1e3 / milliseconds < 1.25, (preset, network)
    of_gpu = [1e3 * given(p, n) / t for p, n, t in PUBLISHED if p == "nvidia-t4"]
    assert max(of_gpu) < 1.1 and min(of_gpu) > 0.9


def test_the_page_has_these_residuals() -> None:
    from benchmarks.pages.presets import residuals

    page = (ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
    shown = page.split("<!-- residuals -->\n")[1].split("<!-- end of residuals -->")[0]
    assert shown.strip() == residuals().strip(), "run: python -m benchmarks.pages.presets --write docs/presets.md"


@pytest.mark.parametrize("name", list(NODE_PRESETS))
def test_every_preset_says_what_an_operation_costs_and_from_where(name: str) -> None:
    preset: Preset = NODE_PRESETS[name]
    assert "overhead_per_op" in preset.values and "overhead_per_op: " in preset.source
