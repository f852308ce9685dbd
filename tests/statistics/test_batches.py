"""Batch means: their parts by hand, and that the intervals hold for series whose mean is known."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from simnet.statistics.batches import LEAST, MOST, correlation, means_of, no_narrower, of_mean, of_share
from simnet.statistics.proportions import wilson
from simnet.statistics.student import t_quantile
from simnet.validation.coverage import autoregressive, waits


def test_means_of_parts_by_hand():
    assert means_of(np.arange(40.0)).tolist() == [2 * n + 0.5 for n in range(20)]
    assert means_of(np.arange(41.0)).tolist() == [1.0, *(2 * n + 1.5 for n in range(1, 20))]  # the first has three


def test_correlation_by_hand():
    """1, 2, 3, 4 less 2.5: (1.5 · 0.5 − 0.5 · 0.5 + 0.5 · 1.5) / 5 = 0.25."""
    assert correlation(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(0.25)
    assert correlation(np.ones(5)) == 0.0


def test_a_symmetric_series_without_correlation_has_student_s_interval():
    """Batches that alternate between 1 and −1: r is negative, skewness none, so ± t(19) · √(20/19) / √20."""
    found = of_mean(np.repeat([1.0, -1.0] * 10, 5))
    assert (found.low, found.high) == pytest.approx((-2.093 / sqrt(19), 2.093 / sqrt(19)), abs=1e-4)
    assert found.reason is None


def test_correlated_batches_by_hand():
    """Ten batches of 1, ten of −1, in blocks of 5: r = 13/20, more than is counted; so 4 times the variance, 4 degrees
    of freedom."""
    values = np.repeat(([1.0] * 5 + [-1.0] * 5) * 2, 3)
    assert correlation(means_of(values)) == pytest.approx(13 / 20)
    assert MOST == 0.6
    assert of_mean(values).high == pytest.approx(2.776 * sqrt(4 / 19), abs=1e-3)


def test_skewness_bends_towards_the_rare_batches():
    values = np.repeat([0.0] * 9 + [10.0] + [0.0] * 9 + [10.0], 4)
    found = of_mean(values)
    half = t_quantile(0.95, 19) * sqrt(values.var() / 19)
    assert found.low is not None and found.high is not None
    assert found.high - 1 > half > 1 - found.low > 0
    mirrored = of_mean(-values)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


def test_what_is_always_the_same_needs_no_width():
    assert (of_mean(np.full(50, 3.0)).low, of_mean(np.full(50, 3.0)).high) == (3.0, 3.0)
    for size in range(40, 140):  # means that differ by rounding only are no correlation
        found = of_mean(np.full(size, 0.1))
        assert found.reason is None and found.low == pytest.approx(0.1, abs=1e-12) == found.high


@pytest.mark.parametrize("count", [0, 1, LEAST - 1])
def test_of_a_few_values_there_is_no_interval(count: int):
    found = of_mean(np.arange(float(count)))
    assert found.low is found.high is None and found.reason == "fewer than 40 samples"


def test_a_share_of_a_few_values_is_wilson_s():
    found = of_share(np.arange(10) < 8)
    assert (found.low, found.high) == wilson(8, 10)
    assert of_share(np.zeros(0, bool)).reason == "no samples"
    assert of_share(np.ones(LEAST, bool)).reason is None


def test_values_that_tell_nothing_new_count_for_less():
    """100 of 25 different ones, independent: at least as wide as 20 of 25."""
    hits = np.arange(100) % 5 > 0
    found = of_share(hits, 25)
    assert (found.low, found.high) == pytest.approx(wilson(20, 25))
    assert of_share(np.ones(100, bool), 25).low == wilson(25, 25)[0]


def test_the_wider_of_two_intervals_counts_to_either_side():
    values = np.repeat([1.0, -1.0] * 10, 5)  # ± 0.480
    narrow, wide = no_narrower((-0.1, 0.1), values, (-1, 1)), no_narrower((-0.7, 0.1), values, (-0.6, 1))
    assert (narrow.low, narrow.high) == (of_mean(values).low, of_mean(values).high)
    assert (wide.low, wide.high) == (-0.6, of_mean(values).high)
    assert no_narrower((-0.1, 0.1), np.arange(100.0), (-1, 1)).reason is not None


def test_of_a_series_that_only_grows_there_is_none():
    found = of_mean(np.arange(1000.0) ** 2)
    assert found.low is None and found.reason is not None and "too short" in found.reason


def test_a_share_without_correlation_is_wilson_s_or_a_little_wider():
    ratios = []
    for hits in np.random.default_rng(3).random((100, 1000)) < 0.3:
        found, (low, high) = of_share(hits), wilson(int(hits.sum()), 1000)
        assert found.low is not None and found.high is not None
        ratios.append((found.high - found.low) / (high - low))
    assert min(ratios) >= 1 - 1e-9 and np.median(ratios) < 1.2
    assert (of_share(np.ones(100, bool)).low, of_share(np.ones(100, bool)).high) == wilson(100, 100)


def test_a_share_that_comes_in_blocks_is_told_from_fewer_values():
    """Half of the time all true: 8 blocks of 125 are not 1000 values."""
    found = of_share(np.repeat([True, False] * 4, 125))
    assert found.low is not None and found.high is not None
    assert found.high - found.low > 4 * (wilson(500, 1000)[1] - wilson(500, 1000)[0])


@pytest.mark.parametrize(
    ("series", "parameter", "truth"),
    [(autoregressive, 0.0, 0.0), (autoregressive, 0.9, 0.0), (autoregressive, 0.97, 0.0), (waits, 0.5, 1.0)],
    ids=["independent", "AR(1) 0.9", "AR(1) 0.97", "M/M/1 0.5"],
)
def test_the_intervals_hold(series, parameter: float, truth: float):
    """Of 400 series of 1,000 values; 95 % less three standard errors of such a count are 91.7 %."""
    found = [of_mean(values) for values in series(np.random.default_rng(1), 400, parameter)]
    given = [one for one in found if one.reason is None]
    held = [one.low <= truth <= one.high for one in given]
    assert len(given) > 380
    assert np.mean(held) >= 0.917


def test_independent_values_would_not_have_held():
    """What the intervals are for: ± 1.96 · s / √n of the same series holds for a third of them."""
    values = autoregressive(np.random.default_rng(1), 400, 0.9)
    half = 1.96 * values.std(axis=1, ddof=1) / sqrt(1000)
    assert np.mean(np.abs(values.mean(axis=1)) <= half) < 0.5
