"""The coverage study: what counts as held, by hand; that it passes, and that intervals which are too narrow fail it."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, sqrt
from pathlib import Path

import numpy as np
import pytest
from small import SCENARIO

from simnet.statistics.batches import Interval
from simnet.validation import coverage
from simnet.validation.base import Settings
from simnet.validation.checks import carry_out, chosen
from simnet.validation.coverage import Judged, against_the_others, held


def status(name: str, full: bool = False) -> str:
    (check,) = chosen([name])
    return carry_out(check, Settings(full=full)).status


def test_what_is_held_is_counted_among_those_given():
    """Two of three hold; the ends count; the fourth has no interval."""
    judged = [Judged(0, 1, 0.5), Judged(0, 1, 1.0), Judged(0, 1, 1.1), Judged(None, None, 0.5)]
    result = held("x", judged, 0.3)
    assert result.simulated == pytest.approx(2 / 3) and result.what == "x: 3 of 4 have one" and result.passed
    assert not held("x", judged, 0.28).passed
    nothing = held("x", [Judged(None, None, 0.0)], 0.3)
    assert isnan(nothing.simulated) and not nothing.passed


def test_a_run_s_truth_is_the_mean_of_the_others():
    found = [{"mean": float(mean), "low": mean - 1, "high": mean + 1} for mean in (1, 2, 6)]
    assert [one.truth for one in against_the_others(found)] == [4.0, 3.5, 1.5]


@pytest.mark.parametrize(
    ("make", "parameter", "mean", "variance"),
    [
        (coverage.autoregressive, 0.9, 0.0, 1 / (1 - 0.81)),
        # M/M/1: P(wait) = ρ, then exponential of mean 1/(1 − ρ): E W² = 2ρ/(1 − ρ)² = 4 for ρ = 1/2, so variance 3
        (coverage.waits, 0.5, 1.0, 3.0),
    ],
)
def test_the_series_have_the_mean_and_variance_that_they_should(make, parameter: float, mean: float, variance: float):
    values = make(np.random.default_rng(1), 2000, parameter)
    assert values.shape == (2000, coverage.LENGTH)
    for column in (0, 500, 999):  # stationary from the first value on
        assert values[:, column].mean() == pytest.approx(mean, abs=4 * sqrt(variance / 2000))
        assert values[:, column].var() == pytest.approx(variance, rel=0.25)


def test_batch_means_hold():
    assert status("coverage") == "passed"


def test_intervals_that_take_samples_as_independent_fail(monkeypatch: pytest.MonkeyPatch):
    """Mean ± 1.96 s/√n, which was printed once."""

    def naive(values: np.ndarray) -> Interval:
        half = 1.96 * float(values.std(ddof=1)) / sqrt(len(values))
        return Interval(float(values.mean()) - half, float(values.mean()) + half)

    monkeypatch.setattr(coverage, "of_mean", naive)
    (check,) = chosen(["coverage"])
    verdicts = [result.passed for result in carry_out(check, Settings()).results]
    assert verdicts == [True, False, False], "only independent values pass"


def test_intervals_that_hold_everything_fail(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(coverage, "of_mean", lambda values: Interval(-1e9, 1e9))
    assert status("coverage") == "failed"


def test_scenarios_are_played_in_a_full_run_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert status("coverage-scenarios") == "skipped"
    monkeypatch.setattr(coverage, "SCENARIOS", tmp_path / "nowhere")
    assert status("coverage-scenarios", full=True) == "skipped"
    assert coverage.SEEDS >= 50


@pytest.mark.parametrize("name", ["two_sites", "deadlines"])
def test_the_scenarios_are_where_they_are_looked_for(name: str):
    assert (coverage.SCENARIOS / f"{name}.yaml").is_file()


def test_a_scenario_is_played_with_its_seeds(tmp_path: Path, random_weights: Callable[[str, str], Path]):
    ddnn, ada = (str(random_weights(name, "plaza")) for name in ("ddnn", "ada-ddnn"))
    text = SCENARIO.replace("DDNN", ddnn).replace("ADA", ada)
    file = tmp_path / "small.yaml"
    file.write_text(text.replace("every: 200 ms, jitter: 50 ms", "poisson: 20 /s"), encoding="utf-8")
    results = coverage.of_scenario(file, Settings(seed=3), seeds=4)
    about, counts = zip(*(result.what.rsplit(": ", 1) for result in results), strict=True)
    of = ("ada-ddnn vs ddnn", "ddnn", "ada-ddnn")
    assert about == tuple(f"small: {what}, {whom}" for whom in of for what in ("latency", "accuracy"))
    assert all(count.endswith(" of 4 have one") for count in counts)
    for result, count in zip(results, counts, strict=True):
        assert (result.simulated * int(count[0])).is_integer(), "a share of those that have one"
