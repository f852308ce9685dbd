"""Simulated camera failures agree with the masked study of the same samples; what the figures show."""

from __future__ import annotations

import pytest
from matplotlib.text import Text
from paths import ROOT

import simnet
from benchmarks.pages.missing_cameras import SCENARIO, chosen, compared, simulated
from simnet.analysis.networks.camera_subsets import draw_simulated, draw_subsets
from simnet.models.cards.card import read_card
from simnet.models.data import open_dataset
from simnet.models.studies import faults

SAMPLES = 32
MISSING = [(), (3,), (1, 4, 6)]


def test_sets_of_missing_cameras() -> None:
    """With all draws every set but that of all cameras: 2^6 − 1; with two draws none, six, and four times two."""
    assert sorted(chosen(6, 20)) == sorted(set(chosen(6, 20))) and len(chosen(6, 20)) == 63
    few = chosen(6, 2)
    assert len(few) == 1 + 6 + 4 * 2 and few == chosen(6, 2)
    assert {len(missing) for missing in few} == {0, 1, 2, 3, 4, 5}


def test_simulated_failures_give_what_masking_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every exit's accuracy, shares of the exits at T and the system's accuracy, sample for sample the same count."""
    scenario = simnet.load(ROOT / SCENARIO).with_(samples=SAMPLES)
    runs = [simulated(scenario, missing) for missing in MISSING]
    monkeypatch.setattr(faults, "subsets", lambda views: [tuple(n - 1 for n in missing) for missing in MISSING])
    card = read_card("ada-ddnn-plaza")
    masked = faults.run(card, open_dataset("plaza", "test"), SAMPLES)["modes"]["zero features"]
    assert [entry["missing"] for entry in masked] == [list(missing) for missing in MISSING]
    for run, entry in zip(runs, masked, strict=True):
        for key in ("forced", "shares"):
            assert run[key] == pytest.approx(entry[key], abs=1e-9), run["missing"]
        assert run["system"] == pytest.approx(entry["system"], abs=1e-9)
    assert max(abs(points) for _, _, points in compared(masked, runs)) < 1e-7
    assert runs[2]["forced"] != runs[0]["forced"]  # a test that could not tell would prove nothing


def entry(missing: list[int], right: float) -> dict:
    return {"missing": missing, "forced": {"edge": right, "cloud": right}, "system": right}


def test_the_heat_map_has_a_column_for_each_set_best_first() -> None:
    entries = [entry([], 0.9), entry([1], 0.4), entry([2], 0.7)]
    figure = draw_subsets({"two": entries})
    above, below = (ax for ax in figure.axes if ax.images and ax.get_yticklabels()[0].get_text() != "0")
    assert above.images[0].get_array().tolist() == [[90.0, 70.0, 40.0]] * 3
    assert below.images[0].get_array().tolist() == [[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]  # a row for each camera
    assert [tick.get_text() for tick in above.get_yticklabels()] == ["edge", "cloud", "system"]


def test_simulated_runs_stand_in_the_axes_of_the_masked_study() -> None:
    entries = [entry([], 0.9), entry([1], 0.4), entry([2], 0.7)]
    figure = draw_simulated({"two": (entries, entries[:2])})
    text = {one.get_text() for one in figure.findobj(Text)}
    assert {"two", "edge", "cloud", "the camera that is missing", "cameras missing", "right answers, %"} <= text
    marks = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert [line.get_ydata() for line in marks] == [[40.0], [40.0]]  # only the run without camera 1
